"""An incident report: what is weighed of a recording's answers, and the page of it, whatever the words in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.outages import Outage
from hive_console.core.report import (
    ACTS_TOLD,
    ALERTS_TOLD,
    CHART_COLUMNS,
    GAPS_TOLD,
    MODELS_TOLD,
    OUTAGES_TOLD,
    Compared,
    Findings,
    GoalFound,
    Report,
    longest_down,
    report_of,
    step_of,
)
from hive_console.core.report_page import page
from hive_console.core.rollup import Sums
from hive_console.core.snapshot import AlertView
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    AlertState,
    ModelStatus,
    Severity,
)
from hive_console.core.store import FleetAt, Gap, GapCause, ModelAt, Run, Series
from hive_console.core.success import BY_BIP_03, Goal
from hive_console.core.success_meter import SuccessMeter
from hive_console.core.summary_lines import MOST_LINES, SummaryLine

BEGIN, END = 1_790_000_000.0, 1_790_003_600.0


def sums(*latencies: float, **counts: Any) -> Sums:  # any count of it
    """Good answers of these latencies, among these counts."""
    found = Sums(**counts)
    for latency in latencies:
        found.latency.add(latency)
        found.latency_us += round(latency * 1e6)
        found.latency_max_us = max(found.latency_max_us or 0, round(latency * 1e6))
    return found


def outage(model: str = "gpt-5", begin: float = 600.0, end: float | None = 900.0, **more: Any) -> Outage:  # a field
    known: dict[str, Any] = {"cause": "5 failures", "served_by": ("claude",)}
    at = None if end is None else BEGIN + end
    return Outage(model=model, begin=BEGIN + begin, end=at, **(known | more))


def findings(*outages: Outage, **more: Any) -> Findings:  # any field of it
    fleet = FleetAt(
        at=END,
        models=(
            ModelAt(model="gpt-5", status=ModelStatus.AVAILABLE),
            ModelAt(model="claude", status=ModelStatus.AVAILABLE),
        ),
        environment="prod",
    )
    known: dict[str, Any] = {"begin": BEGIN, "end": END, "fleet": fleet, "outages": outages}
    return Findings(**(known | more))


def act(at: float = 700.0, phase: ActionPhase = ActionPhase.DONE, **more: Any) -> e.OperatorActed:  # a field
    return e.OperatorActed(
        at=BEGIN + at, action_id="1", actor="ann", action=Action.TRIP, phase=phase, target="gpt-5", **more
    )


def alert(**more: Any) -> AlertView:  # any field of it
    known = AlertView(
        "1",
        AlertRule.MODEL_UNAVAILABLE,
        Severity.CRITICAL,
        "gpt-5",
        "gpt-5 is down",
        AlertState.FIRING,
        BEGIN + 600,
    )
    return replace(known, **more)


def text_of(found: Findings, *, is_ascii: bool = False) -> str:
    return "\n".join(page(report_of(found), is_ascii=is_ascii))


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


# --- what is weighed ---------------------------------------------------------------------------------


def test_a_model_is_told_with_its_outages_within_the_window() -> None:
    found = report_of(findings(outage(begin=-300.0, end=300.0), outage(begin=3_000.0, end=None)))

    (model,) = found.models
    assert (model.outages, model.down_for, model.longest) == (2, 900.0, 600.0)
    assert (model.mttr, found.mttr) == (600.0, 600.0)
    assert (found.models_in_trouble, found.models_known) == (1, 2)


def test_what_was_lost_and_what_was_saved_comes_from_the_sums() -> None:
    totals = {
        "gpt-5": sums(operations=100, answered=96, unanswered=4, moved_out=30, cost=7, known_ms=10, available_ms=9),
        "claude": sums(operations=50, answered=50, cost=3),
    }

    found = report_of(findings(outage(), totals=totals))

    assert (found.operations, found.failed, found.saved, found.cost) == (150, 4, 30, 10)
    assert (found.models[0].failed, found.models[0].saved, found.models[0].availability) == (4, 30, 0.9)


def test_before_during_and_after_are_rates_of_the_stretches_that_were_looked_at() -> None:
    compared = Compared(
        before=sums(1.0, calls=1),
        during=sums(calls=4, failed=4),
        after=None,
        stand_in="claude",
        stand_in_sums=sums(2.0, calls=2, failed=1),
    )

    (model,) = report_of(findings(outage(), compared={"gpt-5": compared})).models

    assert model.before is not None
    assert model.during is not None
    assert model.stand_in_rates is not None
    assert model.before.error_rate == 0.0
    assert model.before.p95 == pytest.approx(1.0, rel=0.01)
    assert (model.during.error_rate, model.during.p95) == (1.0, None)
    assert model.after is None
    assert (model.stand_in, model.stand_in_rates.error_rate) == ("claude", 0.5)


def test_quantiles_are_not_longer_than_the_longest_answer() -> None:
    known = sums(1.0, calls=1)
    known.latency_max_us, unknown = 900_000, sums(1.0, calls=1)
    unknown.latency_max_us = None

    rates = report_of(findings(outage(), outage("claude"), totals={"gpt-5": known, "claude": unknown}))

    first, second = (model.overall.p95 for model in rates.models)
    assert first == 0.9
    assert second == pytest.approx(1.0, rel=0.01)


def test_the_models_that_were_down_longest_come_first() -> None:
    outages = (outage("short", 0, 10), outage("long", 0, 100), outage("short", 20, 40))

    assert longest_down(outages, BEGIN, END) == ("long", "short")
    assert [model.model for model in report_of(findings(*outages, models=("short", "long"))).models] == []


def test_only_what_was_asked_for_is_told() -> None:
    found = report_of(findings(outage(), models=("claude",), totals={"gpt-5": sums(operations=3)}))

    assert found.models == ()
    assert found.models_known == 1
    assert found.asked_for == ("claude",)


def test_a_model_that_only_the_sums_know_is_told() -> None:
    (model,) = report_of(findings(totals={"gone": sums(operations=3, unanswered=3)})).models

    assert (model.model, model.status, model.failed) == ("gone", None, 3)


def test_a_model_that_is_down_now_has_trouble_whatever_was_seen_of_it() -> None:
    fleet = FleetAt(at=END, models=(ModelAt(model="gpt-5", status=ModelStatus.DEGRADED),))

    assert [model.model for model in report_of(findings(fleet=fleet)).models] == ["gpt-5"]


@pytest.mark.parametrize("length", [60.0, 600.0, 3_600.0, 86_400.0, 30 * 86_400.0, 1e8])
def test_a_chart_has_few_columns_however_long_the_window_is(length: float) -> None:
    assert length / step_of(BEGIN, BEGIN + length) < CHART_COLUMNS
    assert step_of(BEGIN, BEGIN + length) % 10 == 0


def test_columns_are_all_models_together_and_gaps_stay_gaps() -> None:
    one = Series(begin=BEGIN, step=60.0, points=(sums(1.0, calls=1), None, sums(neutral=1, calls=1)))
    other = Series(begin=BEGIN, step=60.0, points=(sums(calls=1, failed=1), None, None))

    found = report_of(findings(charts={"gpt-5": one, "claude": other}))

    assert found.error_rates.values == (0.5, None, None)
    assert found.response_times.values == (1.0, None, None)


def test_success_metrics_come_from_each_request_where_those_were_looked_at() -> None:
    meter = SuccessMeter(60.0)

    found = report_of(findings(outage(ended_by_hand=True), success=meter.report(), operations_seen=5))

    assert {goal.goal: goal.value for goal in found.goals} == dict.fromkeys(BY_BIP_03)


def test_success_metrics_come_from_sums_where_there_were_too_many() -> None:
    totals = {"gpt-5": sums(operations=100, answered=90, unanswered=10, moved_out=20)}
    outages = (outage(ended_by_hand=True), outage(begin=1_000.0, end=1_100.0), outage(is_by_hand=True))

    goals = {goal.goal: goal for goal in report_of(findings(*outages, totals=totals)).goals}

    assert goals[Goal.UPTIME].value == 0.9
    assert goals[Goal.IMPACT].value == 0.3
    assert goals[Goal.MANUAL].value == 0.5
    assert (goals[Goal.UPTIME].is_met, goals[Goal.RECOVERY].is_met) == (False, None)


def test_recovery_is_judged_by_the_thirty_seconds_of_bip_03() -> None:
    assert GoalFound(goal=Goal.RECOVERY, value=29.0, target=BY_BIP_03[Goal.RECOVERY]).is_met
    assert not GoalFound(goal=Goal.RECOVERY, value=30.0, target=BY_BIP_03[Goal.RECOVERY]).is_met


def test_a_report_is_bounded_and_counts_what_it_leaves_out() -> None:
    many = 300
    report = report_of(
        findings(
            *(outage(f"m{number}", number, number + 1.0) for number in range(many)),
            fleet=FleetAt(at=END, models=tuple(ModelAt(model=f"m{number}") for number in range(many))),
            outages_forgotten=7,
            acts=tuple(act() for _ in range(many)),
            acts_counted=many,
            alerts=tuple(alert() for _ in range(many)),
            gaps=tuple(Gap(begin=BEGIN, end=BEGIN + 1, cause=GapCause.CRASHED, dropped=2) for _ in range(many)),
            runs=(Run(run_id=1, started=BEGIN + 5, ended=None, is_clean=True, pid=1, host="", version=""),),
            lines=tuple(
                SummaryLine(at=BEGIN, until=BEGIN, severity=Severity.INFO, text="so") for _ in range(MOST_LINES)
            ),
            lines_left_out=11,
        )
    )

    assert (len(report.models), report.models_in_trouble) == (MODELS_TOLD, many)
    assert (len(report.outages), report.outages_counted) == (OUTAGES_TOLD, many + 7)
    assert (len(report.acts), report.acts_counted) == (ACTS_TOLD, many)
    assert (len(report.alerts), report.alerts_left_out) == (ALERTS_TOLD, True)
    assert (len(report.gaps), report.gaps_counted, report.events_lost) == (GAPS_TOLD, many, 2 * many)
    assert report.restarts == 1
    told = "\n".join(page(report))
    assert len(told) < 100_000
    for said in (
        "280 more had trouble and are left out here.",
        "207 shorter ones are left out.",
        "200 earlier ones are left out: `hive-console audit list` has them.",
        "Earlier ones are left out.",
        "250 earlier gaps are left out.",
        "Events lost for good: 600;",
        "11 lines of less weight",
        "The engine started 1 time in this time.",
        "299 more models went down: `m1`, `m2`, `m3`, `m4`, `m5` and 294 more.",
    ):
        assert said in told


# --- the page ----------------------------------------------------------------------------------------


def test_the_headline_names_what_was_down_for_how_long_and_who_served() -> None:
    told = text_of(findings(outage(), totals={"gpt-5": sums(operations=100, unanswered=4, moved_out=30)}))

    assert "**`gpt-5` was down for 5 m; `claude` served in its place.**" in told
    assert "Of 100 requests 4 failed; 30 that a model could not answer were answered by another." in told
    assert "Mean time to recovery of a model: 5 m." in told


@pytest.mark.parametrize(
    ("outages", "said"),
    [
        ((), "No model was down."),
        ((outage(end=None),), "`gpt-5` was down for 50 m, and is still; `claude` served in its place."),
        ((outage(had_nobody=True),), "5 m; `claude` served in its place, and for a while nobody."),
        ((outage(had_nobody=True, served_by=()),), "down for 5 m; nobody served in its place."),
        ((outage(served_by=()),), "`gpt-5` was down for 5 m."),
        ((outage(), outage(begin=1_000, end=1_060)), "`gpt-5` was down for 6 m in 2 outages;"),
        ((outage(), outage("claude", end=610.0)), "1 more model went down: `claude`."),
    ],
)
def test_the_headline_says_it_in_one_sentence(outages: Sequence[Outage], said: str) -> None:
    assert said in text_of(findings(*outages))


def test_a_window_in_which_nothing_happened_says_so() -> None:
    told = text_of(findings())

    assert "No request came." in told
    assert "2 models had no trouble." in section(told, "Models")
    assert "nothing that mattered" in section(told, "Timeline")
    assert "nothing was done by hand" in section(told, "By hand")
    assert "none fired" in section(told, "Alerts")
    for absent in ("Outages", "Before, during and after", "Error rate", "What is not known", "Cost"):
        assert f"## {absent}" not in told


def test_outages_are_told_with_their_end_and_their_hands() -> None:
    told = section(
        text_of(
            findings(
                outage(is_by_hand=True, had_nobody=True),
                outage(begin=1_000, end=1_060, ended_by_hand=True, served_by=(), had_nobody=True),
                outage(begin=2_000, end=None, served_by=()),
            )
        ),
        "Outages",
    )

    assert "2026-09-21 14:23:20Z gpt-5 down until 14:28:20Z, 5 m (5 failures); served by claude" in told
    assert "served by claude; for a while by nobody; begun by hand" in told
    assert "(5 failures); served by nobody; ended by hand" in told
    assert "gpt-5 still down (5 failures)\n" in told


def test_the_timeline_counts_what_came_again() -> None:
    line = SummaryLine(at=BEGIN, until=BEGIN + 60, severity=Severity.WARNING, text="a → b", count=3)

    told = section(text_of(findings(lines=(line,))), "Timeline")

    assert "2026-09-21 14:13:20Z warning  a to b (3 times until 14:14:20Z)" in told


def test_deeds_tell_who_what_why_and_what_became_of_it() -> None:
    deeds = (
        act(reason="it lies", before="closed", after="isolated", origin="ssh 10.0.0.5"),
        act(phase=ActionPhase.REFUSED, detail="nobody else is left", parameter="claude"),
    )

    told = section(text_of(findings(acts=deeds, acts_counted=2)), "By hand")

    assert 'ann (ssh 10.0.0.5): trip gpt-5, because "it lies"; closed to isolated' in told
    assert "ann: trip gpt-5 to claude, no reason given; REFUSED: nobody else is left" in told


def test_alerts_tell_who_took_them_after_how_long() -> None:
    alerts = (
        alert(),
        alert(acknowledged_by="ann", acknowledged_at=BEGIN + 660, note="mine"),
        alert(acknowledged_by="bob", state=AlertState.RESOLVED, resolved_at=BEGIN + 900),
    )

    told = section(text_of(findings(alerts=alerts)), "Alerts")

    assert "critical gpt-5 is down; nobody took it; still firing" in told
    assert 'taken by ann after 1 m ("mine"); still firing' in told
    assert "taken by bob; over after 5 m" in told


def test_what_is_not_known_is_said() -> None:
    gaps = (
        Gap(begin=BEGIN, end=BEGIN + 20, cause=GapCause.DISK_FULL, dropped=1, detail="no room"),
        Gap(begin=BEGIN + 40, end=BEGIN + 60, cause=GapCause.QUEUE_FULL),
    )

    told = section(
        text_of(findings(gaps=gaps, skipped=2, recorded_from=BEGIN, recorded_until=END - 60)), "What is not known"
    )

    assert "14:13:20Z not whole for 20 s (disk full, 1 events lost): no room" in told
    assert "14:14:00Z not whole for 20 s (queue full, nothing lost)" in told
    assert "Events lost for good: 1;" in told
    assert "Nothing is recorded before 2026-09-21 14:13:20Z, though more was asked for." in told
    assert "Nothing is recorded after 2026-09-21 15:12:20Z." in told
    assert "2 rows are left out: this version does not know them." in told


def test_numbers_that_nobody_has_are_dashes() -> None:
    told = text_of(findings(outage(), compared={"gpt-5": Compared(during=sums(calls=2, failed=2))}))

    assert "| `gpt-5` | - / 100 % / - | - / - / - | `claude` | - |" in told
    assert "| `gpt-5` | available | 5 m | 1 | 0 | 0 | 0 | - | - | 5 m |" in told


def test_who_served_is_nobody_where_it_was() -> None:
    compared = {"gpt-5": Compared(during=sums(calls=2, failed=2))}

    told = text_of(findings(outage(served_by=(), had_nobody=True), compared=compared))
    untold = text_of(findings(outage(served_by=()), compared=compared))

    assert "| nobody | - |" in told
    assert "| - | - |" in section(untold, "Before, during and after")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"success": SuccessMeter(60.0).report(), "operations_seen": 7}, "From 7 requests of 10, each looked at."),
        ({}, "`--exact` looks at each that is there."),
    ],
)
def test_the_targets_say_what_they_were_computed_from(more: dict[str, Any], said: str) -> None:
    totals = {"gpt-5": sums(operations=10, answered=9, unanswered=1)}

    told = section(text_of(findings(totals=totals, **more)), "Targets of BIP-03")

    assert said in told
    assert "Answered of all that was judged: 90.0 %." in told


def test_charts_are_drawn_in_blocks_or_ascii() -> None:
    points = (sums(1.0, calls=2, failed=1), None, sums(2.0, calls=1))
    charts = {"gpt-5": Series(begin=BEGIN, step=60.0, points=points)}

    told = section(text_of(findings(charts=charts)), "Error rate and response time")

    assert "50.0 % |█" in told
    assert "2.0s |  █" in told
    assert "One column is 1 m; a blank one knows nothing." in told
    assert section(text_of(findings(charts=charts), is_ascii=True), "Error rate and response time").isascii()


def test_the_head_says_what_it_is_about() -> None:
    told = text_of(findings(models=("gpt-5",), degraded_for=120.0, totals={"gpt-5": sums(cost=1_500_000)}))

    assert told.startswith(
        "# Incident report\n\nFrom 2026-09-21 14:13:20Z to 2026-09-21 15:13:20Z (1 h), environment"
    )
    assert "About `gpt-5` only." in told
    assert "in degraded mode for 2 m." in told
    assert section(told, "Cost").strip() == "$1.50, of the calls whose price and tokens are known."


def test_a_fleet_without_a_name_has_none() -> None:
    assert "environment" not in text_of(findings(fleet=FleetAt(at=END)))


HOSTILE = "`` x` | <b>[press](http://evil.example)</b>\n# forged\n```\n\x1b[2J\u202e@team"


def hostile_findings() -> Findings:
    fleet = FleetAt(at=END, models=(ModelAt(model=HOSTILE, status=ModelStatus.UNAVAILABLE),), environment=HOSTILE)
    return findings(
        outage(HOSTILE, cause=HOSTILE, served_by=(HOSTILE, "claude")),
        fleet=fleet,
        models=(HOSTILE,),
        acts=(act(reason=HOSTILE, origin=HOSTILE, detail=HOSTILE, before=HOSTILE, after=HOSTILE),),
        acts_counted=1,
        alerts=(alert(text=HOSTILE, note=HOSTILE, acknowledged_by=HOSTILE),),
        gaps=(Gap(begin=BEGIN, end=END, cause=GapCause.WRITE_FAILED, detail=HOSTILE),),
        lines=(SummaryLine(at=BEGIN, until=BEGIN, severity=Severity.INFO, text=HOSTILE),),
        compared={HOSTILE: Compared(during=sums(calls=1), stand_in=HOSTILE)},
    )


def test_hostile_words_stand_in_code_and_nowhere_else() -> None:
    outside = _outside_of_code(text_of(hostile_findings()))

    assert "evil" not in outside
    assert "forged" not in outside
    assert "team" not in outside
    assert not set("<>[\x1b\u202e") & set(outside)


def test_hostile_words_add_no_line_and_no_column() -> None:
    hostile = hostile_findings()
    harmless = replace(
        hostile,
        fleet=FleetAt(at=END, models=(ModelAt(model="m", status=ModelStatus.UNAVAILABLE),), environment="e"),
        models=("m",),
        outages=(outage("m", served_by=("x", "claude")),),
        compared={"m": Compared(during=sums(calls=1), stand_in="x")},
    )
    told, usual = text_of(hostile), text_of(harmless)

    assert told.isprintable() or "\n" in told
    assert all(line.isprintable() for line in told.splitlines())
    assert len(told.splitlines()) == len(usual.splitlines())
    borders = [_borders(line) for line in told.splitlines() if line.startswith("|")]
    assert borders == [_borders(line) for line in usual.splitlines() if line.startswith("|")]


def _borders(row: str) -> int:
    """Bars of a row that GitHub's tables split at."""
    return row.replace("\\|", "").count("|")


def _outside_of_code(text: str) -> str:
    """What a reader of CommonMark takes for text: blocks and spans of code are left out."""
    kept: list[str] = []
    fence = ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line.removesuffix("text")
        else:
            kept.append(_without_spans(line))
    assert not fence
    return "\n".join(kept)


def _without_spans(line: str) -> str:
    kept, place = "", 0
    while place < len(line):
        if line[place] != "`":
            kept += line[place]
            place += 1
            continue
        end = place
        while end < len(line) and line[end] == "`":
            end += 1
        run = line[place:end]
        close = _closing(line, run, end)
        assert close > 0, f"a span that does not end: {line}"
        place = close
    return kept


def _closing(line: str, run: str, start: int) -> int:
    """Where the span ends that begins with `run`: after a run of just as many."""
    place = start
    while place < len(line):
        if line[place] != "`":
            place += 1
            continue
        end = place
        while end < len(line) and line[end] == "`":
            end += 1
        if end - place == len(run):
            return end
        place = end
    return -1


def test_a_report_with_nothing_left_is_no_error() -> None:
    report: Report = report_of(Findings(begin=BEGIN, end=END, fleet=FleetAt(at=END)))

    assert report.error_rates.values == ()
    assert "## Error rate" not in "\n".join(page(report))
