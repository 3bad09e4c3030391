"""An incident as the timeline and the audit trail have it: told by the feed, or by a recording."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.states import Action, ActionPhase, AlertRule, BreakerState, ModelStatus
from tests.screens.posted import NOW, incident_events

BEGAN = NOW - 14 * 60


def deed(
    action_id: str,
    at: float,
    *,
    action: Action = Action.DEACTIVATE,
    target: str = "mistral-large",
    outcome: ActionPhase = ActionPhase.DONE,
    actor: str = "maria",
    reason: str = "INC-4412 vendor maintenance",
    parameter: str = "",
    detail: str = "",
) -> tuple[e.OperatorActed, e.OperatorActed]:
    """The two rows of one action."""
    intent, ended = (
        e.OperatorActed(
            at=when,
            action_id=action_id,
            actor=actor,
            action=action,
            phase=phase,
            target=target,
            reason=reason,
            parameter=parameter,
            origin="ssh 10.0.0.5",
            before="closed",
            after="isolated" if phase is ActionPhase.DONE else "",
            detail=detail if phase is ActionPhase.REFUSED else "",
        )
        for phase, when in ((ActionPhase.INTENDED, at), (outcome, at + 0.4))
    )
    return intent, ended


def still_down(at: float) -> e.BreakerChanged:
    return e.BreakerChanged(
        at=at,
        model="claude-4-sonnet",
        old=BreakerState.HALF_OPEN,
        new=BreakerState.OPEN,
        cause="timed out after 10 s",
        open_until=at + 20,
    )


def told() -> tuple[e.Event, ...]:
    """What led to `posted.incident`, oldest first."""
    happened: list[e.Event] = [
        *incident_events(),
        e.TrafficMoved(at=BEGAN + 0.2, model="claude-4-sonnet", old="claude-4-sonnet", new="gpt-5"),
        *(still_down(BEGAN + 20 + 40 * trial) for trial in range(14)),
        e.AlertAcknowledged(
            at=NOW - 600,
            alert_id="al-1",
            rule=AlertRule.MODEL_UNAVAILABLE,
            subject="claude-4-sonnet",
            actor="maria",
            note="vendor called",
        ),
        *deed("d-1", NOW - 3000),
        e.BreakerChanged(
            at=NOW - 2999.9,
            model="mistral-large",
            old=BreakerState.CLOSED,
            new=BreakerState.ISOLATED,
            cause="by maria",
        ),
        e.StatusChanged(
            at=NOW - 2999.8,
            model="mistral-large",
            old=ModelStatus.AVAILABLE,
            new=ModelStatus.UNAVAILABLE,
            cause="deactivated by hand",
        ),
        *deed(
            "d-2",
            NOW - 300,
            action=Action.FAIL_OVER,
            target="grok-3",
            parameter="command-r-plus",
            outcome=ActionPhase.REFUSED,
            actor="joe",
            reason="",
            detail="command-r-plus cannot serve now",
        ),
        e.ConsoleDetached(at=NOW - 120, cause="the terminal went away"),
        e.ConsoleAttached(at=NOW - 60, actor="maria"),
    ]
    return tuple(sorted(happened, key=lambda event: event.at))
