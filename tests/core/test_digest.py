"""What somebody missed, in at most four lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hive_console.core.digest import LINE_LIMIT, MOST_LINES, Missed, digest
from hive_console.core.events import NoticeSettled, OperatorActed
from hive_console.core.outages import Outage
from hive_console.core.snapshot import AlertView
from hive_console.core.states import Action, ActionPhase, AlertRule, AlertState, NoticeEnd, NoticeKind, Severity
from hive_console.core.store import Gap, GapCause, Run

NOW = 1_790_030_000.0
SINCE = NOW - 28_800


def missed(**more: Any) -> Missed:  # any field of it
    known: dict[str, Any] = {"since": SINCE, "told_from": SINCE, "now": NOW}
    return Missed(**(known | more))


def outage(model: str, ago: float, lasted: float | None) -> Outage:
    begin = NOW - ago
    return Outage(model=model, begin=begin, end=None if lasted is None else begin + lasted, cause="5 failures")


def act(actor: str, ago: float, reason: str = "", parameter: str = "") -> OperatorActed:
    return OperatorActed(
        at=NOW - ago,
        action_id="1",
        actor=actor,
        action=Action.TRIP,
        phase=ActionPhase.DONE,
        target="gpt-5",
        reason=reason,
        parameter=parameter,
    )


def alert(
    text: str = "gpt-5 is down", *, owner: str | None = None, state: AlertState = AlertState.FIRING
) -> AlertView:
    return AlertView(
        "1",
        AlertRule.MODEL_UNAVAILABLE,
        Severity.CRITICAL,
        "gpt-5",
        text,
        state,
        NOW - 240,
        acknowledged_by=owner,
    )


def run(number: int, begin: float, end: float | None) -> Run:
    return Run(
        run_id=number, started=NOW - begin, ended=end and NOW - end, is_clean=True, pid=1, host="", version=""
    )


def test_nothing_is_said_when_nothing_happened() -> None:
    assert digest(missed()) == ()
    assert digest(missed(alerts=(alert(state=AlertState.RESOLVED),), runs=(run(1, 30_000, None),))) == ()


def test_what_is_still_down_comes_before_what_was_longest() -> None:
    outages = (outage("claude", 7_200, 3_600), outage("gpt-5", 240, None), outage("grok", 600, 60))

    (line,) = digest(missed(outages=outages))

    assert line == (
        "Since you last looked 8 h ago: 3 outages: gpt-5 STILL DOWN for 4 m, claude for 1 h, 1 h ago, and 1 more"
    )


def test_one_outage_is_one() -> None:
    assert digest(missed(outages=(outage("a", 600, 60),), is_cut=True))[0].endswith(
        "at least 1 outage: a for 1 m, 9 m ago"
    )


def test_deeds_of_others_are_told_newest_first() -> None:
    acts = (act("ann", 7_200), act("bob", 3_600, "it lies"), act("eve", 60, parameter="claude"))

    (line,) = digest(missed(acts=acts))

    assert line.endswith('by hand: eve trip gpt-5 to claude 1 m ago; bob trip gpt-5 1 h ago "it lies"; and 1 more')


def test_alerts_that_are_open_are_told_with_who_has_them() -> None:
    (line,) = digest(missed(alerts=(alert(), alert("b is down", owner="ann"), alert("c"))))
    (owned,) = digest(missed(alerts=(alert(owner="ann"),)))

    assert line.endswith(
        "alerts still open: 3, 2 of them nobody's: gpt-5 is down (4 m); b is down (4 m); and 1 more"
    )
    assert owned.endswith("alerts still open: 1: gpt-5 is down (4 m)")


def test_notices_that_never_arrived_and_alerts_that_nobody_heard_of_are_told() -> None:
    dead = NoticeSettled(
        at=NOW - 60, notice_id="N1", channel="ops", end=NoticeEnd.DEAD, kind=NoticeKind.FIRING, alert_ids=("1",)
    )
    hidden = replace(alert("b is down"), silenced_by="S1")

    (line,) = digest(missed(alerts=(alert(), hidden), given_up=(dead, dead, replace(dead, channel="mail"))))
    (alone,) = digest(missed(given_up=(dead,)))

    assert line.endswith(
        "3 notices NEVER DELIVERED (ops, mail); alerts still open: 2, 1 of them nobody's, 1 told to nobody:"
        " gpt-5 is down (4 m); b is down (4 m)"
    )
    assert alone.endswith("1 notice NEVER DELIVERED (ops)")


def test_what_nobody_knows_is_said() -> None:
    gaps = (
        Gap(begin=NOW - 100, end=NOW - 80, cause=GapCause.DISK_FULL, dropped=1),
        Gap(begin=NOW - 60, end=NOW - 50, cause=GapCause.CRASHED, dropped=16),
    )
    runs = (run(1, 30_000, 29_000), run(2, 20_000, 1_000), run(3, 700, 600), run(4, 500, None))

    (line,) = digest(missed(gaps=gaps, runs=runs))

    assert line.endswith(
        "not known: no engine ran for 2 h 33 m, not recorded whole for 20 s (disk full), 17 events lost"
    )


def test_one_event_lost_is_one_and_a_run_without_an_end_leaves_no_hole() -> None:
    gap = Gap(begin=NOW - 60, end=NOW - 50, cause=GapCause.CRASHED, dropped=1)

    (line,) = digest(missed(gaps=(gap,), runs=(run(1, 20_000, None), run(2, 500, None))))

    assert line.endswith("not known: 1 event lost")


def test_a_long_absence_says_how_far_back_it_is_told() -> None:
    (line,) = digest(missed(since=NOW - 20 * 86_400, told_from=NOW - 7 * 86_400, outages=(outage("a", 60, 30),)))

    assert line.startswith("Since you last looked 20 d ago (the last 7 d are told): 1 outage")


@pytest.mark.parametrize("hostile", ["\x1b[2J\u202e", "x\ny", "y" * 5_000, "[bold]x[/bold]"])
def test_hostile_words_leave_four_harmless_lines(hostile: str) -> None:
    lines = digest(
        missed(
            outages=(outage(hostile, 600, None),) * 9,
            acts=(act(hostile, 60, hostile, hostile),) * 9,
            alerts=(alert(hostile),) * 9,
            gaps=(Gap(begin=SINCE, end=NOW, cause=GapCause.DISK_FULL, dropped=3, detail=hostile),),
        )
    )

    assert len(lines) == MOST_LINES
    assert all(line.isprintable() and len(line) <= LINE_LIMIT for line in lines)
