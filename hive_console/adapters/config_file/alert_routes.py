"""Reads `alerts.routes:`: who is told of which alerts; warns of routes that others leave nothing to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, cast

from hive_console.adapters.config_file.alert_ground import FileNames, Ground, missing, told_refusal, unknown
from hive_console.adapters.config_file.alert_schema import ROUTE, STEP
from hive_console.adapters.config_file.problems import Place, shown
from hive_console.adapters.config_file.readers import Name
from hive_console.adapters.config_file.section import Given, items_of, part_of, read_section
from hive_console.adapters.config_file.tree import Listing, Node, Table
from hive_console.core.alert_settings import ON_CALL, AlertRoute, Step
from hive_console.core.alerting.matching import Matcher
from hive_console.core.errors import SettingsError
from hive_console.core.states import Severity

_EXAMPLE = "{severity: critical, steps: [{channels: [team-slack]}]}"
_STEP_EXAMPLE = "{after: 5m, channels: [mail]}"


class RouteRead(NamedTuple):
    """One route, and where it stands; `route` is `None` for one with problems."""

    route: AlertRoute | None
    line: int
    place: Place


def read_routes(node: Node | None, place: Place, ground: Ground, channels: Collection[str]) -> list[RouteRead]:
    """The routes in the order of the file; `channels` are the names that steps may tell."""
    return [
        RouteRead(_route(item, below, ground, channels), item.line, below)
        for item, below in items_of(node, place, _EXAMPLE)
    ]


def _route(node: Node, place: Place, ground: Ground, channels: Collection[str]) -> AlertRoute | None:
    section = read_section(node, place, ROUTE)
    if not isinstance(node, Table):
        return None
    steps_node = part_of(node, "steps")
    if steps_node is None:
        place.below("steps").wrong(
            node.line, f"is missing; write steps: [{_STEP_EXAMPLE}], or steps: [] to tell nobody"
        )
        return None
    steps_place = place.below("steps")
    steps = [_step(item, below, channels) for item, below in items_of(steps_node, steps_place, _STEP_EXAMPLE)]
    check_matchers(section.get("matchers"), ground)
    if None in steps or not isinstance(steps_node, Listing):
        return None
    values: dict[str, Any] = {field: given.value for field, given in section.items()}  # each of its field's type
    try:
        return AlertRoute(**values, steps=tuple(step for step in steps if step is not None))
    except SettingsError as exc:
        told_refusal(exc, section, {"steps": "", "match": "matchers"}, place, node.line)
        return None


def _step(node: Node, place: Place, channels: Collection[str]) -> Step | None:
    section = read_section(node, place, STEP)
    if not isinstance(node, Table) or missing(section, {"channels:channels": "[team-slack]"}, place, node.line):
        return None
    given = section["channels"]
    names = cast("tuple[Name, ...]", given.value)
    for name in names:
        if name.text == ON_CALL and ON_CALL not in channels:
            given.place.wrong(name.line, f"nobody can be {ON_CALL}; name people under alerts.onCall.people")
        else:
            unknown(name, channels, given.place, "channel")
    values: dict[str, Any] = {field: value.value for field, value in section.items()}  # likewise
    values["channels"] = tuple(dict.fromkeys(name.text for name in names))
    return Step(**{"after": 0.0, **values})


def check_matchers(given: Given | None, ground: Ground) -> None:
    """Notes rules that there are not, and warns of matchers that fit nothing in this file."""
    for matcher in cast("tuple[Matcher, ...]", given.value) if given is not None else ():
        if given is None:
            continue
        if matcher.label == "rule":
            if "*" not in matcher.pattern:
                unknown(Name(matcher.pattern, given.line), ground.names.rules, given.place, "rule")
        elif text := fits_nothing(matcher, ground.names):
            ground.warn(given.place, given.line, text)


def fits_nothing(matcher: Matcher, names: FileNames) -> str:
    """Why a matcher fits no alert of this file, or ``""``."""
    known: Collection[str] | None = {
        "model": set(names.models.values()),
        "provider": names.providers,
        "group": names.groups,
        "route": {*names.routes, *names.models},  # a model that is asked for by its name is a route of its own
    }.get(matcher.label)
    if known is None or matcher.is_not or any(matcher.matches({matcher.label: name}) for name in known):
        return ""
    alias = names.models.get(matcher.pattern) if matcher.label == "model" else None
    advice = f"; alerts name the model {shown(alias)}" if alias else ""
    return f"{shown(str(matcher))} fits no {matcher.label} of this file{advice}"


def warn_of_idle(routes: Sequence[RouteRead], ground: Ground) -> None:
    """Warns of each route that those before it leave no alert to."""
    before: list[AlertRoute] = []
    for read in routes:
        if read.route is None:
            continue
        if not _left(read.route, before):
            ground.warn(read.place, read.line, "can never match: the routes above it take every alert of it")
        if not read.route.goes_on:
            before.append(read.route)


def _left(route: AlertRoute, before: Sequence[AlertRoute]) -> frozenset[Severity]:
    """The severities of which a route gets anything."""
    left = _severities(route)
    for other in before:
        if all(_follows(matcher, route.matchers) for matcher in other.matchers if matcher.label != "severity"):
            left -= _severities(other)
    return left


def _severities(route: AlertRoute) -> frozenset[Severity]:
    """The severities that a route takes, its matchers about them included."""
    about = [matcher for matcher in route.matchers if matcher.label == "severity"]
    return frozenset(
        severity
        for severity in route.severities or Severity
        if all(matcher.matches({"severity": severity.value}) for matcher in about)
    )


def _follows(claim: Matcher, given: Sequence[Matcher]) -> bool:
    """Whether a claim holds for all that the given ones hold for; sure where it says so, `False` where in doubt."""
    return claim in given or any(
        other.label == claim.label
        and not other.is_not
        and "*" not in other.pattern
        and claim.matches({claim.label: other.pattern})
        for other in given
    )
