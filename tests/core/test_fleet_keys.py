"""A refused key: what one model meets with it, none of the others has to try."""

from __future__ import annotations

import pytest

from hive_console.core.events import Event, KeyQuarantined, KeyRestored, StatusChanged
from hive_console.core.faults import FAULT_SECONDS, KEY_REFUSED, shown_key
from hive_console.core.fleet import Fleet
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.states import ModelStatus
from hive_console.core.transitions import Permit, Refusal
from tests.core.samples import FAILED, NOW, model_settings

REFUSED = Outcome(OutcomeKind.KEY_REFUSED, status=401)
FORBIDDEN = Outcome(OutcomeKind.KEY_REFUSED, status=403)
KEY = "env:ACME_KEY"


def keyed(name: str, *, key: str | None = KEY, host: str = "api.acme.test") -> ModelSettings:
    return model_settings(name, key=key, endpoint=f"https://{host}/v1")


def fleet(*models: ModelSettings) -> Fleet:
    return Fleet(Settings(models or (keyed("a"), keyed("b"), keyed("c"))), NOW)


def call(known: Fleet, name: str, outcome: Outcome, now: float = NOW, *, is_probe: bool = False) -> list[Event]:
    member = known.members[name]
    permit, events = member.acquire(now, is_probe=is_probe)
    assert isinstance(permit, Permit), permit
    events += member.settle(permit, outcome, now, latency=0.1, is_probe=is_probe)
    return [
        *events,
        *(known.key_news(member.restraint.key, now) if is_probe else known.settled(member, outcome, now)),
    ]


def out(known: Fleet, now: float = NOW) -> list[str]:
    return [name for name, member in known.members.items() if not member.would_admit(now)]


def told(events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, KeyQuarantined | KeyRestored)]


@pytest.mark.parametrize("is_probe", [False, True])
def test_one_refusal_takes_every_model_of_the_key_out_at_once(*, is_probe: bool) -> None:
    known = fleet()

    events = call(known, "a", REFUSED, is_probe=is_probe)

    assert out(known) == ["a", "b", "c"]
    assert told(events) == [KeyQuarantined(at=NOW, key=KEY, provider="acme", models=("a", "b", "c"))]
    changed = {event.model: event for event in events if isinstance(event, StatusChanged)}
    assert {name: event.new for name, event in changed.items()} == dict.fromkeys("abc", ModelStatus.UNAVAILABLE)
    assert changed["b"].cause == KEY_REFUSED
    assert known.members["b"].fault == KEY_REFUSED


def test_a_second_refusal_is_no_news() -> None:
    known = fleet()
    call(known, "a", REFUSED)

    assert told(call(known, "b", REFUSED, NOW + FAULT_SECONDS)) == []


@pytest.mark.parametrize(
    "other", [keyed("b", key="env:OTHER"), keyed("b", host="eu.acme.test"), keyed("b", key=None)]
)
def test_another_key_or_another_place_is_not_concerned(other: ModelSettings) -> None:
    known = fleet(keyed("a"), other)

    call(known, "a", REFUSED)

    assert out(known) == ["a"]


def test_models_without_a_key_share_none() -> None:
    known = fleet(keyed("a", key=None), keyed("b", key=None))

    events = call(known, "a", REFUSED)

    assert out(known) == ["a"]
    assert told(events) == [KeyQuarantined(at=NOW, key="", provider="acme", models=("a",))]


def test_one_call_a_minute_looks_for_all_of_them() -> None:
    known = fleet()
    call(known, "a", REFUSED)
    later = NOW + FAULT_SECONDS

    before = out(known, later - 0.001)
    permit, _ = known.members["b"].acquire(later)

    assert before == ["a", "b", "c"]
    assert isinstance(permit, Permit)
    assert out(known, later) == ["a", "b", "c"]
    refusal, _ = known.members["c"].acquire(later + 1)
    assert refusal == Refusal(KEY_REFUSED, FAULT_SECONDS - 1)
    assert known.retry_in(("a", "c"), later + 1) == FAULT_SECONDS - 1


def test_a_probe_is_such_a_look_too() -> None:
    known = fleet()
    call(known, "a", REFUSED)

    known.members["b"].acquire(NOW + FAULT_SECONDS, is_probe=True)

    assert out(known, NOW + FAULT_SECONDS) == ["a", "b", "c"]


def test_a_good_call_of_one_frees_all() -> None:
    known = fleet()
    call(known, "a", REFUSED)
    later = NOW + FAULT_SECONDS

    events = call(known, "c", SUCCESS, later)

    assert out(known, later) == []
    assert told(events) == [KeyRestored(at=later, key=KEY, provider="acme", models=("a", "b", "c"))]
    assert {event.model for event in events if isinstance(event, StatusChanged)} >= {"a", "b"}


def test_a_free_probe_does_not_free_what_real_calls_met() -> None:
    known = fleet()
    call(known, "a", REFUSED)

    assert told(call(known, "b", SUCCESS, NOW + FAULT_SECONDS, is_probe=True)) == []
    assert out(known, NOW + FAULT_SECONDS) == ["a", "b", "c"]


def test_a_failure_of_another_kind_says_nothing_of_the_key() -> None:
    known = fleet()
    call(known, "a", REFUSED)

    assert told(call(known, "b", FAILED, NOW + FAULT_SECONDS)) == []


def test_an_operator_who_resets_one_model_frees_all() -> None:
    known = fleet()
    call(known, "a", REFUSED)

    known.members["b"].reset(NOW + 1, "by ann")
    events = known.refresh(NOW + 1)

    assert out(known, NOW + 1) == []
    assert [type(event) for event in told(events)] == [KeyRestored]


def test_keys_that_may_have_been_replaced_are_free_at_once() -> None:
    known = fleet()
    call(known, "a", REFUSED)

    events = known.free_keys(NOW + 1)

    assert out(known, NOW + 1) == []
    assert [type(event) for event in told(events)] == [KeyRestored]
    assert known.free_keys(NOW + 2) == []


# --- a 403 may be of one model -------------------------------------------------------------------


def test_a_model_that_the_key_may_not_use_is_out_alone_while_others_answer_with_it() -> None:
    known = fleet()
    call(known, "b", SUCCESS)

    events = call(known, "a", FORBIDDEN, NOW + 10)

    assert out(known, NOW + 10) == ["a"]
    assert told(events) == []
    assert known.members["a"].fault == "its key may not use this model"


def test_a_403_is_of_the_key_where_nobody_answered_with_it_lately() -> None:
    known = fleet()
    call(known, "b", SUCCESS)

    call(known, "a", FORBIDDEN, NOW + FAULT_SECONDS)

    assert out(known, NOW + FAULT_SECONDS) == ["a", "b", "c"]


def test_a_403_is_of_the_key_where_the_same_model_answered_just_before() -> None:
    known = fleet()
    for name in ("a", "b"):
        call(known, name, SUCCESS)

    call(known, "a", FORBIDDEN, NOW + 10)

    assert out(known, NOW + 10) == ["a", "b", "c"]


def test_a_401_is_always_of_the_key() -> None:
    known = fleet()
    call(known, "b", SUCCESS)

    call(known, "a", REFUSED, NOW + 10)

    assert out(known, NOW + 10) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        (None, ""),
        ("env:ACME_KEY", "env:ACME_KEY"),
        ("file:/run/secrets/acme", "file:acme"),
        ("file:acme", "file:acme"),
    ],
)
def test_a_key_is_shown_by_its_reference_without_a_path(reference: str | None, shown: str) -> None:
    assert shown_key(reference) == shown
