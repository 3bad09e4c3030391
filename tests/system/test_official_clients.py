"""The official `openai` and `anthropic` clients through the real program: each dialect, each way of fallback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import anthropic
import openai
import pytest

from hive_console.core.settings import Dialect
from tests.system.fleet import ANSWERS, MODELS, Stage, running
from tests.system.program import eventually
from tests.system.speakers import (
    ARGUMENTS,
    PIXEL_BYTES,
    RESULT,
    AnthropicSpeaker,
    Heard,
    OpenAISpeaker,
    Speaker,
)

SOON = 5.0
"""Seconds until upstream has noticed that a client left; a second is what it should take."""


FINISHES = {
    Dialect.OPENAI: {"words": {"stop", "length"}, "tool": {"tool_calls"}},
    Dialect.ANTHROPIC: {"words": {"end_turn", "max_tokens"}, "tool": {"tool_use"}},
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with running(tmp_path_factory.mktemp("clients")) as stage:
        yield stage


CLIENTS = pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: f"{dialect.value}-client")
ASKED = pytest.mark.parametrize("model", list(ANSWERS))


def assert_true(heard: Heard, asked: str) -> None:
    """Headers and body tell who answered, and how."""
    served_by, is_fallback = ANSWERS[asked], ANSWERS[asked] != asked
    assert heard.model == served_by
    assert heard.headers["x-hive-model"] == served_by
    assert heard.headers["x-hive-fallback"] == str(int(is_fallback))
    # A model that failed twice in a row is passed over three times in four: then it costs no attempt.
    assert heard.headers["x-hive-attempts"] in ({"1", "2"} if is_fallback else {"1"})
    assert heard.headers["x-hive-request-id"]


# --- what is asked and answered ------------------------------------------------------------------


@CLIENTS
@ASKED
async def test_chat(stage: Stage, dialect: Dialect, model: str) -> None:
    async with stage.speaker(dialect) as speaker:
        heard = await speaker.ask(model)

    assert_true(heard, model)
    assert heard.text
    assert heard.finish in FINISHES[dialect]["words"]
    assert heard.usage is not None
    assert min(heard.usage) > 0


@CLIENTS
@ASKED
async def test_stream(stage: Stage, dialect: Dialect, model: str) -> None:
    async with stage.speaker(dialect) as speaker:
        heard = await speaker.stream(model)

    assert_true(heard, model)
    assert heard.pieces > 1
    assert heard.finish in FINISHES[dialect]["words"]
    assert heard.usage is not None
    assert heard.usage[1] == len(heard.text.split())


@CLIENTS
@ASKED
async def test_tool_is_called_and_its_result_answered(stage: Stage, dialect: Dialect, model: str) -> None:
    async with stage.speaker(dialect) as speaker:
        called, answered = await speaker.call_tool(model)

    assert called.calls == [("weather", ARGUMENTS)]
    assert called.finish in FINISHES[dialect]["tool"]
    assert answered.text.startswith(f"The tool said {RESULT}.")
    assert_true(answered, model)


@CLIENTS
@ASKED
async def test_streamed_tool_call(stage: Stage, dialect: Dialect, model: str) -> None:
    async with stage.speaker(dialect) as speaker:
        heard = await speaker.stream_tool(model)

    assert heard.calls == [("weather", ARGUMENTS)]
    assert heard.finish in FINISHES[dialect]["tool"]
    assert_true(heard, model)


@CLIENTS
@ASKED
async def test_image(stage: Stage, dialect: Dialect, model: str) -> None:
    async with stage.speaker(dialect) as speaker:
        heard = await speaker.show_image(model)

    assert heard.text.startswith(f"I see 1 image(s): image/png of {PIXEL_BYTES} bytes.")
    assert_true(heard, model)


@CLIENTS
async def test_models_are_listed(stage: Stage, dialect: Dialect) -> None:
    async with stage.speaker(dialect) as speaker:
        assert set(MODELS) <= set(await speaker.list_models())


async def test_embeddings(stage: Stage) -> None:
    async with OpenAISpeaker(stage.gateway) as speaker:
        raw = await speaker.client.embeddings.with_raw_response.create(model="gpt", input=["river", "lamp"])

    vectors = raw.parse().data
    assert [len(vector.embedding) for vector in vectors] == [8, 8]
    assert vectors[0].embedding != vectors[1].embedding
    assert raw.headers["x-hive-model"] == "gpt"


async def test_tokens_are_counted(stage: Stage) -> None:
    async with AnthropicSpeaker(stage.gateway) as speaker:
        raw = await speaker.client.messages.with_raw_response.count_tokens(
            model="claude", messages=[{"role": "user", "content": "x" * 400}]
        )

    assert (await raw.parse()).input_tokens >= 100
    assert raw.headers["x-hive-model"] == "claude"


async def test_work_that_no_model_of_the_chain_can_do_is_a_bad_request_that_says_why(stage: Stage) -> None:
    async with OpenAISpeaker(stage.gateway) as speaker:
        with pytest.raises(openai.BadRequestError, match="gives no embeddings"):
            await speaker.client.embeddings.create(model="claude", input="river")
    async with AnthropicSpeaker(stage.gateway) as messages:
        with pytest.raises(anthropic.BadRequestError, match="counts no tokens"):
            await messages.client.messages.count_tokens(model="gpt", messages=[{"role": "user", "content": "x"}])


async def test_another_models_vectors_never_stand_in(stage: Stage) -> None:
    async with OpenAISpeaker(stage.gateway) as speaker:
        with pytest.raises(openai.InternalServerError):
            await speaker.client.embeddings.create(model="dead-gpt", input="river")


def test_clients_that_do_not_know_asyncio_are_served_too(stage: Stage) -> None:
    with openai.OpenAI(base_url=stage.gateway, api_key="none", max_retries=0) as client:
        answer = client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "hello"}])
        streamed = client.chat.completions.create(
            model="dead-gpt", messages=[{"role": "user", "content": "hello"}], stream=True
        )
        models = {chunk.model for chunk in streamed}
    root = stage.gateway.removesuffix("/v1")
    with anthropic.Anthropic(base_url=root, api_key="none", max_retries=0) as messages:
        message = messages.messages.create(
            model="dead-claude", max_tokens=20, messages=[{"role": "user", "content": "hello"}]
        )

    assert (answer.model, models, message.model) == ("gpt", {"claude"}, "gpt")


# --- errors --------------------------------------------------------------------------------------


StatusError = type[openai.APIStatusError] | type[anthropic.APIStatusError]


def classes(name: str) -> tuple[StatusError, ...]:
    """The exception of that name in both clients."""
    return getattr(openai, name), getattr(anthropic, name)


@CLIENTS
@pytest.mark.parametrize(
    ("model", "name", "status"),
    [("refusing", "BadRequestError", 400), ("nobody", "NotFoundError", 404)],
)
async def test_errors_are_the_clients_own_exceptions(
    stage: Stage, dialect: Dialect, model: str, name: str, status: int
) -> None:
    async with stage.speaker(dialect) as speaker:
        with pytest.raises(classes(name)) as failed:
            await speaker.ask(model)

    assert failed.value.status_code == status
    assert isinstance(failed.value, speaker.error)


@CLIENTS
async def test_rate_limit_says_when_to_come_back(stage: Stage, dialect: Dialect) -> None:
    async with stage.speaker(dialect) as speaker:
        with pytest.raises(classes("RateLimitError")) as limited:
            await speaker.ask(f"limited-for-{dialect.value}")

    assert limited.value.status_code == 429
    assert 50 < int(limited.value.response.headers["retry-after"]) <= 60


@CLIENTS
async def test_when_all_are_down_the_503_says_when_the_next_trial_is(stage: Stage, dialect: Dialect) -> None:
    async with stage.speaker(dialect) as speaker:
        with pytest.raises(speaker.error):
            await speaker.ask("down")
        with pytest.raises(classes("APIStatusError")) as down:
            await speaker.ask("down")

    assert down.value.status_code == 503
    assert 0 < int(down.value.response.headers["retry-after"]) <= 60


@CLIENTS
async def test_client_that_is_out_of_patience_raises_its_timeout(stage: Stage, dialect: Dialect) -> None:
    async with stage.speaker(dialect, timeout=0.3) as speaker:
        with pytest.raises((openai.APITimeoutError, anthropic.APITimeoutError)):
            await speaker.ask("silent")

    await settled(lambda: stage.in_flight() == 0)
    assert await asyncio.to_thread(failures_of, stage, "silent") == 0


@CLIENTS
@pytest.mark.parametrize("model", ["breaking-gpt", "breaking-claude"])
async def test_stream_that_breaks_raises_after_what_came(stage: Stage, dialect: Dialect, model: str) -> None:
    heard = Heard()
    async with stage.speaker(dialect) as speaker:
        with pytest.raises(speaker.error, match="broke off"):
            await speaker.stream(model, heard)

    assert heard.pieces == 3
    assert heard.headers["x-hive-model"] == model


# --- clients that leave --------------------------------------------------------------------------


async def settled(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(eventually, condition, within=SOON, what="upstream has noticed")


def failures_of(stage: Stage, model: str) -> int:
    view = stage.view(model)
    return view.breaker.consecutive_failures + view.failure_count


@CLIENTS
@pytest.mark.parametrize("model", ["dripping-gpt", "dripping-claude"])
async def test_closed_stream_ends_upstream_and_counts_as_nothing(
    stage: Stage, dialect: Dialect, model: str
) -> None:
    async with stage.speaker(dialect) as speaker:
        await leave_in_the_middle(speaker, model)
        await settled(lambda: stage.in_flight() == 0)

    await settled(lambda: stage.view(model).in_flight == 0)
    assert await asyncio.to_thread(failures_of, stage, model) == 0


async def leave_in_the_middle(speaker: Speaker, model: str) -> None:
    """Closes a stream after its first text."""
    if isinstance(speaker, OpenAISpeaker):
        chunks = await speaker.client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "hello"}], stream=True
        )
        async for chunk in chunks:
            if chunk.choices[0].delta.content:
                await chunks.close()
                return
    assert isinstance(speaker, AnthropicSpeaker)
    async with speaker.client.messages.stream(
        model=model, max_tokens=20, messages=[{"role": "user", "content": "hello"}]
    ) as stream:
        async for _ in stream.text_stream:
            return


@CLIENTS
async def test_cancelled_task_ends_upstream(stage: Stage, dialect: Dialect) -> None:
    async with stage.speaker(dialect) as speaker:
        asking = asyncio.create_task(speaker.ask("dripping-gpt"))
        await settled(lambda: stage.in_flight() == 1)
        asking.cancel()
        await asyncio.wait([asking])
        await settled(lambda: stage.in_flight() == 0)

    assert asking.cancelled()
    assert await asyncio.to_thread(failures_of, stage, "dripping-gpt") == 0
