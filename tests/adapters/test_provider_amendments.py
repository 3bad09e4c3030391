"""What is refused by name is put right; what is refused for its value, or was the client's own, is not touched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hive_console.adapters.providers.amendments import Amendments, amended, amendment_for
from hive_console.adapters.providers.error_body import ErrorBody, read_error
from hive_console.adapters.providers.request import HttpRequest
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import MAX_MODELS, ModelSettings

REFUSED = Outcome(OutcomeKind.BAD_REQUEST, 400)


def request(**fields: Any) -> HttpRequest:
    return HttpRequest("POST", "https://x.invalid", {}, json.dumps(fields).encode())


def proposed(
    message: str, *, is_translated: bool = True, param: str = "", tried: tuple[str, ...] = (), **fields: Any
) -> str | None:
    error = read_error(json.dumps({"error": {"message": message, "param": param or None}}).encode())
    return amendment_for(REFUSED, error, request(**fields), tried, is_translated=is_translated)


OLD_NAME = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
)
HOT = "Unsupported value: 'temperature' does not support 0.2 with this model."


@pytest.mark.parametrize("is_translated", [True, False])
@pytest.mark.parametrize(
    ("message", "sent", "amendment"),
    [
        (OLD_NAME, "max_tokens", "newer limit"),
        ("Unrecognized request argument supplied: max_completion_tokens", "max_completion_tokens", "older limit"),
    ],
)
def test_the_token_limit_is_renamed_for_everybody(
    message: str, sent: str, amendment: str, *, is_translated: bool
) -> None:
    error = ErrorBody(text=message)

    assert amendment_for(REFUSED, error, request(**{sent: 5}), (), is_translated=is_translated) == amendment


@pytest.mark.parametrize(
    ("message", "fields", "amendment"),
    [
        (HOT, {"temperature": 0.2}, "no temperature"),
        ("`temperature` is deprecated for this model.", {"temperature": 0.2}, "no temperature"),
        ("`top_p` is not supported", {"top_p": 0.2}, "no top_p"),
        ("Unknown field: stream_options", {"stream_options": {}}, "no stream_options"),
        (
            "Unrecognized request argument supplied: reasoning_effort",
            {"reasoning_effort": "low"},
            "no reasoning_effort",
        ),
        ("This model does not support the effort parameter.", {"output_config": {"effort": "low"}}, "no effort"),
    ],
)
def test_what_only_tunes_is_taken_out_of_what_we_wrote_ourselves(
    message: str, fields: dict[str, Any], amendment: str
) -> None:
    assert proposed(message, **fields) == amendment
    assert proposed(message, is_translated=False, **fields) is None


def test_the_field_may_be_named_beside_the_message() -> None:
    assert proposed("Unsupported parameter", param="top_p", top_p=1, temperature=1) == "no top_p"


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("max_completion_tokens is too large: 999999. At most 16384.", {"max_completion_tokens": 999_999}),
        ("temperature must be at most 2", {"temperature": 3}),
        ("`stop` is not supported with this model", {"stop": ["x"], "temperature": 1}),
        (OLD_NAME, {"max_tokens": 5, "max_completion_tokens": 5}),
        (HOT, {}),
        ("", {"temperature": 1}),
    ],
)
def test_what_is_wrong_with_a_value_or_stands_nowhere_is_not_put_right(
    message: str, fields: dict[str, Any]
) -> None:
    assert proposed(message, **fields) is None


def test_nothing_is_proposed_twice_nor_renamed_back() -> None:
    assert proposed(HOT, tried=("no temperature",), temperature=1) is None
    assert proposed(OLD_NAME, tried=("newer limit",), max_completion_tokens=1) is None
    assert proposed(HOT, tried=("newer limit",), temperature=1) == "no temperature"


def test_only_a_bad_request_is_put_right() -> None:
    error = ErrorBody(text=OLD_NAME)

    for kind in (OutcomeKind.SERVER_ERROR, OutcomeKind.CONTEXT_LENGTH, OutcomeKind.RATE_LIMITED):
        assert amendment_for(Outcome(kind), error, request(max_tokens=1), (), is_translated=True) is None
    assert amendment_for(REFUSED, error, HttpRequest("GET", "x", {}), (), is_translated=True) is None


@pytest.mark.parametrize(
    ("fields", "amendments", "expected"),
    [
        ({"a": 1, "max_tokens": 5, "b": 2}, ("newer limit",), {"a": 1, "max_completion_tokens": 5, "b": 2}),
        ({"max_completion_tokens": 5}, ("older limit",), {"max_tokens": 5}),
        ({"temperature": 1, "top_p": 1, "x": 1}, ("no temperature", "no top_p"), {"x": 1}),
        ({"output_config": {"effort": "low"}}, ("no effort",), {}),
        (
            {"output_config": {"effort": "low", "format": {"a": 1}}},
            ("no effort",),
            {"output_config": {"format": {"a": 1}}},
        ),
        ({"x": 1}, ("no effort", "newer limit"), {"x": 1}),
        ({"x": 1}, (), {"x": 1}),
    ],
)
def test_a_request_is_put_right(fields: dict[str, Any], amendments: tuple[str, ...], expected: Any) -> None:
    body = amended(request(**fields), amendments, is_translated=True).body

    assert body is not None
    assert json.loads(body) == expected


def test_a_relayed_request_loses_nothing() -> None:
    relayed = request(temperature=1, max_tokens=5)

    assert amended(relayed, ("no temperature",), is_translated=False) is relayed
    assert json.loads(amended(relayed, ("no temperature", "newer limit"), is_translated=False).body or b"") == {
        "temperature": 1,
        "max_completion_tokens": 5,
    }


def test_values_keep_their_bytes() -> None:
    raw = HttpRequest("POST", "x", {}, b'{"max_tokens": 5,"messages":[ 1.50 ]}')

    assert amended(raw, ("newer limit",), is_translated=False).body == (
        b'{"max_completion_tokens":5,"messages":[ 1.50 ]}'
    )


def test_what_was_learned_is_kept_for_so_many_models_and_no_more() -> None:
    amendments = Amendments()
    models = [ModelSettings("m", "p", "https://x.invalid", f"wire-{at}") for at in range(MAX_MODELS + 1)]
    for model in models:
        amendments.learn(model, ("newer limit",))

    assert amendments.of(models[0]) == ()
    assert amendments.of(models[1]) == amendments.of(models[-1]) == ("newer limit",)
