"""`hive-console alerts`: the inbox of a running engine for scripts and plain terminals.

Only looking at the fleet reads; every other word is said to the engine, which audits it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import msgspec

from hive_console.adapters.control_socket import ask_to_do, fetch_snapshot
from hive_console.adapters.folders import default_data_folder
from hive_console.adapters.identity import current_origin, terminal_name
from hive_console.cli.alerts_page import channel_line, in_order, list_lines, show_lines, silence_line
from hive_console.cli.moments import SPANS, Span
from hive_console.cli.output import in_encoding
from hive_console.core.alerting.matching import Matcher, all_match
from hive_console.core.command import Command, CommandResult
from hive_console.core.effects_on_alerts import MAINTENANCE, UNTIL_RESOLVED
from hive_console.core.errors import HiveError, SettingsError
from hive_console.core.snapshot import AlertView, ChannelView, FleetSnapshot
from hive_console.core.states import Action, AlertState
from hive_console.core.text import clean

FIRES, REFUSED, NOT_REACHABLE = 1, 1, 2

TEST_WAIT = 30.0
"""Seconds `test` waits for its notice: two attempts, and the wait between them."""

LOOK = 0.25
"""Seconds between two looks whether the test arrived."""

LINE_LIMIT = 1000
"""Characters of one line that is printed."""

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def _on_engine(command: Decorated) -> Decorated:
    """--data and --json."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
    return click.option(
        "--data",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="The engine's data folder; default: $XDG_DATA_HOME/hive-console or ~/.local/share/hive-console.",
    )(command)


_NOTE = click.option("--note", default="", help="What the others should know.")
_IDS = click.argument("ids", nargs=-1, required=True, metavar="ID...")


@click.group("alerts")
def command() -> None:
    """List, acknowledge and silence alerts of a running engine, and try its channels.

    Exit status of the words that do something: 0 done; 1 refused; 2 no engine answers.
    """


# --- looking -------------------------------------------------------------------------------------


@command.command("list")
@_on_engine
@click.option("--all", "shows_all", is_flag=True, help="Resolved ones too.")
@click.option(
    "--match", "texts", multiple=True, help="Only those that match, such as provider=openai, severity!=info."
)
def listing(folder: Path | None, texts: tuple[str, ...], *, as_json: bool, shows_all: bool) -> None:
    """List the alerts, those that want somebody first.

    Exit status: 0 none wants anybody; 1 some do; 2 no engine answers.
    """
    matchers = _matchers(texts)
    fleet = _fleet(folder)
    found = [
        alert
        for alert in in_order(fleet.alerts)
        if (shows_all or alert.state is AlertState.FIRING) and all_match(matchers, alert.all_labels)
    ]
    if as_json:
        _print_json(found)
    else:
        _print(list_lines(fleet, found, time.time()))
    sys.exit(FIRES if any(alert.wants_attention for alert in found) else 0)


@command.command("show")
@_on_engine
@click.argument("alert_id", metavar="ID")
def show(folder: Path | None, alert_id: str, *, as_json: bool) -> None:
    """Show one alert: how it stands, who was told, what to do."""
    alert = _fleet(folder).alert(alert_id)
    if alert is None:
        _fail(f"there is no alert {alert_id}; hive-console alerts list --all shows those there are", REFUSED)
    if as_json:
        _print_json(alert)
    else:
        _print(show_lines(alert, time.time()))


@command.command("silences")
@_on_engine
def silences(folder: Path | None, *, as_json: bool) -> None:
    """List silences and maintenance, with author, reason, end, and how much they hide."""
    fleet = _fleet(folder)
    if as_json:
        _print_json(fleet.silences)
    else:
        _print([silence_line(silence, time.time()) for silence in fleet.silences] or ["nothing is silent"])


@command.command("channels")
@_on_engine
def channels(folder: Path | None, *, as_json: bool) -> None:
    """List the channels that notices go out by, and whether they work.

    Exit status: 0 all work; 1 one does not; 2 no engine answers.
    """
    fleet = _fleet(folder)
    if as_json:
        _print_json(fleet.channels)
    else:
        told = [channel_line(channel, time.time()) for channel in fleet.channels]
        _print(told or ["no channel is configured; see alerts.channels of the settings"])
    sys.exit(FIRES if any(channel.is_open or channel.last_error for channel in fleet.channels) else 0)


# --- doing ---------------------------------------------------------------------------------------


@command.command("ack")
@_on_engine
@_IDS
@_NOTE
@click.option(
    "--for", "seconds", type=Span(), help=f"For how long, {SPANS}; the settings' acknowledgeFor otherwise."
)
def acknowledge(
    folder: Path | None, ids: tuple[str, ...], *, note: str, seconds: float | None, as_json: bool
) -> None:
    """Take alerts: nobody else is told of them meanwhile; that they are over is told all the same."""
    _do(folder, Command(Action.ACKNOWLEDGE, ",".join(ids), note, duration=seconds), as_json=as_json)


@command.command("unack")
@_on_engine
@_IDS
@_NOTE
def give_back(folder: Path | None, ids: tuple[str, ...], *, note: str, as_json: bool) -> None:
    """Give alerts back: nobody has them any more."""
    _do(folder, Command(Action.UNACKNOWLEDGE, ",".join(ids), note), as_json=as_json)


@command.command("silence")
@_on_engine
@click.argument("what", nargs=-1, required=True, metavar="MATCHER...|ID")
@click.option("--reason", required=True, help="Why; somebody will ask.")
@click.option("--for", "seconds", type=Span(), default="1h", help=f"For how long, {SPANS}; one hour.")
@click.option("--until-resolved", "ends_early", is_flag=True, help="End it with the last alert that it covers.")
@click.option("--maintenance", "is_maintenance", is_flag=True, help="It is announced work.")
def silence(
    folder: Path | None,
    what: tuple[str, ...],
    *,
    reason: str,
    seconds: float,
    ends_early: bool,
    is_maintenance: bool,
    as_json: bool,
) -> None:
    """Silence what matches (`model=gpt-5 rule=breaker-open`), or one alert by its id."""
    words = [word for word, is_said in ((MAINTENANCE, is_maintenance), (UNTIL_RESOLVED, ends_early)) if is_said]
    said = Command(Action.SILENCE, ", ".join(what), reason, " ".join(words), duration=seconds)
    _do(folder, said, as_json=as_json)


@command.command("unsilence")
@_on_engine
@click.argument("silence_id", metavar="SILENCE")
def unsilence(folder: Path | None, silence_id: str, *, as_json: bool) -> None:
    """End a silence now."""
    _do(folder, Command(Action.UNSILENCE, silence_id), as_json=as_json)


@command.command("escalate")
@_on_engine
@_IDS
@_NOTE
def escalate(folder: Path | None, ids: tuple[str, ...], *, note: str, as_json: bool) -> None:
    """Tell those of the next step now."""
    _do(folder, Command(Action.ESCALATE, ",".join(ids), note), as_json=as_json)


@command.command("resolve")
@_on_engine
@_IDS
@_NOTE
def resolve(folder: Path | None, ids: tuple[str, ...], *, note: str, as_json: bool) -> None:
    """Resolve by hand: it is put away until its condition has been well once."""
    _do(folder, Command(Action.RESOLVE, ",".join(ids), note), as_json=as_json)


@command.command("note")
@_on_engine
@click.argument("alert_id", metavar="ID")
@click.argument("text")
def note(folder: Path | None, alert_id: str, text: str, *, as_json: bool) -> None:
    """Write something on an alert."""
    _do(folder, Command(Action.NOTE, alert_id, text), as_json=as_json)


@command.command("test")
@_on_engine
@click.argument("channel")
@click.option("--no-wait", is_flag=True, help="Do not wait for what comes of it.")
def test(folder: Path | None, channel: str, *, no_wait: bool, as_json: bool) -> None:
    """Send a notice that says it is a test over a channel, and wait for what comes of it.

    Exit status: 0 delivered; 1 refused or not delivered; 2 no engine answers.
    """
    before = _channel(_fleet(folder), channel)
    result = _said(folder, Command(Action.TEST_CHANNEL, channel))
    if not result.is_done or no_wait or before is None:
        _tell(result, as_json=as_json)
        return
    after = _outcome(folder, before)
    is_delivered = after is not None and after.delivered > before.delivered
    if is_delivered:
        said = f"delivered over {channel}"
    elif after is None:
        said = f"nothing came of it within {TEST_WAIT:g} s; it is tried further: hive-console alerts channels"
    else:
        said = f"not delivered: {after.last_error or 'given up'}"
    _tell(CommandResult(is_done=is_delivered, message=said, action_id=result.action_id), as_json=as_json)


# --- inside --------------------------------------------------------------------------------------


def _outcome(folder: Path | None, before: ChannelView) -> ChannelView | None:
    """The channel once it has delivered, failed or given up something more; `None` when it did not in time."""
    until = time.monotonic() + TEST_WAIT
    while time.monotonic() < until:
        time.sleep(LOOK)
        now = _channel(_fleet(folder), before.name)
        if now is None or (now.delivered, now.dead, now.last_error) != (
            before.delivered,
            before.dead,
            before.last_error,
        ):
            return now
    return None


def _channel(fleet: FleetSnapshot, name: str) -> ChannelView | None:
    return next((channel for channel in fleet.channels if channel.name == name), None)


def _matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    try:
        return tuple(map(Matcher.parse, texts))
    except SettingsError as error:
        raise click.BadParameter(error.problem, param_hint="--match") from error


def _fleet(folder: Path | None) -> FleetSnapshot:
    try:
        return asyncio.run(fetch_snapshot(folder or default_data_folder(os.environ)))
    except HiveError as error:
        _fail(str(error), NOT_REACHABLE)


def _do(folder: Path | None, said: Command, *, as_json: bool) -> None:
    _tell(_said(folder, said), as_json=as_json)


def _said(folder: Path | None, said: Command) -> CommandResult:
    origin = current_origin(os.environ, terminal_name())
    try:
        return asyncio.run(ask_to_do(folder or default_data_folder(os.environ), said, origin=origin))
    except HiveError as error:
        _fail(str(error), NOT_REACHABLE)


def _tell(result: CommandResult, *, as_json: bool) -> None:
    if as_json:
        _print_json(result)
    else:
        click.echo(_line(result.message), err=not result.is_done)
    sys.exit(0 if result.is_done else REFUSED)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(_line(line))


def _print_json(told: AlertView | CommandResult | Iterable[object]) -> None:
    click.echo(json.dumps(msgspec.to_builtins(told), indent=2))  # ASCII only: no control character gets out


def _line(text: str) -> str:
    return in_encoding(clean(text, LINE_LIMIT), sys.stdout.encoding)


def _fail(text: str, status: int) -> NoReturn:
    click.echo(_line(text), err=True)
    sys.exit(status)
