"""A short soak: faults of all kinds by dice, clients that leave; nothing of it is left when the traffic ends."""

from __future__ import annotations

import pytest

from tests.soak.run import MOST_KEPT, Soaked, soak

SQLITE_KEEPS = 2
"""Descriptors of the recording's two files that SQLite keeps for the next reader of the same process: closing them
would let go of the writer's locks. The watch over the audit trail reads some seconds after the start."""

RATE = 100.0
SECONDS = 4.0


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> Soaked:
    return soak(tmp_path_factory.mktemp("soak"), rate=RATE, seconds=SECONDS)


def test_load_was_real(soaked: Soaked) -> None:
    assert soaked.counts["sent"] + soaked.counts.get("skipped", 0) == RATE * SECONDS
    assert soaked.counts["answered"] > soaked.counts["sent"] / 2
    assert soaked.counts["gave up on purpose"] > 0
    assert max(look.in_flight for look in soaked.looks) > 0


def test_nothing_happens_that_no_fault_explains(soaked: Soaked) -> None:
    assert soaked.surprises == {}
    assert "Traceback" not in soaked.log
    assert soaked.unexpected == []


def test_no_call_stays_in_flight(soaked: Soaked) -> None:
    assert soaked.after.in_flight == 0


def test_no_task_is_left(soaked: Soaked) -> None:
    assert soaked.tasks_after == soaked.tasks_before


def test_no_descriptor_is_left_and_no_connection_but_those_of_health_checks(soaked: Soaked) -> None:
    assert soaked.after.descriptors <= soaked.before.descriptors + SQLITE_KEEPS
    assert soaked.after.kept <= MOST_KEPT
