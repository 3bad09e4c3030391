"""LangChain's and LiteLLM's clients, where they are installed: `pip install 'hive-console[clients]'`.

They are left out of the tools of development: together they are a quarter of a gigabyte.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.fleet import Stage, running
from tests.system.speakers import ARGUMENTS, NO_KEY, SCHEMA

WEATHER = {"type": "function", "function": {"name": "weather", "description": "the weather", "parameters": SCHEMA}}
TOOL_QUESTION = "please ask the weather tool"

pytestmark = pytest.mark.filterwarnings("ignore")
"""What these libraries warn of is theirs to mend."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with running(tmp_path_factory.mktemp("others")) as stage:
        yield stage


@pytest.fixture
def litellm() -> Any:  # the library ships no types
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # no prices from the network
    return pytest.importorskip("litellm")


def langchain_model(stage: Stage, dialect: str, model: str) -> Any:  # a library that may be absent has no types
    if dialect == "openai":
        library = pytest.importorskip("langchain_openai")
        return library.ChatOpenAI(base_url=stage.gateway, api_key=NO_KEY, model=model, max_retries=0)
    library = pytest.importorskip("langchain_anthropic")
    root = stage.gateway.removesuffix("/v1")
    return library.ChatAnthropic(base_url=root, api_key=NO_KEY, model=model, max_retries=0, max_tokens=64)


EACH = pytest.mark.parametrize(
    ("dialect", "model", "served_by"),
    [
        ("openai", "gpt", "gpt"),
        ("openai", "dead-gpt", "claude"),
        ("anthropic", "claude", "claude"),
        ("anthropic", "dead-claude", "gpt"),
    ],
)


# --- LangChain -----------------------------------------------------------------------------------


@EACH
def test_langchain_chats_and_knows_who_answered(stage: Stage, dialect: str, model: str, served_by: str) -> None:
    answer = langchain_model(stage, dialect, model).invoke("hello")

    assert answer.content
    assert answer.response_metadata["model_name"] == served_by
    assert answer.usage_metadata["output_tokens"] > 0


@EACH
def test_langchain_streams(stage: Stage, dialect: str, model: str, served_by: str) -> None:
    pieces = [piece.content for piece in langchain_model(stage, dialect, model).stream("hello") if piece.content]

    assert len(pieces) > 1


@EACH
def test_langchain_calls_tools(stage: Stage, dialect: str, model: str, served_by: str) -> None:
    answer = langchain_model(stage, dialect, model).bind_tools([WEATHER]).invoke(TOOL_QUESTION)

    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [("weather", ARGUMENTS)]


def test_langchain_embeds(stage: Stage) -> None:
    library = pytest.importorskip("langchain_openai")
    embeddings = library.OpenAIEmbeddings(
        base_url=stage.gateway, api_key=NO_KEY, model="gpt", check_embedding_ctx_length=False
    )

    assert [len(vector) for vector in embeddings.embed_documents(["river", "lamp"])] == [8, 8]


# --- LiteLLM -------------------------------------------------------------------------------------


def litellm_call(stage: Stage, dialect: str, model: str) -> dict[str, Any]:  # keyword arguments
    base = stage.gateway if dialect == "openai" else stage.gateway.removesuffix("/v1")
    return {"model": f"{dialect}/{model}", "api_base": base, "api_key": NO_KEY, "num_retries": 0, "max_tokens": 64}


@EACH
def test_litellm_chats(stage: Stage, litellm: Any, dialect: str, model: str, served_by: str) -> None:
    messages = [{"role": "user", "content": "hello"}]

    answer = litellm.completion(**litellm_call(stage, dialect, model), messages=messages)

    assert answer.choices[0].message.content
    assert answer.model.rpartition("/")[2] == served_by


@EACH
def test_litellm_streams(stage: Stage, litellm: Any, dialect: str, model: str, served_by: str) -> None:
    messages = [{"role": "user", "content": "hello"}]

    chunks = litellm.completion(**litellm_call(stage, dialect, model), messages=messages, stream=True)

    assert len([chunk for chunk in chunks if chunk.choices[0].delta.content]) > 1


@EACH
def test_litellm_calls_tools(stage: Stage, litellm: Any, dialect: str, model: str, served_by: str) -> None:
    messages = [{"role": "user", "content": TOOL_QUESTION}]

    answer = litellm.completion(**litellm_call(stage, dialect, model), messages=messages, tools=[WEATHER])

    (call,) = answer.choices[0].message.tool_calls
    assert call.function.name == "weather"
    assert answer.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("model", "name"),
    [("limited-for-openai", "RateLimitError"), ("refusing", "BadRequestError"), ("nobody", "NotFoundError")],
)
def test_litellm_raises_its_own_errors(stage: Stage, litellm: Any, model: str, name: str) -> None:
    with pytest.raises(getattr(litellm, name)):
        litellm.completion(**litellm_call(stage, "openai", model), messages=[{"role": "user", "content": "hello"}])
