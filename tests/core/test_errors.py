"""Errors say what was tried, what came and what to do; their attributes carry the facts."""

from __future__ import annotations

import re

import pytest

from hive_console.core import errors
from hive_console.core.errors import (
    ConfigurationError,
    DataFolderBusy,
    HiveError,
    OperationFailed,
    ProviderError,
    RecordingFailed,
    SettingsError,
    StreamBroken,
    UnknownModel,
    place_of,
)
from hive_console.core.outcome import Outcome, OutcomeKind

TIMED_OUT = Outcome(OutcomeKind.TIMED_OUT, message="no answer within 30 s")


def test_every_error_is_of_the_one_tree() -> None:
    public = [value for value in vars(errors).values() if isinstance(value, type)]

    assert len(public) == 9
    assert all(issubclass(kind, HiveError) for kind in public)


def test_a_settings_error_names_field_and_bound() -> None:
    error = SettingsError("timeout", "0 is out of bounds")

    assert str(error) == "timeout: 0 is out of bounds"
    assert (error.field, error.problem) == ("timeout", "0 is out of bounds")


def test_a_configuration_error_lists_every_problem_on_a_line_of_its_own() -> None:
    error = ConfigurationError(("a:1: x", "a:2: y"))

    assert str(error).splitlines() == ["a:1: x", "a:2: y"]
    assert error.problems == ("a:1: x", "a:2: y")


@pytest.mark.parametrize("kind", [ProviderError, StreamBroken])
def test_a_classified_error_says_its_message_or_at_least_its_kind(
    kind: type[ProviderError | StreamBroken],
) -> None:
    assert str(kind(TIMED_OUT)) == "no answer within 30 s"
    assert str(kind(Outcome(OutcomeKind.STREAM_CUT))) == "stream_cut"
    assert kind(TIMED_OUT).outcome is TIMED_OUT


def test_a_failed_operation_says_who_was_tried_and_what_came_last() -> None:
    error = OperationFailed("a", TIMED_OUT, tried=("a", "b"), retry_after=12.0)

    assert str(error) == "no model answered for a: tried a, b; last: timed_out (no answer within 30 s)"
    assert (error.requested, error.outcome, error.tried, error.retry_after) == ("a", TIMED_OUT, ("a", "b"), 12.0)


def test_a_failed_operation_that_called_nobody_says_so() -> None:
    error = OperationFailed("a", Outcome(OutcomeKind.REFUSED), tried=(), retry_after=None)

    assert str(error) == "no model answered for a: tried no model; last: refused"


def test_an_unknown_model_is_told_with_the_known_ones() -> None:
    error = UnknownModel("gpt-x", ("a", "b"))

    assert str(error) == "model 'gpt-x' is not configured; configured: a, b"
    assert (error.model, error.known) == ("gpt-x", ("a", "b"))


def test_a_busy_folder_names_its_holder_and_the_way_out() -> None:
    error = DataFolderBusy("/data", "process 7 since 03:00")

    assert str(error) == (
        "/data is in use by process 7 since 03:00; hive-console attach --data /data shows it; or stop it, or choose"
        " another folder with --data"
    )
    assert (error.folder, error.holder) == ("/data", "process 7 since 03:00")


def test_a_recording_that_failed_keeps_its_reason() -> None:
    assert str(RecordingFailed("disk full")) == "disk full"


def test_the_place_of_an_error_is_told_without_its_text() -> None:
    with pytest.raises(KeyError) as caught:
        dict[str, str]()["a secret prompt"]

    assert re.fullmatch(r"KeyError at test_errors\.py:\d+", place_of(caught.value))
    assert place_of(ValueError("a secret prompt")) == "ValueError"


def test_the_place_of_an_error_is_where_it_was_raised_and_not_where_it_was_caught() -> None:
    def deep() -> None:
        raise KeyError("a secret prompt")

    with pytest.raises(KeyError) as caught:
        deep()

    here = caught.value.__traceback__
    assert here is not None
    assert place_of(caught.value) == f"KeyError at test_errors.py:{deep.__code__.co_firstlineno + 1}"
