"""Every row of the table of answers; clamped waits; and messages that tell no key, no prompt, no escape."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hive_console.adapters.providers.classify import classify, classify_reported
from hive_console.adapters.providers.error_body import NOTHING_SAID, ErrorBody, read_error
from hive_console.adapters.providers.retry_after import retry_after_of
from hive_console.adapters.providers.veil import UNCOMPARED, WITHHELD, Veil
from hive_console.core.outcome import JUDGEMENTS, Outcome, OutcomeKind

NOW = 1_700_000_000.0
PAGE = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text(encoding="utf-8")


def table(title: str) -> list[list[str]]:
    section = PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows[2:]]


def judged(status: int, error: dict[str, Any] | bytes = b"", **headers: str) -> Outcome:
    body = error if isinstance(error, bytes) else json.dumps({"error": error}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(status, named, read_error(body), veil=Veil(), now=NOW)


def error_saying(words: str) -> ErrorBody:
    name, quoted, text = words.replace("`", "").partition("“")
    kind, _, code = name.strip().partition(" / ")
    return ErrorBody(kind, code, text.rstrip("”") if quoted else "")


@pytest.mark.parametrize(("status", "words", "kind"), table("Answers with a status"))
def test_the_page_of_outcomes_holds(status: str, words: str, kind: str) -> None:
    first, _, last = status.partition("–")
    for code in range(int(first), int(last or first) + 1):
        assert classify(code, {}, error_saying(words), veil=Veil(), now=NOW).kind.value == kind


@pytest.mark.parametrize(("words", "kind"), table("Errors inside an answer of status 200"))
def test_the_page_of_errors_inside_answers_holds(words: str, kind: str) -> None:
    assert classify_reported(error_saying(words), veil=Veil()).kind.value == kind


def test_the_page_tells_the_consequences_of_every_kind() -> None:
    told = {row[0]: row[1:4] for row in table("What each kind means")}

    assert told == {
        kind.value: [judgement.verdict.value, "yes" if judgement.may_retry else "no", judgement.onward.value]
        for kind, judgement in JUDGEMENTS.items()
    }


def test_a_redirect_says_that_it_was_not_followed() -> None:
    assert "not followed" in judged(307).message


def test_every_status_has_an_outcome_that_is_no_success() -> None:
    for status in [*range(100, 200), *range(300, 700)]:
        assert not judged(status).is_success
        assert judged(status).status == status


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"type": "insufficient_quota", "code": "insufficient_quota"}, OutcomeKind.QUOTA_EXHAUSTED),
        ({"type": "tokens", "code": "rate_limit_exceeded"}, OutcomeKind.RATE_LIMITED),
        # Google's ordinary limit per minute.
        (
            {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota"},
            OutcomeKind.RATE_LIMITED,
        ),
        ({"type": "engine_overloaded_error"}, OutcomeKind.OVERLOADED),
    ],
)
def test_a_429_is_a_throttle_unless_a_code_says_otherwise(body: dict[str, Any], kind: OutcomeKind) -> None:
    assert judged(429, body).kind is kind


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error":{"message":"m","type":"T","code":"C"}}', ErrorBody("t", "c", "m")),
        (
            b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
            ErrorBody("overloaded_error", "", "Overloaded"),
        ),
        (b'[{"error":{"code":503,"status":"UNAVAILABLE","message":"m"}}]', ErrorBody("unavailable", "503", "m")),
        (b'{"error":"plain words"}', ErrorBody(text="plain words")),
        (b'{"detail":"Not Found"}', ErrorBody(text="Not Found")),
        (b'{"detail":[{"loc":["body"]}]}', NOTHING_SAID),
        (b'"words"', ErrorBody(text="words")),
        (b"<html>502</html>", NOTHING_SAID),
        (b"", NOTHING_SAID),
        (b"[]", NOTHING_SAID),
        (b"17", NOTHING_SAID),
        (b'{"error":null}', NOTHING_SAID),
        (b'{"error":{"message":{"a":1},"code":[2],"type":null}}', NOTHING_SAID),
        (b"\xff\xfe", NOTHING_SAID),
        (b"[" * 100_000, NOTHING_SAID),
    ],
)
def test_error_bodies_of_every_shape_are_read(body: bytes, expected: ErrorBody) -> None:
    assert read_error(body) == expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"x-ms-retry-after-ms": "20"}, 0.02),
        ({"retry-after": "1000000000"}, 900.0),
        ({"retry-after": "1e9"}, 900.0),
        ({"retry-after": "inf"}, 900.0),
        ({"retry-after": "-1"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "9" * 5000}, 900.0),
        ({"retry-after": "x" * 5000}, None),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 -0000"}, 10.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:10 GMT"}, 0.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 900.0),
        ({"retry-after": "Fri, 99 Dec 99999 23:59:59 GMT"}, None),
    ],
)
def test_the_wait_is_read_and_clamped(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers, NOW) == seconds


def test_the_wait_stands_in_the_outcome() -> None:
    assert judged(429, retry_after="3").retry_after == 3.0
    assert judged(503, retry_after="3").retry_after == 3.0


@pytest.mark.parametrize(
    ("status", "said", "may_retry"),
    [
        (400, "true", True),
        (503, "false", False),
        (429, "false", False),
        (400, "", False),
        (503, "", True),
        (503, "no", True),
        (400, "TRUE", False),
    ],
)
def test_x_should_retry_overrides_the_rule_of_the_status(status: int, said: str, *, may_retry: bool) -> None:
    outcome = judged(status, x_should_retry=said)

    assert outcome.may_retry is may_retry
    assert outcome.kind is judged(status).kind


def test_the_message_is_the_code_and_the_text() -> None:
    assert judged(429, {"type": "t", "code": "c", "message": "slow down"}).message == "c: slow down"
    assert (
        judged(529, {"type": "overloaded_error", "message": "Overloaded"}).message == "overloaded_error: Overloaded"
    )
    assert judged(502, b"<html>").message == "HTTP 502 with no readable explanation"


@pytest.mark.parametrize(
    "attack",
    [
        "\x1b]52;c;ZWNobyBwd25lZA==\x07",
        "\x1b]0;PWNED\x07",
        "\x1b[2J\x1b[1;1HFAKE OK",
        "\x9b2J\x9d0;x\x9c",
        "\x1bP$q\x1b\\ \x1b[6n",
        "\u202egnp.exe \u2066 a\u200bb",
        "ok\r\nAUDIT admin reset",
        "a" + "\u0301" * 500,
        "\x00",
    ],
)
@pytest.mark.parametrize("field", ["message", "type", "code"])
def test_no_control_character_of_an_error_reaches_its_message(attack: str, field: str) -> None:
    message = judged(500, {field: attack}).message

    assert message.isprintable()
    assert len(message) <= 160


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdEFGH1234567890",
        "sk-ant-api03-abcdefghijkl",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "gsk_1234567890abcdef",
        "Bearer abc.def-ghi",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "api_key=hunter2hunter2",
    ],
)
def test_a_key_in_an_error_is_taken_out(secret: str) -> None:
    message = judged(401, {"message": f"Incorrect API key provided: {secret}."}).message

    assert secret not in message
    assert "redacted" in message


def test_every_key_known_by_then_is_taken_out() -> None:
    known = ["odd/key+with=marks"]
    veil = Veil(lambda: tuple(known))
    known.append("odd%2Fkey%2Bwith%3Dmarks")

    for form in known:
        assert classify(401, {}, ErrorBody(text=f"<{form}>"), veil=veil, now=NOW).message == "<[redacted]>"


def veiled(text: str, prompt: Any) -> str:
    veil = Veil(tuple, {"messages": [{"role": "user", "content": prompt}]})
    return veil.message(ErrorBody("invalid_request_error", "", text), "-")


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("Invalid content: 'the patient Jane Doe has'", "Write a letter: the patient Jane Doe has a broken arm"),
        ("Invalid value: 'swordfish'", "swordfish"),
        ("Bad part: my secret plan for tomorrow", [{"type": "text", "text": "my secret plan for tomorrow"}]),
    ],
)
def test_an_error_that_repeats_the_prompt_keeps_only_its_name(text: str, prompt: Any) -> None:
    assert veiled(text, prompt) == f"invalid_request_error: {WITHHELD}"


def test_an_error_that_does_not_repeat_the_prompt_is_told() -> None:
    assert veiled("max_tokens is too large", "what is the maximum of max_tokens?").endswith(
        "max_tokens is too large"
    )
    assert veiled("messages: this is wrong", "hi").endswith("this is wrong")


def test_looking_for_the_prompt_in_an_error_is_bounded() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]

    assert veiled("some text that is long enough", deep) == f"invalid_request_error: {UNCOMPARED}"


def test_no_answer_text_hangs_on_a_status_inside_an_answer() -> None:
    outcome = classify_reported(ErrorBody("", "429", "slow down"), veil=Veil())

    assert (outcome.kind, outcome.status, outcome.message) == (OutcomeKind.RATE_LIMITED, 429, "slow down")
    assert classify_reported(ErrorBody("", "200", "odd"), veil=Veil()).status is None


def test_the_page_names_no_kind_that_does_not_exist() -> None:
    known = {kind.value for kind in OutcomeKind}

    assert {row[-1] for row in table("Answers with a status")} <= known
    assert not re.search(r"\bTODO\b", PAGE)
