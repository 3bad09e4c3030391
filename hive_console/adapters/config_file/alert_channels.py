"""Reads `alerts.channels:`, the ways out, and `alerts.heartbeat:`; looks whether their secrets are there."""

from __future__ import annotations

from typing import Any

from hive_console.adapters.config_file.alert_addresses import is_reference
from hive_console.adapters.config_file.alert_ground import Ground, missing
from hive_console.adapters.config_file.alert_schema import HEARTBEAT, NEEDED, channel_shape
from hive_console.adapters.config_file.problems import Place
from hive_console.adapters.config_file.readers import choice, is_name
from hive_console.adapters.config_file.references import problem_of_url
from hive_console.adapters.config_file.section import Given, Section, part_of, read_section, table
from hive_console.adapters.config_file.tree import Node, Table
from hive_console.adapters.endpoints import is_loopback
from hive_console.core.alert_settings import ON_CALL, ChannelKind, ChannelSettings, Heartbeat, MailSecurity
from hive_console.core.errors import SettingsError

SECRET_LENGTH = 16
"""Characters a signing secret should have: fewer can be guessed by trying."""

_EXAMPLE = "team-slack: {type: slack, url: env:SLACK_URL}"

_EXAMPLES = {
    "url": "env:HOOK_URL",
    "host": "smtp.example.com",
    "from": "hive@example.com",
    "to": "[oncall@example.com]",
    "key": "env:PAGERDUTY_KEY",
}

_FIELDS = {"url": "address", "host": "address", "from": "sender", "to": "recipients", "key": "secret"}

_read_kind = choice(ChannelKind)


def read_channels(node: Node | None, place: Place, ground: Ground) -> dict[str, ChannelSettings | None]:
    """The channels by name; `None` stands for one that has problems, so that nobody who names it has one more."""
    mapping = table(node, place, _EXAMPLE) if node is not None else None
    found: dict[str, ChannelSettings | None] = {}
    for entry in mapping.entries if mapping is not None else ():
        below = place.below(entry.key.text)
        if not is_name(entry.key, below):
            continue
        name, line = entry.key.text, entry.key.line
        if name == ON_CALL:
            below.wrong(line, f"{ON_CALL} names whoever is on call; choose another name")
            continue
        found[name] = _channel(name, line, entry.value, below, ground)
    return found


def _channel(name: str, line: int, node: Node, place: Place, ground: Ground) -> ChannelSettings | None:
    kind_node = part_of(node, "type")
    if kind_node is None:
        if table(node, place, "type: slack") is not None:
            kinds = ", ".join(kind.value for kind in ChannelKind)
            place.below("type").wrong(line, f"is missing; write one of {kinds}")
        return None
    kind = _read_kind(kind_node, place.below("type"))
    if not isinstance(kind, ChannelKind):
        return None
    section = read_section(node, place, channel_shape(kind))
    needed = {f"{key}:{_FIELDS[key]}": _EXAMPLES[key] for key in NEEDED[kind]}
    if missing(section, needed, place, line, of=f", and {kind.value} needs it"):
        return None
    values: dict[str, Any] = {field: given.value for field, given in section.items()}  # each of its field's type
    try:
        channel = ChannelSettings(name, **values)
    except SettingsError as exc:  # each value passed alone
        place.wrong(line, exc.problem)
        return None
    if kind is ChannelKind.EMAIL:
        _check_mail(channel, section, place, line)
        _check_host(section["address"], ground)
    else:
        _check_url(section.get("address"), ground)
    _look_for_secret(section.get("secret"), ground)
    if kind is ChannelKind.WEBHOOK:
        _measure_secret(section.get("secret"), ground)
    return channel


def _check_mail(channel: ChannelSettings, section: Section, place: Place, line: int) -> None:
    if channel.security is MailSecurity.NONE and not is_loopback(channel.address):
        given = section["security"]
        given.place.wrong(
            given.line,
            "none would send passwords and alerts for anybody to read; it is for a mail server on this machine",
        )
    if channel.user and channel.secret is None and not place.problems.concerns(place.below("password").path):
        place.below("password").wrong(line, f"is missing for the user {channel.user}; write password: env:NAME")
    if channel.secret is not None and not channel.user:
        place.below("user").wrong(line, "is missing for the password; write user: NAME")


def _check_host(given: Given, ground: Ground) -> None:
    """A mail server may be where an endpoint may be: its connection is secret, or does not leave the machine."""
    host = str(given.value)
    refusal = ground.rules.refusal_of_url(f"https://[{host}]" if ":" in host else f"https://{host}")
    if refusal:
        given.place.wrong(given.line, refusal)


def _check_url(given: Given | None, ground: Ground) -> None:
    """A URL of the file that may not be called is an error; one that a reference leads to is a warning."""
    if given is None:
        return
    text = str(given.value)
    if not is_reference(text):
        refusal = ground.rules.refusal_of_url(text)
        if refusal:
            given.place.wrong(given.line, refusal)
        return
    found = _found(given, ground)
    if found is None:
        return
    # What it leads to is a secret, and not repeated; other schemes are apprise's own.
    if given.place.path.endswith(".url") and found.lower().startswith(("http:", "https:")):
        problem = problem_of_url(found, "a URL") or ground.rules.refusal_of_url(found)
        if problem:
            ground.warn(given.place, given.line, f"leads to what {problem}; nothing is sent there until then")


def _look_for_secret(given: Given | None, ground: Ground) -> None:
    if given is not None and given.value is not None:
        _found(given, ground)


def _measure_secret(given: Given | None, ground: Ground) -> None:
    if given is None or given.value is None:
        return
    try:
        found = ground.secrets.key_of(str(given.value))
    except SettingsError:
        return
    if len(found) < SECRET_LENGTH:
        ground.warn(
            given.place,
            given.line,
            f"leads to fewer than {SECRET_LENGTH} characters, which can be guessed; make one: openssl rand -hex 32",
        )


def _found(given: Given, ground: Ground) -> str | None:
    """What the reference leads to; that it leads nowhere is a warning: the rest of the alerts can be told."""
    try:
        return ground.secrets.key_of(str(given.value))
    except SettingsError as exc:
        ground.warn(given.place, given.line, f"{exc.problem}; nothing is sent there until then")
        return None


def read_heartbeat(node: Node | None, place: Place, ground: Ground) -> Heartbeat | None:
    """The heartbeat; `None` without one, or with problems."""
    if node is None:
        return None
    section = read_section(node, place, HEARTBEAT)
    if not isinstance(node, Table):
        return None
    if missing(section, {"url:address": "env:HEARTBEAT_URL"}, place, node.line):
        return None
    _check_url(section.get("address"), ground)
    values: dict[str, Any] = {field: given.value for field, given in section.items()}  # likewise
    return Heartbeat(**values)
