"""The digest: every field of every event counts, and so does the order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.sim.rehearsal import digest as module
from hive_console.sim.rehearsal.digest import BATCH, Digest

PROBE = e.ProbeFinished(at=1.0, model="a", kind=OutcomeKind.SUCCESS, latency=0.1)


def digest(*events: e.Event) -> str:
    made = Digest()
    for event in events:
        made.observe(event)
    assert made.events == len(events)
    return made.value()


def test_the_same_events_have_the_same_digest() -> None:
    assert digest(PROBE, PROBE) == digest(PROBE, replace(PROBE))
    assert len(digest()) == 24


def test_where_a_text_came_from_does_not_count() -> None:
    literal, joined = replace(PROBE, model="anthropic-1"), replace(PROBE, model=f"anthropic-{len(PROBE.model)}")

    assert digest(literal, literal) == digest(literal, joined)


@pytest.mark.parametrize(
    "other",
    [
        replace(PROBE, latency=0.1 + 1e-16),
        replace(PROBE, model="b"),
        replace(PROBE, kind=OutcomeKind.TIMED_OUT),
        replace(PROBE, status=200),
        e.ConsoleAttached(at=1.0),
    ],
)
def test_every_field_counts(other: e.Event) -> None:
    assert digest(PROBE) != digest(other)


def test_the_order_counts() -> None:
    assert digest(PROBE, replace(PROBE, at=2.0)) != digest(replace(PROBE, at=2.0), PROBE)


def test_a_look_in_between_changes_nothing_for_a_batch_that_is_full() -> None:
    events = [replace(PROBE, at=float(number)) for number in range(BATCH * 2)]
    looked_at = Digest()
    for number, event in enumerate(events, start=1):
        looked_at.observe(event)
        if number % BATCH == 0:
            looked_at.value()

    assert looked_at.value() == digest(*events)


def test_an_enumeration_that_may_be_missing_counts_by_its_wire_value(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Judged(e.Event):
        kind: OutcomeKind | None = None

    monkeypatch.setattr(module, "event_types", lambda: (Judged,))
    monkeypatch.setattr(module, "get_type_hints", lambda _: {"at": float, "kind": OutcomeKind | None})

    assert digest(Judged(at=1.0)) != digest(Judged(at=1.0, kind=OutcomeKind.SUCCESS))
