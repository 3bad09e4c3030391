"""Who is told of an alert, and when: what the settings say, or what is usual with the channels there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from hive_console.core.alert_settings import AlertSettings, ChannelKind, Step
from hive_console.core.alerting.matching import all_match
from hive_console.core.notifying.timetable import Timed
from hive_console.core.states import Severity

AT_ONCE = frozenset({ChannelKind.SLACK, ChannelKind.WEBHOOK, ChannelKind.TERMINAL, ChannelKind.APPRISE})
"""Channels that are read by whoever is there."""

MINUTE = 60.0
MAIL_AFTER, PAGE_AFTER, AGAIN_AFTER = 5 * MINUTE, 15 * MINUTE, 30 * MINUTE
"""Of what is critical or an error: nobody there has taken it, so somebody is written to, then woken."""

MILD_AFTER, MILD_MAIL_AFTER = 10 * MINUTE, 60 * MINUTE
"""Of warnings: most are over within ten minutes, and cost nobody a look."""

AGAIN, AGAIN_EVERY, THEN_EVERY = 2, 15 * MINUTE, 60 * MINUTE
"""Told three times from the half hour on, and hourly from there."""


def steps_of(labels: Mapping[str, str], severity: Severity, settings: AlertSettings) -> tuple[Timed, ...]:
    """The escalation of an alert with these labels, in the order of time; it ends in repeats.

    Where no step repeats without an end, those who were told are told again each `repeat_interval`; an Alertmanager
    repeats by itself.
    """
    chosen = _routed(labels, severity, settings) if settings.routes else _usual(severity, settings)
    steps = tuple(map(Timed.of, chosen))
    if any(step.then_every for step in steps):
        return steps
    mirrors = {channel.name for channel in settings.channels if channel.kind is ChannelKind.ALERTMANAGER}
    again = tuple(dict.fromkeys(name for step in steps for name in step.channels if name not in mirrors))
    if not again:
        return steps
    last = max(step.after + step.repeats * step.every for step in steps)
    interval = settings.repeat_interval
    return (*steps, Timed(last + interval, again, then_every=interval, is_reminder=True))


def tellable(
    channels: Iterable[str], settings: AlertSettings, *, about: str, spare: Iterable[str] = ()
) -> tuple[str, ...]:
    """The channels without that which the alert is `about`: it would be told of itself through itself.

    Where none is left, all others are told, those that are `spare` last of all.
    """
    found = tuple(name for name in channels if name != about)
    if found or not about:
        return found
    skipped = set(spare)
    others = tuple(channel.name for channel in settings.channels if channel.name != about)
    return tuple(name for name in others if name not in skipped) or others


def _routed(labels: Mapping[str, str], severity: Severity, settings: AlertSettings) -> tuple[Step, ...]:
    found: list[Step] = []
    for route in settings.routes:
        fits = not route.severities or severity in route.severities
        if fits and all_match(route.matchers, labels):
            found += route.steps
            if not route.goes_on:
                break
    return tuple(sorted(found, key=lambda step: step.after))


def _usual(severity: Severity, settings: AlertSettings) -> tuple[Step, ...]:
    by_kind: dict[ChannelKind, list[str]] = {kind: [] for kind in ChannelKind}
    for channel in settings.channels:
        by_kind[channel.kind].append(channel.name)
    mirror, mail, pager = (
        by_kind[kind] for kind in (ChannelKind.ALERTMANAGER, ChannelKind.EMAIL, ChannelKind.PAGERDUTY)
    )
    chat = [channel.name for channel in settings.channels if channel.kind in AT_ONCE]
    pager = pager or by_kind[ChannelKind.WEBHOOK]
    match severity:
        case Severity.INFO:
            timed = [(0.0, mirror)]
        case Severity.WARNING:
            timed = [(0.0, mirror), (MILD_AFTER, chat), (MILD_MAIL_AFTER, mail)]
        case Severity.ERROR | Severity.CRITICAL:
            timed = [(0.0, [*chat, *mirror]), (MAIL_AFTER, mail), (PAGE_AFTER, pager)]
            again = list(dict.fromkeys([*chat, *pager])) or mail
            if again:
                first = [Step(after, tuple(names)) for after, names in timed if names]
                last = Step(AGAIN_AFTER, tuple(again), repeats=AGAIN, every=AGAIN_EVERY, then_every=THEN_EVERY)
                return (*first, last)
        case _:
            assert_never(severity)
    return tuple(Step(after, tuple(names)) for after, names in timed if names)
