"""A plain request is one row, and both of its events come back from it, to the microsecond."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_console.core.events import AttemptFinished, Event, FailedOver, OperationFinished
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import DegradationLevel, OperationResult, Priority
from hive_storage.codec import BEST_EFFORT, by_table
from hive_storage.names import Names
from hive_storage.request_rows import MAX_LATER, Taken, events_of_request, plain_rows
from tests.storage.support import T0, breaker

_T0_US = round(T0 * 1e6)
ATTEMPT = AttemptFinished(
    at=T0,
    operation="6ab1e200-17",
    model="alpha",
    number=1,
    kind=OutcomeKind.SUCCESS,
    latency=0.25,
    first_token=0.1,
    status=200,
    read_tokens=1200,
    written_tokens=300,
    cost=410,
)
OPERATION = OperationFinished(
    at=T0,
    operation="6ab1e200-17",
    requested="alpha",
    result=OperationResult.ANSWERED,
    latency=0.251,
    attempts=1,
    served_by="alpha",
)


def taken(*events: Event) -> list[Taken]:
    return [(_T0_US + place, place, event) for place, event in enumerate(events)]


micros = st.integers(0, 10**9).map(lambda us: us / 1e6)
ids = st.one_of(
    st.from_regex(r"[0-9a-f]{8}-(0|[1-9][0-9]{0,8})", fullmatch=True),
    st.sampled_from(["", "-", "a-", "-7", "a-07", "a--7", "a-٣", "7", "a-" + "9" * 30, "é-1"]),
    st.text(st.characters(codec="utf-8"), max_size=12),
)
counts = st.none() | st.integers(0, 2**40)


@given(
    operation=ids,
    latency=micros,
    first=st.none() | micros,
    status=st.none() | st.integers(100, 599),
    around=micros,
    tokens=st.tuples(counts, counts, counts),
    priority=st.sampled_from(Priority),
    level=st.sampled_from(DegradationLevel),
    is_degraded=st.booleans(),
    route=st.sampled_from(["", "smart"]),
    requested=st.sampled_from(["alpha", "beta"]),
    later=st.integers(0, 5_000_000),
)
def test_both_events_come_back_from_one_row(
    operation: str,
    latency: float,
    first: float | None,
    status: int | None,
    *,
    around: float,
    tokens: tuple[int | None, int | None, int | None],
    priority: Priority,
    level: DegradationLevel,
    is_degraded: bool,
    route: str,
    requested: str,
    later: int,
) -> None:
    read, written, cost = tokens
    attempt = replace(
        ATTEMPT,
        operation=operation,
        latency=latency,
        first_token=first,
        status=status,
        read_tokens=read,
        written_tokens=written,
        cost=cost,
    )
    finished = replace(
        OPERATION,
        at=(_T0_US + later) / 1e6,
        operation=operation,
        requested=requested,
        latency=around,
        priority=priority,
        level=level,
        is_degraded=is_degraded,
        route=route,
    )
    batch = [(_T0_US, 0, attempt), (_T0_US + later + 1, 1, finished)]
    names = Names()

    rest: list[Taken] = []
    (row,) = plain_rows(batch, names, rest)

    words = dict(names.fresh)
    assert events_of_request(row, words) == ((_T0_US, attempt), (_T0_US + later + 1, finished))
    assert not rest


@pytest.mark.parametrize(
    ("attempt", "operation"),
    [
        (replace(ATTEMPT, kind=OutcomeKind.TIMED_OUT), OPERATION),
        (replace(ATTEMPT, number=2), OPERATION),
        (replace(ATTEMPT, message="slow today"), OPERATION),
        (ATTEMPT, replace(OPERATION, attempts=2)),
        (ATTEMPT, replace(OPERATION, served_by="beta")),
        (ATTEMPT, replace(OPERATION, result=OperationResult.CANCELLED)),
        (ATTEMPT, replace(OPERATION, kind=OutcomeKind.TIMED_OUT)),
        (ATTEMPT, replace(OPERATION, operation="6ab1e200-18")),
    ],
)
def test_what_is_not_plain_stays_as_it_is(attempt: AttemptFinished, operation: OperationFinished) -> None:
    batch = taken(attempt, operation)

    rest: list[Taken] = []
    assert not list(plain_rows(batch, Names(), rest))
    assert rest == batch


def test_an_operation_long_after_its_attempt_has_a_row_of_its_own() -> None:
    late = (_T0_US + MAX_LATER + 1, 0, OPERATION)

    rest: list[Taken] = []
    assert not list(plain_rows([(_T0_US, 0, ATTEMPT), late], Names(), rest))
    assert len(rest) == 2


def test_every_event_of_a_batch_finds_exactly_one_place_in_the_order_it_came() -> None:
    moved = FailedOver(at=T0, operation="op-1", from_model="alpha", to_model="beta", cause="open")
    events = [replace(ATTEMPT, operation=f"op-{number // 3}", number=number % 3 + 1) for number in range(30)] + [
        replace(OPERATION, operation=f"op-{number}", attempts=3) for number in range(10)
    ]
    batch = taken(moved, ATTEMPT, *events, breaker(1), OPERATION)

    rest: list[Taken] = []
    plain = list(plain_rows(batch, Names(), rest))
    found = by_table(rest)

    parts = [part for _, part in (*found.main, *found.day)]
    places = (
        [one[0] for part in parts for one in part] + [row[0] for row in plain] + [row[0] + row[2] for row in plain]
    )
    assert len(plain) == 1
    assert sorted(places) == [one[0] for one in batch]
    assert all(part == sorted(part, key=lambda one: one[0]) for part in parts)
    assert all(type(one[2]) in BEST_EFFORT for _, part in found.day for one in part)
    assert not any(type(one[2]) in BEST_EFFORT for _, part in found.main for one in part)


def test_shapes_are_few_whatever_the_number_of_requests() -> None:
    names = Names()
    events: list[Event] = []
    for number in range(1, 1_000):
        events.append(replace(ATTEMPT, operation=f"6ab1e200-{number}", latency=number / 1e3))
        events.append(replace(OPERATION, operation=f"6ab1e200-{number}"))
    assert len(list(plain_rows(taken(*events), names, []))) == 999
    assert len(names.fresh) == 1
