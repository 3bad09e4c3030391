"""What the words about alerts would do: acknowledge, silence, escalate, resolve, note, try a channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hive_console.core.alerting.matching import MOST_MATCHERS, Matcher, all_match
from hive_console.core.effect import Effect, lasting, named, refused
from hive_console.core.errors import SettingsError
from hive_console.core.snapshot import AlertView, FleetSnapshot, SilenceView
from hive_console.core.states import Action, AlertState, Severity
from hive_console.core.wording import whole_span

MOST_AT_ONCE = 500
"""Alerts that one command may name."""

MAINTENANCE, UNTIL_RESOLVED = "maintenance", "until-resolved"
"""Words of a silence's parameter: it is announced work; it ends with the last alert that it covers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of alerts, and by whom.

    Attributes:
        action: what.
        target: ids of alerts joined by commas, matchers, a silence's id or a channel's name.
        note: what is said with it.
        parameter: see `Command`.
        actor: who asks; empty in a dry run that knows nobody.
        seconds: for how long; `None` takes the setting's.
    """

    action: Action
    target: str
    note: str = ""
    parameter: str = ""
    actor: str = ""
    seconds: float | None = None


def ids_of(target: str) -> tuple[str, ...]:
    """The alerts that a target names."""
    return tuple(dict.fromkeys(name.strip() for name in target.split(",") if name.strip()))


def matchers_of(target: str, alert: AlertView | None) -> tuple[Matcher, ...]:
    """What a silence on this target matches; one on an alert is on its rule and subject.

    Raises `SettingsError` for what is no matcher, and for a silence of everything.
    """
    if alert is not None:
        return (Matcher("rule", alert.rule_id), Matcher("subject", alert.subject))
    matchers = tuple(Matcher.parse(part.strip()) for part in target.split(",") if part.strip())
    if not matchers:
        raise SettingsError("match", "it is empty; say what is to be silent, such as model=gpt-5")
    if len(matchers) > MOST_MATCHERS:
        raise SettingsError("match", f"it has {len(matchers)} matchers; at most {MOST_MATCHERS}")
    return matchers


def effect_on_alerts(asked: Asked, fleet: FleetSnapshot) -> Effect:
    """What it would do to the alerts as they stand in this snapshot."""
    match asked.action:
        case Action.SILENCE:
            return _of_silence(asked, fleet)
        case Action.UNSILENCE:
            return _of_end(asked.target, fleet)
        case Action.TEST_CHANNEL:
            return _of_test(asked.target, fleet)
        case _:
            return _of_each(asked, fleet)


# --- alerts by their ids -------------------------------------------------------------------------

_VERBS = {
    Action.ACKNOWLEDGE: "Acknowledge",
    Action.UNACKNOWLEDGE: "Give back",
    Action.RESOLVE: "Resolve by hand",
    Action.ESCALATE: "Escalate",
    Action.NOTE: "Note on",
}
_EFFECTS = {
    Action.ACKNOWLEDGE: "it stays in the inbox, marked as yours; nobody else is told of it meanwhile",
    Action.UNACKNOWLEDGE: "nobody has it any more: who is to be told is told again",
    Action.RESOLVE: "it is put away until it has been well once; whoever was told is told that it is over",
    Action.ESCALATE: "those of its next step are told now",
    Action.NOTE: "the note stays with it",
}


def _of_each(asked: Asked, fleet: FleetSnapshot) -> Effect:
    verb, names = _VERBS[asked.action], ids_of(asked.target)
    if not names:
        return refused(verb, "no alert is named")
    if len(names) > MOST_AT_ONCE:
        return refused(f"{verb} {len(names)} alerts", f"at most {MOST_AT_ONCE} at once")
    found = [alert for alert in map(fleet.alert, names) if alert is not None]
    if not found:
        return refused(f"{verb} {named(names)}", "there is no such alert any more")
    able = [alert for alert in found if not refusal_of(asked, alert)]
    title = f"{verb}: {found[0].text}" if len(names) == 1 else f"{verb} {len(able)} of {len(names)} alerts"
    if not able:
        return refused(title, refusal_of(asked, found[0]))
    if asked.action is Action.NOTE and not asked.note.strip():
        return refused(title, "there is nothing to note")
    return Effect(
        is_allowed=True,
        title=title,
        now=_standing(able),
        effect=_EFFECTS[asked.action],
        warnings=_left_out(asked, names, found, able),
    )


def refusal_of(asked: Asked, alert: AlertView) -> str:
    """Why this alert is left as it is, or ``""``."""
    if asked.action is Action.NOTE:
        return ""
    if alert.state is AlertState.RESOLVED:
        return "it is resolved already"
    return _REFUSALS[asked.action](asked, alert)


def _taken(asked: Asked, alert: AlertView) -> str:
    by = alert.acknowledged_by
    if by is not None and by != asked.actor:
        return f"{by} has it already"
    is_other = asked.parameter and asked.parameter != str(alert.changed)
    return "it has changed since you looked; look again" if is_other else ""


def _free(_asked: Asked, alert: AlertView) -> str:
    return "nobody has it" if alert.acknowledged_by is None else ""


def _muted(_asked: Asked, alert: AlertView) -> str:
    return f"it is silenced by {alert.silenced_by}; end that first" if alert.silenced_by else ""


def _never(_asked: Asked, _alert: AlertView) -> str:
    return ""


_REFUSALS: dict[Action, Callable[[Asked, AlertView], str]] = {
    Action.ACKNOWLEDGE: _taken,
    Action.UNACKNOWLEDGE: _free,
    Action.RESOLVE: _never,
    Action.ESCALATE: _muted,
}


def _standing(alerts: Sequence[AlertView]) -> str:
    by = alerts[0].acknowledged_by
    return f"{alerts[0].state.value}, {by} has it" if by and len(alerts) == 1 else alerts[0].state.value


def _left_out(
    asked: Asked, names: Sequence[str], found: Sequence[AlertView], able: Sequence[AlertView]
) -> tuple[str, ...]:
    gone = len(names) - len(found)
    kept = [alert for alert in found if alert not in able]
    said = (f"{gone} of them are gone",) if gone else ()
    return (*said, f"{kept[0].alert_id}: {refusal_of(asked, kept[0])}") if kept else said


# --- silences ------------------------------------------------------------------------------------


def _of_silence(asked: Asked, fleet: FleetSnapshot) -> Effect:
    try:
        matchers = matchers_of(asked.target, fleet.alert(asked.target))
    except SettingsError as error:
        return refused(f"Silence {asked.target}".rstrip(), error.problem)
    title = f"Silence {', '.join(map(str, matchers))}"
    words = set(asked.parameter.split())
    if not words <= {MAINTENANCE, UNTIL_RESOLVED}:
        return refused(title, f"{asked.parameter} is neither {MAINTENANCE} nor {UNTIL_RESOLVED}")
    hidden = hidden_by(matchers, fleet)
    until = ", or until the last of them is resolved" if UNTIL_RESOLVED in words else ""
    long = lasting(asked.seconds, "")
    return Effect(
        is_allowed=True,
        title=title,
        now=f"{len(hidden)} of {_firing(fleet)} firing alerts match",
        effect=f"nobody is told of what matches {long}{until}; that something is over is still told",
        warnings=_cautions(hidden),
    )


def hidden_by(matchers: Sequence[Matcher], fleet: FleetSnapshot) -> tuple[AlertView, ...]:
    """The firing alerts that such a silence would hide now."""
    return tuple(
        alert
        for alert in fleet.alerts
        if alert.state is AlertState.FIRING and all_match(matchers, alert.all_labels)
    )


def _firing(fleet: FleetSnapshot) -> int:
    return sum(alert.state is AlertState.FIRING for alert in fleet.alerts)


def _cautions(hidden: Sequence[AlertView]) -> tuple[str, ...]:
    critical = [alert.text for alert in hidden if alert.severity is Severity.CRITICAL]
    return (f"it hides what is critical: {named(critical)}",) if critical else ()


def _of_end(silence_id: str, fleet: FleetSnapshot) -> Effect:
    silence = _silence(silence_id, fleet)
    title = f"End silence {silence_id}"
    if silence is None:
        return refused(title, "there is no such silence any more")
    return Effect(
        is_allowed=True,
        title=f"{title}: {', '.join(silence.matchers)}",
        now=f"by {silence.by}, {whole_span(silence.until - fleet.at)} more: {silence.reason}",
        effect=f"{silence.hides} firing alerts are told again" if silence.hides else "it hides nothing now",
    )


def _silence(silence_id: str, fleet: FleetSnapshot) -> SilenceView | None:
    return next((silence for silence in fleet.silences if silence.silence_id == silence_id), None)


# --- channels ------------------------------------------------------------------------------------


def _of_test(name: str, fleet: FleetSnapshot) -> Effect:
    channel = next((channel for channel in fleet.channels if channel.name == name), None)
    title = f"Send a test to {name}"
    if channel is None:
        known = named([known.name for known in fleet.channels]) or "none; see alerts.channels of the settings"
        return refused(title, f"there is no such channel; known are {known}")
    well = "its breaker is open" if channel.is_open else "it works as far as anybody knows"
    return Effect(
        is_allowed=True,
        title=title,
        now=channel.last_error or well,
        effect=f"a notice that says it is a test goes out over {channel.kind}",
    )
