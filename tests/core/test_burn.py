"""Burn rates: both windows, enough evidence, bounded memory, and what survives a restart."""

from __future__ import annotations

import pytest

from hive_console.core.alerting.burn import BUCKETS, BUDGET, SPANS, Burn, BurnMeter, wilson_lower
from hive_console.core.alerting.rules import RULES
from hive_console.core.saved_state import UnreadableState
from hive_console.core.states import AlertRule

FAST, SLOW, TICKET = AlertRule.OPERATION_BURN_FAST, AlertRule.OPERATION_BURN_SLOW, AlertRule.OPERATION_BUDGET
NOW = 1_000_000_000.0


def burns(burn: Burn) -> bool:
    rule = RULES[burn.rule]
    return burn.exceeds(rule.bound, rule.minimum)


def fed(operations: list[tuple[float, bool]]) -> BurnMeter:
    meter = BurnMeter()
    for at, is_bad in operations:
        meter.add(at, is_bad=is_bad)
    return meter


def test_the_windows_are_those_of_the_catalogue() -> None:
    assert {rule: RULES[rule].window for rule in SPANS} == SPANS
    assert {rule: RULES[rule].threshold for rule in SPANS} == {FAST: 14.4, SLOW: 6.0, TICKET: 1.0}


@pytest.mark.parametrize(("rule", "factor"), [(FAST, 14.4), (SLOW, 6.0), (TICKET, 1.0)])
def test_a_burn_at_its_bound_is_none_and_beyond_it_is_one(rule: AlertRule, factor: float) -> None:
    total = 1_000_000
    at_bound = round(factor * BUDGET * total)

    def judged(bad: int, lately: int) -> bool:
        return burns(Burn(rule, bad=bad, total=total, lately_bad=lately, lately=total // 12))

    beyond = at_bound + 450  # what Wilson's interval leaves at a million operations
    assert not judged(at_bound, at_bound)
    assert judged(beyond, at_bound)
    assert not judged(beyond, int(factor * BUDGET * (total // 12)))


def test_the_short_window_must_burn_too_so_that_what_is_over_ends() -> None:
    assert burns(Burn(FAST, bad=500, total=1_000, lately_bad=80, lately=80))
    assert not burns(Burn(FAST, bad=500, total=1_000, lately_bad=0, lately=80))


@pytest.mark.parametrize(
    ("bad", "total", "is_enough"), [(9, 99, False), (10, 99, True), (9, 100, True), (10, 10, True), (9, 9, False)]
)
def test_ten_failures_or_a_hundred_operations_are_evidence(bad: int, total: int, *, is_enough: bool) -> None:
    assert burns(Burn(FAST, bad=bad, total=total, lately_bad=3, lately=3)) is is_enough


@pytest.mark.parametrize(("rule", "lately", "is_told"), [(FAST, 2, False), (FAST, 3, True), (TICKET, 1, True)])
def test_a_page_needs_three_failures_of_late_and_a_ticket_one(
    rule: AlertRule, lately: int, *, is_told: bool
) -> None:
    assert burns(Burn(rule, bad=50, total=200, lately_bad=lately, lately=10)) is is_told


@pytest.mark.parametrize(
    ("bad", "total", "share"), [(0, 0, 0.0), (0, 100, 0.0), (2, 120, 0.0035), (10, 10, 0.526), (500, 1_000, 0.453)]
)
def test_few_events_prove_little(bad: int, total: int, share: float) -> None:
    assert wilson_lower(bad, total) == pytest.approx(share, abs=0.001)


def test_a_full_outage_pages_within_two_minutes() -> None:
    calm = [(NOW + second / 10, False) for second in range(36_000)]  # an hour, ten a second
    meter = fed(calm)
    told = None
    for step in range(1_200):
        at = NOW + 3_600 + step / 10
        meter.add(at, is_bad=True)
        if told is None and burns(meter.read(FAST, at)):
            told = at - NOW - 3_600

    assert told is not None
    assert 45 < told < 75  # 52 s by the book, and what proof takes


def test_a_window_forgets_and_holds_nothing_when_all_is_long_past() -> None:
    meter = fed([(NOW, True)] * 20)

    assert meter.read(FAST, NOW + 1) == Burn(FAST, bad=20, total=20, lately_bad=20, lately=20)
    assert meter.read(FAST, NOW + 400) == Burn(FAST, bad=20, total=20, lately_bad=0, lately=0)
    assert meter.read(FAST, NOW + 3_600) == Burn(FAST, bad=0, total=0, lately_bad=0, lately=0)
    assert meter.read(FAST, NOW + 3_600).rate == 0
    assert meter.read(SLOW, NOW + 3_600).bad == 20
    assert meter.has_failures
    assert meter.read(TICKET, NOW + 259_200).bad == 0
    assert not meter.has_failures


def test_a_clock_that_went_backwards_loses_nothing() -> None:
    meter = fed([(NOW, True), (NOW - 500, True), (NOW + 1, False)])

    assert meter.read(FAST, NOW - 100).total == 3


def test_the_budget_outlives_a_restart_without_what_is_too_old() -> None:
    meter = fed([(NOW - 200_000, True), (NOW - 7_000, True), (NOW, False), (NOW + 10_000, True)])
    again = BurnMeter()

    again.restore(meter.save(NOW + 10_000), NOW + 10_000)

    for rule in SPANS:
        old, new = meter.read(rule, NOW + 10_000), again.read(rule, NOW + 10_000)
        assert (new.bad, new.total) == (old.bad, old.total)
    late = BurnMeter()
    late.restore(meter.save(NOW + 10_000), NOW + 1_000_000)
    assert late.read(TICKET, NOW + 1_000_000).total == 0
    early = BurnMeter()
    early.restore(meter.save(NOW + 10_000), NOW - 100_000)  # the clock was set back
    assert early.read(TICKET, NOW - 100_000).total == 1


@pytest.mark.parametrize("row", [[1, 2], [1, 2, 3], [1, -2, 0], ["1", 2, 0], "no", None])
def test_what_is_no_bucket_is_refused(row: object) -> None:
    saved = BurnMeter().save(NOW)

    with pytest.raises(UnreadableState):
        BurnMeter().restore({**saved, FAST.value: [row]}, NOW)


def test_what_is_kept_is_bounded() -> None:
    meter = fed([(NOW + second * 30, second % 3 == 0) for second in range(10_000)])

    assert all(len(rows) <= BUCKETS for rows in meter.save(NOW + 300_000).values())


def test_what_a_fast_burn_leaves_behind_is_no_slow_one() -> None:
    meter = fed([(NOW, True)] * 20)

    assert meter.burns(FAST, 14.4, 100, NOW + 1) is not None
    assert meter.burns(SLOW, 6.0, 100, NOW + 239) is not None
    assert meter.burns(SLOW, 6.0, 100, NOW + 240) is None
    assert meter.burns(FAST, 14.4, 100, NOW + 260) is not None
    assert meter.burns(FAST, 14.4, 100, NOW + 300) is None
    assert meter.burns(TICKET, 1.0, 100, NOW + 300) is not None
    meter.add(NOW + 400, is_bad=True)
    assert meter.burns(SLOW, 6.0, 100, NOW + 400) is not None


def test_a_slow_burn_without_a_fast_one_may_pause() -> None:
    meter = fed([(NOW + minute * 60, minute % 4 == 0) for minute in range(360)])

    assert meter.burns(FAST, 14.4, 100, NOW + 21_600 + 400) is None
    assert meter.burns(SLOW, 6.0, 100, NOW + 21_600 + 400) is not None


def test_what_may_exceed_is_what_exceeds_or_more() -> None:
    meter = fed([(NOW, True)] * 20)

    assert meter.may_exceed(FAST, 14.4, NOW + 1)
    assert not meter.may_exceed(FAST, 14.4, NOW + 3_600)
