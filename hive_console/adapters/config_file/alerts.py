"""Reads `alerts:`: what is an alert, who is told how and when, who is on call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hive_console.adapters.config_file.alert_channels import read_channels, read_heartbeat
from hive_console.adapters.config_file.alert_ground import Ground
from hive_console.adapters.config_file.alert_routes import RouteRead, read_routes, warn_of_idle
from hive_console.adapters.config_file.alert_rules import RULE_NAMES, read_rules
from hive_console.adapters.config_file.alert_schema import ALERTS
from hive_console.adapters.config_file.problems import Place
from hive_console.adapters.config_file.rota import OnCall, read_maintenance, read_on_call, read_quiet
from hive_console.adapters.config_file.section import part_of, read_section
from hive_console.adapters.config_file.tree import Node, Table
from hive_console.core.alert_settings import ON_CALL, AlertSettings, ChannelSettings
from hive_console.core.errors import SettingsError


def read_alerts(node: Node, place: Place, ground: Ground) -> AlertSettings:
    """What the section says; defaults where it has problems, all of which are noted."""
    section = read_section(node, place, ALERTS)
    if not isinstance(node, Table):
        return AlertSettings()
    channels = read_channels(part_of(node, "channels"), place.below("channels"), ground)
    rules = read_rules(part_of(node, "rules"), place.below("rules"), ground)
    ground = ground._replace(names=ground.names._replace(rules=(*RULE_NAMES, *rules.own_names)))
    zone = str(section["timezone"].value) if "timezone" in section else ""
    on_call = read_on_call(part_of(node, "onCall"), place.below("onCall"), channels, zone)
    told = (*channels, *((ON_CALL,) if on_call.names else ()))
    routes = read_routes(part_of(node, "routes"), place.below("routes"), ground, told)
    quiet = read_quiet(part_of(node, "quietHours"), place.below("quietHours"))
    maintenance = read_maintenance(part_of(node, "maintenance"), place.below("maintenance"), ground)
    heartbeat = read_heartbeat(part_of(node, "heartbeat"), place.below("heartbeat"), ground)
    if place.problems:
        return AlertSettings()
    warn_of_idle(routes, ground)
    if routes:
        _warn_of_unused(channels, _told(routes, on_call), ground, node=node, place=place)
    _warn_of_nobody(on_call, routes, ground, node=node, place=place)
    values: dict[str, Any] = {field: given.value for field, given in section.items()}  # each of its field's type
    try:
        return AlertSettings(
            channels=tuple(channel for channel in channels.values() if channel is not None),
            routes=tuple(read.route for read in routes if read.route is not None),
            rules=rules.changes,
            own_rules=rules.own,
            people=on_call.people,
            shifts=on_call.shifts,
            overrides=on_call.overrides,
            quiet=quiet,
            maintenance=maintenance,
            heartbeat=heartbeat,
            **values,
        )
    except SettingsError as exc:  # each part passed alone: there are too many of something
        place.below(exc.field).wrong(_line_of(exc.field, node), exc.problem)
        return AlertSettings()


def _line_of(key: str, node: Table) -> int:
    return next((entry.key.line for entry in node.entries if entry.key.text == key), node.line)


def _told(routes: Sequence[RouteRead], on_call: OnCall) -> set[str]:
    """The channels on which routes tell something, `ON_CALL` among them."""
    told = {name for read in routes if read.route for step in read.route.steps for name in step.channels}
    if ON_CALL in told:
        told.update(name for person in on_call.people for name in person.channels)
    return told


def _warn_of_unused(
    channels: Mapping[str, ChannelSettings | None], told: set[str], ground: Ground, *, node: Table, place: Place
) -> None:
    """Warns of channels that nobody is told on; without routes every channel is used."""
    listed = part_of(node, "channels")
    for entry in listed.entries if isinstance(listed, Table) else ():
        channel = channels.get(entry.key.text)
        if channel is not None and channel.name not in told:
            below = place.below("channels").below(channel.name)
            ground.warn(below, entry.key.line, "no route tells anything there")


def _warn_of_nobody(
    on_call: OnCall, routes: Sequence[RouteRead], ground: Ground, *, node: Table, place: Place
) -> None:
    """Warns of people who are never on call, or who are and are told nothing."""
    if not on_call.people:
        return
    below, line = place.below("onCall"), _line_of("onCall", node)
    if ON_CALL not in _told(routes, on_call):
        ground.warn(below, line, f"no route tells {ON_CALL}, so nobody on call is told anything")
    if not on_call.shifts and not on_call.overrides:
        ground.warn(below.below("rota"), line, f"is missing: nobody is ever on call, and {ON_CALL} tells everybody")
