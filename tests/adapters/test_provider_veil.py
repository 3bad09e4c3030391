"""What an error may tell: no key in whatever case, no prompt in whatever field, and no long comparing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hive_console.adapters.providers.error_body import ErrorBody, read_error
from hive_console.adapters.providers.veil import UNCOMPARED, WITHHELD, Veil

KEY = "Numbat.Key.7f3a9c"
PROMPT = "Where did I leave the Bilbyprompt on Tuesday?"


def told(error: ErrorBody, *contents: Any) -> str:  # Any: JSON
    messages = [{"role": "user", "content": content} for content in contents or (PROMPT,)]
    return Veil(lambda: (KEY,), {"messages": messages}).message(error, "nothing said")


@pytest.mark.parametrize("spelled", [KEY, KEY.lower(), KEY.upper()])
def test_key_is_taken_out_in_whatever_case_and_field(spelled: str) -> None:
    error = read_error(json.dumps({"error": {"code": spelled, "message": f"no such key: {spelled}!"}}).encode())

    assert told(error) == "[redacted]: no such key: [redacted]!"


def test_prompt_in_the_name_of_an_error_is_withheld() -> None:
    error = read_error(json.dumps({"error": {"type": PROMPT, "message": "boom"}}).encode())

    assert told(error) == f"{WITHHELD}: boom"


@pytest.mark.parametrize(
    "request_",
    [{"system": PROMPT}, {"system": [{"type": "text", "text": PROMPT}]}, {"input": [PROMPT]}],
    ids=lambda request: next(iter(request)),
)
def test_what_people_wrote_is_withheld_wherever_a_dialect_keeps_it(request_: dict[str, Any]) -> None:
    assert Veil(tuple, request_).message(ErrorBody(text=f"cannot read {PROMPT}"), "nothing said") == WITHHELD


def test_prompt_in_capitals_is_withheld() -> None:
    assert told(ErrorBody(text=f"I will not answer {PROMPT.upper()}")) == WITHHELD


@pytest.mark.parametrize("contents", [["a" * 2_000_000], ["b"] * 20_000], ids=["long", "many"])
def test_text_about_a_request_too_large_to_compare_is_withheld_and_the_name_stays(contents: list[str]) -> None:
    assert told(ErrorBody("", "context_length_exceeded", "too long!"), *contents) == (
        f"context_length_exceeded: {UNCOMPARED}"
    )
    assert told(ErrorBody("", "where did i leave it", ""), *contents) == UNCOMPARED


def test_half_an_emoji_and_raw_control_bytes_do_not_hide_an_error() -> None:
    error = read_error(b'{"error": {"code": "rate_limit_exceeded", "message": "cut \\ud83d\nhere \xff"}}')

    assert (error.code, error.text) == ("rate_limit_exceeded", "cut \ud83d\nhere \ufffd")
    assert Veil().message(error, "") == "rate_limit_exceeded: cut \\ud83d␊here \ufffd"
