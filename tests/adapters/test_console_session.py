"""Consoles on an engine over a real socket: what they see, at whose pace, and in whose name they ask."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hive_console.adapters.control_socket import (
    MAX_CONNECTIONS,
    ControlServer,
    EngineNotReachable,
    Link,
    LinkLost,
    ask_to_do,
    attach_to,
    fetch_snapshot,
    socket_path,
)
from hive_console.adapters.control_socket.session import IT_STALLED, IT_WENT, MOST_ASKED
from hive_console.adapters.identity import login_name
from hive_console.core.command import Command, effect_of
from hive_console.core.console_settings import ConsoleSettings, Remap, ThemeChoice
from hive_console.core.console_wire import EVENTS_AT_ONCE, Line, Request, encoded, events_of, line_of
from hive_console.core.errors import HiveError
from hive_console.core.events import ConsoleAttached, Event
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.snapshot_delta import Assembly
from hive_console.core.states import Action
from hive_console.engine.remote_client import RemoteClient
from hive_console.version import VERSION
from hive_console.wiring.attach import LinkThread
from tests.adapters.operations import FLEET, view_of
from tests.adapters.watched import DONE, FakeEngine

SOON = 10.0

ME = login_name(os.getuid())

TRIP = Command(Action.TRIP, "gpt-4", "drill", actor="mallory", origin="forged")

LOOK = ConsoleSettings(theme=ThemeChoice.MONO, keys=(Remap("fleet.sort", ("o", "?")),))

APPLIED = ReloadReport(is_good=True, message="applied")


async def reload(*, actor: str, origin: str, dry_run: bool, expected: str = "") -> ReloadReport:
    return replace(APPLIED, changes=(actor, origin, str(dry_run), expected))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: pytest's own temporary ones may be too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="hive") as name:
        yield Path(name)


@asynccontextmanager
async def serving(
    folder: Path, engine: FakeEngine, *, version: str = "1.0", **more: float
) -> AsyncIterator[ControlServer]:
    server = ControlServer(
        socket_path(folder),
        engine.snapshot,
        reload=reload,
        engine=engine,
        version=version,
        settings=lambda: LOOK,
        **more,
    )
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def attached(folder: Path, *, is_read_only: bool = False, origin: str = "tty pts/3") -> AsyncIterator[Link]:
    link = await attach_to(folder, version="1.0", origin=origin, is_read_only=is_read_only)
    try:
        yield link
    finally:
        await link.close()


async def next_line(link: Link) -> Line:
    async with asyncio.timeout(SOON):
        return await link.receive()


async def answer_to(link: Link, number: int) -> Line:
    """The answer to a request, whatever else comes before it."""
    while True:
        line = await next_line(link)
        if line.id == number:
            return line


class Watching:
    """What a console sees that takes everything that comes."""

    def __init__(self, link: Link) -> None:
        self._link, self._assembly = link, Assembly()
        self.fleets: list[FleetSnapshot] = []
        self.events: list[Event] = []
        self.lost = 0
        self.longest_page = 0
        self.beats = 0
        link.send(Request(op="watch"))

    async def take(self) -> Line:
        line = await next_line(self._link)
        if line.news is not None:
            fleet = self._assembly.take(line.news)
            if fleet is not None:
                self.fleets.append(fleet)
        if line.page is not None:
            happened = events_of(line.page)
            self.events += happened
            self.longest_page = max(self.longest_page, len(happened))
            self.lost += line.page.lost
        self.beats += line.beat is not None
        return line

    async def until_shown(self, fleet: FleetSnapshot) -> None:
        while not self.fleets or self.fleets[-1] != fleet:
            await self.take()

    async def until_happened(self, count: int) -> None:
        while len(self.events) < count:
            await self.take()


def posted(engine: FakeEngine, sequence: int, *, in_flight: int) -> FleetSnapshot:
    """The engine publishes a snapshot in which one model is another."""
    model = replace(engine.fleet.models[0], in_flight=in_flight)
    engine.fleet = replace(engine.fleet, sequence=sequence, models=(model, *engine.fleet.models[1:]))
    return engine.fleet


async def test_the_engine_greets_and_knows_who_is_here(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine), attached(folder, origin="ssh 10.0.0.5\x1b[2J", is_read_only=True) as link:
        assert link.greeting.version == "1.0"
        assert link.greeting.run == "r1"
        assert link.greeting.session == 1.0
        assert link.greeting.settings == LOOK
        assert engine.consoles.came == [(ME, f"attached, process {os.getpid()}, ssh 10.0.0.5␛[2J", True)]


async def test_a_console_gets_a_whole_snapshot_and_then_what_changed(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine), attached(folder) as link:
        watching = Watching(link)
        await watching.until_shown(FLEET)

        changed = posted(engine, 8, in_flight=4)
        line = await watching.take()
        while line.news is None:
            line = await watching.take()

        assert watching.fleets == [FLEET, changed]
        assert msgspec.json.decode(msgspec.json.encode(line.news)) == {
            "size": 2,
            "fleet": {"sequence": 8},
            "models": [[0, {"in_flight": 4}]],
        }


async def test_a_large_fleet_comes_in_slices(folder: Path) -> None:
    model = replace(view_of("m"), response_times=(0.123456,) * 180, error_rates=(0.5,) * 180)
    engine = FakeEngine(replace(FLEET, models=(model,) * 500))
    async with serving(folder, engine), attached(folder) as link:
        watching = Watching(link)
        slices = 0
        while not watching.fleets:
            slices += (await watching.take()).news is not None

        assert watching.fleets == [engine.fleet]
        assert slices == 10


async def test_two_consoles_see_the_same(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine), attached(folder) as one, attached(folder) as other:
        watchings = [Watching(one), Watching(other)]
        for watching in watchings:
            await watching.until_shown(FLEET)
        changed = posted(engine, 8, in_flight=1)
        for watching in watchings:
            await watching.until_shown(changed)

        assert [watching.fleets for watching in watchings] == [[FLEET, changed]] * 2


async def test_a_slow_console_gets_the_newest_and_nothing_is_queued_for_it(folder: Path) -> None:
    names = [f"m{number}" for number in range(300)]
    engine = FakeEngine(replace(FLEET, models=tuple(view_of(name) for name in names)))
    async with serving(folder, engine), attached(folder) as link:
        watching = Watching(link)
        await watching.until_shown(engine.fleet)
        for sequence in range(8, 40):  # one a line that is read, and each is six lines long
            models = tuple(replace(view_of(name), last_error=f"{sequence}" * 1000) for name in names)
            engine.fleet = replace(engine.fleet, sequence=sequence, models=models)
            await watching.take()
        await watching.until_shown(engine.fleet)

        seen = [fleet.sequence for fleet in watching.fleets]
        assert len(seen) < 16
        assert seen == sorted(seen)


async def test_events_come_in_order_and_some_at_a_time(folder: Path) -> None:
    engine = FakeEngine()
    engine.feed.happened = [ConsoleAttached(at=float(number)) for number in range(EVENTS_AT_ONCE * 3)]
    async with serving(folder, engine), attached(folder) as link:
        watching = Watching(link)
        await watching.until_happened(EVENTS_AT_ONCE * 3)

        assert watching.events == engine.feed.happened
        assert watching.longest_page == EVENTS_AT_ONCE


async def test_events_that_were_overwritten_are_counted(folder: Path) -> None:
    engine = FakeEngine()
    engine.feed.length = 5
    async with serving(folder, engine), attached(folder) as link:
        watching = Watching(link)
        engine.feed.happened = [ConsoleAttached(at=0.0)]
        posted(engine, 8, in_flight=1)
        await watching.until_happened(1)
        engine.feed.happened += [ConsoleAttached(at=float(number)) for number in range(1, 21)]
        posted(engine, 9, in_flight=2)
        await watching.until_happened(6)

        assert [event.at for event in watching.events] == [0.0, 16.0, 17.0, 18.0, 19.0, 20.0]
        assert watching.lost == 15


async def test_a_calm_engine_gives_signs_of_life(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine, beat=0.02), attached(folder) as link:
        watching = Watching(link)
        while watching.beats < 3:
            await watching.take()

        assert watching.fleets == [FLEET]


async def test_a_command_is_said_in_the_name_that_the_kernel_attests(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine), attached(folder) as link:
        link.send(Request(op="command", id=7, command=TRIP))
        answer = await answer_to(link, 7)

        assert answer.result == DONE
        origin = f"attached, process {os.getpid()}, tty pts/3"
        assert engine.said == [replace(TRIP, actor=ME, origin=origin, is_watcher=False)]


async def test_what_a_console_asks_reaches_the_engine(folder: Path) -> None:
    engine = FakeEngine()
    origin = f"attached, process {os.getpid()}, tty pts/3"
    async with serving(folder, engine), attached(folder) as link:
        link.send(Request(op="undo", id=1))
        link.send(Request(op="stop", id=2, reason="moving house"))
        link.send(Request(op="preview", id=3, command=TRIP))
        link.send(Request(op="reload", id=4, is_dry_run=False, expected="d1"))
        answers = {line.id: line for line in [await next_line(link) for _ in range(4)]}

        assert engine.undone == [(ME, origin, False)]
        assert engine.stopped == [(ME, "moving house", origin, False)]
        assert answers[3].effect == effect_of(TRIP, FLEET)
        assert answers[4].reload == replace(APPLIED, changes=(ME, origin, "False", "d1"))


async def test_a_watching_console_is_one_for_the_engine_whatever_it_claims(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine), attached(folder, is_read_only=True) as link:
        link.send(Request(op="command", id=1, command=replace(TRIP, is_watcher=False)))
        link.send(Request(op="undo", id=2))
        link.send(Request(op="stop", id=3))
        link.send(Request(op="reload", id=4, is_dry_run=False))
        link.send(Request(op="reload", id=5, is_dry_run=True))
        answers = {line.id: line for line in [await next_line(link) for _ in range(5)]}

        assert [command.is_watcher for command in engine.said] == [True]
        assert [is_watcher for *_, is_watcher in (*engine.undone, *engine.stopped)] == [True, True]
        refused, previewed = answers[4].reload, answers[5].reload
        assert refused is not None
        assert previewed is not None
        assert (refused.message, refused.action_id) == ("this console may only look", "a2")
        assert engine.reloads_refused == [(ME, f"attached, process {os.getpid()}, tty pts/3")]
        assert previewed.is_good


async def test_a_console_can_give_up_acting_and_not_take_it_back(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine), attached(folder) as link:
        link.send(Request(op="command", id=1, command=TRIP))
        await answer_to(link, 1)
        link.send(Request(op="read-only", id=2))
        link.send(Request(op="hello", id=3, version="1.0", is_read_only=False))
        link.send(Request(op="command", id=4, command=TRIP))
        assert (await answer_to(link, 2)).is_ok
        await answer_to(link, 4)

        assert [command.is_watcher for command in engine.said] == [False, True]
        assert engine.consoles.watchers == [1.0]


async def test_a_console_of_another_version_is_refused_in_words(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine):
        with pytest.raises(
            EngineNotReachable, match=r"engine is version 1\.0 and the console version 2\.0; run the same"
        ):
            await attach_to(folder, version="2.0")

        assert engine.consoles.came == []


async def test_an_engine_that_knows_no_consoles_says_so(folder: Path) -> None:
    server = ControlServer(socket_path(folder), lambda: FLEET)
    await server.start()
    with pytest.raises(EngineNotReachable, match="refused: unknown op 'hello'"):
        await attach_to(folder, version="1.0")
    await server.stop()


async def test_where_no_engine_runs_it_says_how_to_start_one(folder: Path) -> None:
    with pytest.raises(EngineNotReachable, match=f"hive-console serve --data {folder}"):
        await attach_to(folder, version="1.0")


async def test_an_engine_that_hangs_is_told_apart(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(socket_path(folder)))
        silent.listen()
        with pytest.raises(EngineNotReachable, match=r"did not answer within 0\.1 s"):
            await attach_to(folder, version="1.0", wait=0.1)


@pytest.mark.parametrize(
    ("line", "said"), [(b"", "hung up"), (b"{\n", "same version"), (b'{"ok":true}\n', "refused")]
)
async def test_an_engine_that_does_not_greet_is_no_engine(folder: Path, line: bytes, said: str) -> None:
    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(line)
        writer.close()

    async with await asyncio.start_unix_server(strange, socket_path(folder)):
        with pytest.raises(EngineNotReachable, match=said):
            await attach_to(folder, version="1.0")


async def test_a_hello_that_cannot_be_read_is_refused(folder: Path) -> None:
    async with serving(folder, FakeEngine()):
        reader, writer = await asyncio.open_unix_connection(socket_path(folder))
        writer.write(b'{"op":"hello","id":"one"}\n')
        answer = msgspec.json.decode(await asyncio.wait_for(reader.readline(), SOON))
        writer.close()

    assert answer["ok"] is False
    assert "cannot read it" in answer["error"]


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b'{"op":7}\n', b"\xff\n", b'{"op":"dance"}\n'])
async def test_what_is_no_request_gets_an_error_and_the_console_stays(folder: Path, line: bytes) -> None:
    async with serving(folder, FakeEngine()):
        reader, writer = await asyncio.open_unix_connection(socket_path(folder))
        writer.write(encoded(Request(op="hello", version="1.0")) + line)
        writer.write(encoded(Request(op="undo", id=9)))
        lines = [msgspec.json.decode(await asyncio.wait_for(reader.readline(), SOON)) for _ in range(3)]
        writer.close()

    assert {said.get("error", "").isprintable() for said in lines} == {True}
    assert sorted(said.get("id", 0) for said in lines) == [0, 0, 9]


async def test_a_command_without_one_is_an_error(folder: Path) -> None:
    async with serving(folder, FakeEngine()), attached(folder) as link:
        link.send(Request(op="command", id=1))

        assert (await answer_to(link, 1)).error == "a command needs its command"


async def test_half_a_line_waits_for_its_other_half(folder: Path) -> None:
    engine = FakeEngine()
    line = encoded(Request(op="command", id=1, command=TRIP))
    async with serving(folder, engine):
        reader, writer = await asyncio.open_unix_connection(socket_path(folder))
        writer.write(encoded(Request(op="hello", version="1.0")) + line[:20])
        await asyncio.wait_for(reader.readline(), SOON)
        said_after_half = list(engine.said)
        writer.write(line[20:])
        answer = line_of(await asyncio.wait_for(reader.readline(), SOON))
        writer.close()

    assert said_after_half == []
    assert answer.result == DONE


async def test_a_line_of_a_megabyte_ends_the_console_in_words(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine), attached(folder) as link:
        link.send(Request(op="bye", reason="x" * 1_000_000))
        line = await next_line(link)
        with pytest.raises(LinkLost):
            await next_line(link)

        assert "a short one" in line.error
        assert engine.consoles.gone == [(1.0, "it sent a line without end")]


async def test_a_deed_that_was_begun_is_ended_though_its_console_goes(folder: Path) -> None:
    engine = FakeEngine(hold=asyncio.Event())
    assert engine.hold is not None
    async with serving(folder, engine):
        async with attached(folder) as link:
            link.send(Request(op="command", id=1, command=TRIP))
            await asyncio.wait_for(engine.somebody_asked.wait(), SOON)
        await asyncio.wait_for(engine.consoles.somebody_went.wait(), SOON)
        assert engine.ended == []
        engine.hold.set()

    assert engine.ended == ["gpt-4"]


async def test_requests_under_way_are_bounded(folder: Path) -> None:
    engine = FakeEngine(hold=asyncio.Event())
    assert engine.hold is not None
    async with serving(folder, engine), attached(folder) as link:
        for number in range(1, MOST_ASKED + 2):
            link.send(Request(op="command", id=number, command=TRIP))
        refused = await next_line(link)
        engine.hold.set()

        assert refused.id == MOST_ASKED + 1
        assert "more than 8 requests at once" in refused.error
        assert (await answer_to(link, 1)).result == DONE


@pytest.mark.parametrize(
    ("error", "said"), [(HiveError("no such luck"), "no such luck"), (KeyError("sk-secret"), "KeyError")]
)
async def test_an_error_of_one_request_is_told_and_the_console_stays(
    folder: Path, error: Exception, said: str
) -> None:
    engine = FakeEngine(error=error)
    async with serving(folder, engine), attached(folder) as link:
        link.send(Request(op="command", id=1, command=TRIP))
        failed = await answer_to(link, 1)
        link.send(Request(op="undo", id=2))

        assert said in failed.error
        assert "sk-secret" not in failed.error
        assert (await answer_to(link, 2)).result == DONE


async def test_leaving_is_told_with_its_reason(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine):
        async with attached(folder) as link:
            Watching(link)
            link.send(Request(op="bye", reason="the terminal hung up\x1b[2J"))
        await asyncio.wait_for(engine.consoles.somebody_went.wait(), SOON)

    assert engine.consoles.gone == [(1.0, "the terminal hung up␛[2J")]


async def test_a_console_that_is_killed_is_told_too(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine):
        async with attached(folder) as link:
            await Watching(link).until_shown(FLEET)
        await asyncio.wait_for(engine.consoles.somebody_went.wait(), SOON)

    assert engine.consoles.gone == [(1.0, IT_WENT)]


async def test_a_console_that_reads_nothing_is_let_go(folder: Path) -> None:
    engine = FakeEngine(replace(FLEET, environment="x" * 4_000_000))
    async with serving(folder, engine, idle_timeout=0.05):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            await loop.sock_connect(client, str(socket_path(folder)))
            await loop.sock_sendall(client, encoded(Request(op="hello", version="1.0")))
            await loop.sock_sendall(client, encoded(Request(op="watch")))
            await asyncio.wait_for(engine.consoles.somebody_went.wait(), SOON)

    assert engine.consoles.gone == [(1.0, IT_STALLED)]


async def test_an_engine_that_stops_hangs_up_and_tells_of_no_detachment(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine) as server, attached(folder) as link:
        await Watching(link).until_shown(FLEET)
        await asyncio.wait_for(server.stop(), SOON)
        with pytest.raises(LinkLost, match="hung up"):
            await next_line(link)

    assert engine.consoles.gone == []


async def test_consoles_are_bounded_and_the_refusal_says_so(folder: Path) -> None:
    async with serving(folder, FakeEngine()):
        crowd = [await attach_to(folder, version="1.0") for _ in range(MAX_CONNECTIONS)]
        with pytest.raises(EngineNotReachable, match="more than 16 connections"):
            await attach_to(folder, version="1.0")
        with pytest.raises(EngineNotReachable, match="more than 16 connections"):
            await fetch_snapshot(folder)
        for link in crowd:
            await link.close()


async def test_a_console_follows_on_a_thread_of_its_own_and_says_goodbye(folder: Path) -> None:
    engine = FakeEngine()
    nothing = FleetSnapshot(sequence=0, at=0.0, started_at=0.0, models=())
    client = RemoteClient(nothing, now=time.monotonic)
    link = LinkThread(folder, client, origin="tty pts/3")
    async with serving(folder, engine, version=VERSION):
        link.start()
        greeting = await asyncio.wait_for(asyncio.wrap_future(client.arrived), SOON)
        result = await asyncio.wait_for(asyncio.wrap_future(client.command(TRIP)), SOON)
        is_over = await asyncio.to_thread(link.stop, "its screen was left")
        await asyncio.wait_for(engine.consoles.somebody_went.wait(), SOON)

    assert is_over
    assert (greeting.run, client.snapshot(), result) == ("r1", FLEET, DONE)
    assert engine.consoles.gone == [(1.0, "its screen was left")]


async def test_a_console_on_no_engine_ends_with_words(folder: Path) -> None:
    client = RemoteClient(FLEET, now=time.monotonic)
    link = LinkThread(folder, client, origin="")
    link.start()
    with pytest.raises(EngineNotReachable, match="no engine is running"):
        await asyncio.wait_for(asyncio.wrap_future(client.arrived), SOON)

    assert await asyncio.to_thread(link.stop, "")


# --- a word without a console --------------------------------------------------------------------


async def test_a_program_says_a_command_in_the_name_of_whoever_runs_it(folder: Path) -> None:
    engine = FakeEngine()
    async with serving(folder, engine):
        lie = Command(Action.ACKNOWLEDGE, "A1", "mine", actor="root", origin="the moon", is_watcher=True)

        result = await ask_to_do(folder, lie, origin="ssh 10.0.0.5")

    assert result == DONE
    said = engine.said[0]
    assert (said.actor, said.origin, said.is_watcher) == (ME, "control socket, ssh 10.0.0.5", False)
    assert (said.action, said.target, said.reason) == (Action.ACKNOWLEDGE, "A1", "mine")
    assert engine.consoles.came == []


async def test_what_is_no_command_and_what_fails_is_told_to_who_asked(folder: Path) -> None:
    engine = FakeEngine(error=ValueError("sk-secret"))
    async with serving(folder, engine):
        with pytest.raises(EngineNotReachable, match="the engine met an error: ValueError at"):
            await ask_to_do(folder, Command(Action.TRIP, "a"))
        reader, writer = await asyncio.open_unix_connection(socket_path(folder))
        writer.write(b'{"op":"command","command":{"action":"explode","target":"a"}}\n')
        answer = await reader.readline()
        writer.close()

    assert b"no such command" in answer
    assert len(engine.said) == 1
