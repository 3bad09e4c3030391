"""The page of dialects says what the code does: each field, each combination, each reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hive_console.adapters.providers import anthropic_request, openai_request
from hive_console.adapters.providers.amendments import MOST_REPEATS, RENAMED, TAKEN_OUT
from hive_console.adapters.providers.anthropic_answer import FINISH_REASONS
from hive_console.adapters.providers.anthropic_relay import AnthropicRelay
from hive_console.adapters.providers.codecs import CODECS
from hive_console.adapters.providers.endpoint import PASSED_ON
from hive_console.adapters.providers.foreign_thoughts import UNSIGNED
from hive_console.adapters.providers.openai_answer import STOP_REASONS
from hive_console.adapters.providers.openai_relay import OpenAIRelay
from hive_console.core.errors import ProviderError

PAGE = (Path(__file__).parents[2] / "docs" / "dialects.md").read_text(encoding="utf-8")
TO_ANTHROPIC = "From OpenAI's clients to Anthropic's models"
TO_OPENAI = "From Anthropic's clients to OpenAI's models"


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in `text`, without heads and quotation marks."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {at for at, line in enumerate(lines) if line.startswith("| ---")}
    return [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for at, line in enumerate(lines)
        if at not in heads and at + 1 not in heads
    ]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def fields(title: str) -> dict[str, str]:
    return {row[0]: row[1] for row in rows(section(title))}


def test_every_combination_is_on_the_page() -> None:
    told = {tuple(row[:3]): row[3] for row in rows(PAGE.split("\n## ", 1)[0])}

    assert told == {
        (caller.value, model.value, work.value): (
            "relayed" if isinstance(codec, OpenAIRelay | AnthropicRelay) else "translated"
        )
        for (caller, model, work), codec in CODECS.items()
    }
    for name in PASSED_ON:
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize(("title", "module"), [(TO_ANTHROPIC, anthropic_request), (TO_OPENAI, openai_request)])
def test_every_field_that_the_code_knows_is_on_the_page(title: str, module: Any) -> None:
    told = fields(title)

    translated = {name for name, fate in told.items() if fate.startswith(("translated", "replaced"))}
    left_out = {name for name, fate in told.items() if fate.startswith("left out")}
    harmless = {name for name, fate in told.items() if fate.startswith("unfit, except")}
    assert (translated, left_out, harmless) == (module.TRANSLATED, module.LEFT_OUT, set(module.HARMLESS_VALUES))


@pytest.mark.parametrize(
    ("title", "translate", "name"),
    [
        *[(TO_ANTHROPIC, anthropic_request.to_messages_request, name) for name in fields(TO_ANTHROPIC)],
        *[(TO_OPENAI, openai_request.to_chat_request, name) for name in fields(TO_OPENAI)],
    ],
)
def test_a_field_that_is_unfit_is_refused_by_name_and_one_left_out_is_gone(
    title: str, translate: Any, name: str
) -> None:
    plain = {"messages": [{"role": "user", "content": "hi"}]}
    fate = fields(title)[name]

    if fate.startswith("unfit"):
        with pytest.raises(ProviderError, match=name):
            translate({**plain, name: 17})
    elif fate.startswith("left out"):
        assert translate({**plain, name: 17}) == translate(plain)


def test_the_reasons_of_the_end_are_on_the_page() -> None:
    told = {tuple(row) for row in rows(section("Answers"))}

    assert told == {*FINISH_REASONS.items(), *STOP_REASONS.items()}


def test_what_is_put_right_is_on_the_page() -> None:
    text = section("What a model refuses by name")
    told = {row[0]: row[2] for row in rows(text)}

    assert told == {
        RENAMED["newer limit"][1]: "everybody",
        **dict.fromkeys(TAKEN_OUT.values(), "translated requests"),
    }
    assert f"up to {MOST_REPEATS} times" in text


def test_numbers_and_marks_are_the_codes() -> None:
    assert str(anthropic_request.DEFAULT_MAX_TOKENS) in fields(TO_ANTHROPIC)["max_tokens"]
    assert str(openai_request.MOST_STOPS) in fields(TO_OPENAI)["stop_sequences"]
    assert f"`{UNSIGNED}`" in PAGE
