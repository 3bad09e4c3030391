"""What `alerts:` of a settings file amounts to, in words: ways out, who is told when, who is on call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from hive_console.adapters.config_file import Loaded
from hive_console.adapters.zone_clock import clock_of
from hive_console.cli.plan_words import count, seconds
from hive_console.core.alert_settings import (
    ON_CALL,
    AlertRoute,
    AlertSettings,
    ChannelKind,
    ChannelSettings,
)
from hive_console.core.alert_words import days
from hive_console.core.alerting.rules import RULES
from hive_console.core.errors import SettingsError
from hive_console.core.local_time import WeeklyWindow
from hive_console.core.notifying.rota import on_call
from hive_console.core.notifying.routes import steps_of
from hive_console.core.notifying.timetable import Timed
from hive_console.core.states import Severity

SCREEN_ALONE = "told on the screen alone: no channel is set"
"""What a file without channels amounts to."""

Row = tuple[str, str]
"""What a line is about, and what it says."""


def alert_rows(loaded: Loaded, now: float) -> Iterator[Row]:
    """The lines; one alone where nothing is set. `now` (Unix seconds) says who is on call."""
    alerts = loaded.settings.alerts
    if alerts == AlertSettings():
        yield "alerts", SCREEN_ALONE
        return
    if not alerts.channels:
        yield "channels", SCREEN_ALONE
    for number, channel in enumerate(alerts.channels):
        yield "" if number else "channels", _channel(channel, loaded)
    yield from _told(alerts)
    if alerts.people:
        yield "on call", _on_call(alerts, now)
    yield from _hours(alerts)
    yield "rules", _rules(alerts)
    if alerts.heartbeat is not None:
        yield "heartbeat", f"every {seconds(alerts.heartbeat.every)}{_found(alerts.heartbeat.address, loaded)}"


def _channel(channel: ChannelSettings, loaded: Loaded) -> str:
    kind = f"{channel.name}: {channel.kind.value}"
    match channel.kind:
        case ChannelKind.TERMINAL:
            return f"{kind}, whoever looks at a console"
        case ChannelKind.EMAIL:
            login = f" as {channel.user}{_found(channel.secret, loaded)}" if channel.user else ""
            people = count(len(channel.recipients), "mailbox").replace("mailboxs", "mailboxes")
            return f"{kind} to {people} by {channel.address} ({channel.security.value}){login}"
        case ChannelKind.PAGERDUTY:
            return f"{kind}{_at(channel.address)}, key{_found(channel.secret, loaded)}"
        case _:
            signed = f", signed with the secret{_found(channel.secret, loaded)}" if channel.secret else ""
            reference = _found(channel.address, loaded)
            return f"{kind}{f' at{reference}' if reference else _at(channel.address)}{signed}"


def _at(address: str) -> str:
    """The host of an address that stands in the file."""
    host = urlsplit(address).netloc
    return f" at {host}" if host else ""


def _found(reference: str | None, loaded: Loaded) -> str:
    """Where a secret is, and whether it is there; nothing of what is no reference."""
    if not reference or not reference.startswith(("env:", "file:")):
        return ""
    return f" {reference} ({'found' if is_there(reference, loaded) else 'NOT FOUND: nothing is sent'})"


def is_there(reference: str | None, loaded: Loaded) -> bool:
    """Whether a reference leads to something; `True` of what is none."""
    if not reference or not reference.startswith(("env:", "file:")):
        return True
    try:
        loaded.secrets.key_of(reference)
    except SettingsError:
        return False
    return True


def _told(alerts: AlertSettings) -> Iterator[Row]:
    """Who is told of each severity when; routes for some alerts alone come first."""
    if not alerts.channels:
        return
    narrow = [(number, route) for number, route in enumerate(alerts.routes, 1) if _is_narrow(route)]
    for number, route in narrow:
        severities = ", ".join(severity.value for severity in route.severities)
        matchers = ", ".join(map(str, route.matchers))
        further = "; later routes too" if route.goes_on else ""
        said = _steps(list(map(Timed.of, route.steps)))
        yield f"route {number}", f"{f'{severities} of ' if severities else ''}{matchers}: {said}{further}"
    for severity in reversed(Severity):
        yield severity.value, _steps(steps_of({"severity": severity.value}, severity, alerts))


def _is_narrow(route: AlertRoute) -> bool:
    return any(matcher.label != "severity" for matcher in route.matchers)


def _steps(steps: Sequence[Timed]) -> str:
    return "; ".join(map(_step, steps)) or "nobody beyond the screen"


def _step(step: Timed) -> str:
    when = f"after {seconds(step.after)}" if step.after else "at once"
    who = ", ".join("whoever is on call" if name == ON_CALL else name for name in step.channels)
    if step.is_reminder:
        return f"every {seconds(step.then_every)} again {who}"
    again = f", {step.repeats} times more every {seconds(step.every)}" if step.repeats else ""
    further = f", then every {seconds(step.then_every)}" if step.then_every else ""
    return f"{when} {who}{again}{further}"


def _on_call(alerts: AlertSettings, now: float) -> str:
    person = on_call(alerts, now, clock_of(alerts.timezone))
    others = ", ".join(one.name for one in alerts.people if one.name != person)
    return f"{person or 'nobody'} now, by the clock of {_zone(alerts)}" + (f"; also {others}" if others else "")


def _zone(alerts: AlertSettings) -> str:
    return alerts.timezone or "UTC"


def _hours(alerts: AlertSettings) -> Iterator[Row]:
    if alerts.quiet is not None:
        yield "quiet", f"warnings wait {_window(alerts.quiet)}, by the clock of {_zone(alerts)}"
    for one in alerts.maintenance:
        yield "maintenance", f"{_window(one.window)} of {', '.join(map(str, one.matchers))}: {one.reason}"


def _window(window: WeeklyWindow) -> str:
    begin, end = (f"{minute // 60:02d}:{minute % 60:02d}" for minute in (window.begin, window.end))
    return f"{begin}-{end}{'' if len(window.days) == 7 else f' on {days(window)[1:-1]}'}"


def _rules(alerts: AlertSettings) -> str:
    off = [change.rule.value for change in alerts.rules if change.is_enabled is False and not change.group]
    changed = dict.fromkeys(change.rule.value for change in alerts.rules if change.rule.value not in off)
    parts = [
        f"{len(RULES) - len(set(off))} default rules on",
        _named("off", off),
        _named("changed", changed),
        _named("your own", (rule.name for rule in alerts.own_rules)),
    ]
    return "; ".join(part for part in parts if part)


def _named(what: str, names: Iterable[str]) -> str:
    listed = ", ".join(dict.fromkeys(names))
    return f"{what}: {listed}" if listed else ""


def alerts_json(loaded: Loaded, now: float) -> dict[str, object]:
    """The same for programs; neither addresses nor mailboxes, and of secrets whether they are there."""
    alerts = loaded.settings.alerts
    return {
        "groupWait": alerts.group_wait,
        "groupInterval": alerts.group_interval,
        "repeatInterval": alerts.repeat_interval,
        "acknowledgeFor": alerts.acknowledge_for,
        "reopenWithin": alerts.reopen_within,
        "stormAbove": alerts.storm_above,
        "longestSilence": alerts.longest_silence,
        "timezone": _zone(alerts),
        "channels": [_channel_json(channel, loaded) for channel in alerts.channels],
        "told": {
            severity.value: [
                {
                    "after": step.after,
                    "channels": step.channels,
                    "repeats": step.repeats,
                    "every": step.every,
                    "thenEvery": step.then_every,
                }
                for step in steps_of({"severity": severity.value}, severity, alerts)
            ]
            for severity in Severity
        },
        "onCall": on_call(alerts, now, clock_of(alerts.timezone)) if alerts.people else None,
        "rulesOff": [rule.rule.value for rule in alerts.rules if rule.is_enabled is False and not rule.group],
        "rulesOfOnesOwn": [rule.name for rule in alerts.own_rules],
    }


def _channel_json(channel: ChannelSettings, loaded: Loaded) -> dict[str, object]:
    return {
        "name": channel.name,
        "type": channel.kind.value,
        "secretsFound": is_there(channel.address, loaded) and is_there(channel.secret, loaded),
        "sendResolved": channel.sends_resolved,
    }
