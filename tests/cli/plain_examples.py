"""What docs/plain.md shows: the output of the plain commands for one evening, as they print it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hive_console.cli.alerts_page import list_lines
from hive_console.cli.status_page import status_lines
from hive_console.cli.tailing import Ends, Tail, Told, tell_all
from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.report import report_of
from hive_console.core.report_page import page
from hive_console.core.snapshot import (
    AlertView,
    BreakerView,
    ChannelView,
    ConsoleView,
    FleetSnapshot,
    HoldView,
    ModelView,
    PendingView,
    SilenceView,
)
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    AlertState,
    BreakerState,
    HoldKind,
    ModelStatus,
    OperationResult,
    Severity,
)
from hive_console.core.store import Wanted
from hive_console.engine.digest_reading import digest_of
from hive_console.engine.report_reading import findings_of
from tests.recordings.evening import ReviewedStore, an_evening

BEGIN = 1_795_730_400.0
"""2026-11-26 22:00:00 UTC."""

_DOWN, _END = BEGIN + 1_200, BEGIN + 2_400


def _operation(number: int, at: float, *, by: str = "gpt-5") -> tuple[e.Event, e.Event]:
    attempt = e.AttemptFinished(
        at=at, operation=f"op-{number}", model=by, number=1, kind=OutcomeKind.SUCCESS, latency=1.4
    )
    return attempt, e.OperationFinished(
        at=at,
        operation=f"op-{number}",
        requested="gpt-5",
        result=OperationResult.ANSWERED,
        latency=1.4,
        attempts=1,
        served_by=by,
    )


def _moved(number: int, at: float) -> e.FailedOver:
    return e.FailedOver(
        at=at, operation=f"op-{number}", from_model="gpt-5", to_model="claude-4-sonnet", cause="breaker open"
    )


def _act(at: float, action: Action, phase: ActionPhase, reason: str = "") -> e.OperatorActed:
    return e.OperatorActed(
        at=at,
        action_id="1",
        actor="maria",
        action=action,
        phase=phase,
        target="gpt-5",
        reason=reason,
        parameter="claude-4-sonnet",
        origin="ssh 10.0.0.5",
    )


def _events() -> tuple[e.Event, ...]:
    told: list[e.Event] = list(an_evening(BEGIN))
    for number in range(120):
        at = BEGIN + 8 + number * 20
        is_down = _DOWN <= at < _DOWN + 300
        told += _operation(number, at, by="claude-4-sonnet" if is_down else "gpt-5")
        if is_down:
            told.append(_moved(number, at))
    told.append(_act(_DOWN + 90, Action.FAIL_OVER, ActionPhase.DONE, "the provider says 30 minutes"))
    told.append(
        e.AlertAcknowledged(
            at=_DOWN + 60,
            alert_id="al-1",
            rule=AlertRule.MODEL_UNAVAILABLE,
            subject="gpt-5",
            actor="maria",
            note="looking",
        )
    )
    return tuple(told)


def store() -> ReviewedStore:
    """The evening's recording."""
    return ReviewedStore(*_events())


def fleet() -> FleetSnapshot:
    """The fleet four minutes into the outage."""
    now = _DOWN + 240
    well = ModelView(
        "claude-4-sonnet",
        "anthropic",
        ModelStatus.AVAILABLE,
        BEGIN,
        "",
        BreakerView(BreakerState.CLOSED, BEGIN, failure_threshold=5, recovery_timeout=20.0),
        last_health_check=now - 12,
        p95=1.5,
        error_rate=0.0,
        serving="claude-4-sonnet",
    )
    down = replace(
        well,
        model_id="gpt-5",
        provider="openai",
        status=ModelStatus.UNAVAILABLE,
        status_since=_DOWN,
        status_cause="5 failures: timed out",
        breaker=BreakerView(
            BreakerState.OPEN, now - 6, 5, 20.0, consecutive_failures=5, open_until=now + 14, trips=3
        ),
        p95=None,
        error_rate=1.0,
        serving="claude-4-sonnet",
        pinned_to="claude-4-sonnet",
    )
    alert = AlertView(
        "al-1",
        AlertRule.MODEL_UNAVAILABLE,
        Severity.CRITICAL,
        "gpt-5",
        "gpt-5 is unavailable: 5 failures in a row",
        AlertState.FIRING,
        _DOWN,
        acknowledged_by="maria",
    )
    return FleetSnapshot(
        sequence=9,
        at=now,
        started_at=BEGIN,
        models=(down, well),
        environment="prod",
        gateway="http://127.0.0.1:8484/v1",
        alerts=(alert,),
        holds=(
            HoldView(
                HoldKind.PINNED,
                "gpt-5",
                "maria",
                now - 150,
                now + 1_650,
                "the provider says 30 minutes",
                "claude-4-sonnet",
            ),
        ),
        consoles=(
            ConsoleView("maria", "ssh 10.0.0.5", now - 230),
            ConsoleView("wall", "", BEGIN, is_read_only=True),
        ),
    )


def status_example() -> list[str]:
    """`hive-console status`."""
    return list(status_lines(fleet(), now=fleet().at + 0.4))


def alerts_example() -> list[str]:
    """`hive-console alerts list`."""
    now = fleet().at
    down = replace(
        fleet().alerts[0],
        alert_id="A1",
        severity=Severity.WARNING,
        text="gpt-5 is unavailable: timed out",
        acknowledged_until=now + 14_160,
    )
    exhausted = AlertView(
        "A2",
        AlertRule.FALLBACKS_EXHAUSTED,
        Severity.CRITICAL,
        "all",
        "no model answered for all",
        AlertState.FIRING,
        now - 120,
        told=("team",),
    )
    pending = PendingView(AlertRule.MODEL_ERRORS, "claude-4-sonnet", "6 % of 50 calls failed", now - 40, now + 20)
    told = replace(
        fleet(),
        alerts=(exhausted, down),
        pending=(pending,),
        silences=(
            SilenceView("S1", ("model=gpt-5",), "maria", "the provider knows", now - 60, now + 2_400, hid=3),
        ),
        channels=(
            ChannelView("team", "slack", delivered=4),
            ChannelView("mail", "email", is_open=True, waiting=2, delivered=12, dead=1, last_error="no such host"),
        ),
        on_call="bo",
    )
    return list(list_lines(told, told.alerts, now))


def tail_example() -> list[str]:
    """`hive-console tail --since 22:19 --no-follow`."""
    told: list[Told] = []
    ends = Ends(tell=told.append, pause=lambda: None, say=lambda _: None)
    asyncio.run(tell_all(store(), Tail(Wanted(begin=BEGIN + 1_180)), ends))
    return [line.text for line in told]


def digest_example() -> list[str]:
    """`hive-console status --since-last`, the lines before the fleet."""
    return list(asyncio.run(digest_of(store(), BEGIN + 60, BEGIN + 3_600, actor="ann")))


def report_example() -> list[str]:
    """`hive-console report --since 22:00`."""

    async def report() -> list[str]:
        return list(page(report_of(await findings_of(store(), BEGIN, _END))))

    return asyncio.run(report())


EXAMPLES = {
    "status": status_example,
    "alerts list": alerts_example,
    "tail": tail_example,
    "status --since-last": digest_example,
    "report": report_example,
}
