"""The console on an engine in another process: silence, losses and restarts, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

import pytest

from hive_console.core.command import Command, CommandResult, effect_of
from hive_console.core.console_settings import ConsoleSettings
from hive_console.core.console_wire import Greeting, Line, Request, encoded, line_of, page_of, request_of
from hive_console.core.errors import HiveError
from hive_console.core.events import ConsoleAttached
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.snapshot_delta import slices_between
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.engine.remote_client import LOST, MOST_WAITING, PATIENCE, RETRY, SILENCE, RemoteClient
from hive_console.sim.virtual_time import run_virtually
from tests.core.samples import fleet_view, model_view

NOTHING = FleetSnapshot(sequence=0, at=0.0, started_at=0.0, models=())
FLEET = fleet_view(model_view("a"))
TRIP = Command(Action.TRIP, "a", "drill")


class FakeLink:
    """Fits `Link`: lines are given to it, what is said is kept. Everything goes through the wire's own form."""

    def __init__(self, run: str = "r1", session: float = 5.0) -> None:
        self.greeting = Greeting(version="1", run=run, session=session, settings=ConsoleSettings())
        self.heard: list[Request] = []
        self.is_closed = False
        self._lines: asyncio.Queue[Line | None] = asyncio.Queue()

    def give(self, *lines: Line | None) -> None:
        """The next lines; `None` ends it."""
        for line in lines:
            self._lines.put_nowait(None if line is None else line_of(encoded(line)))

    def show(self, new: FleetSnapshot, old: FleetSnapshot | None = None) -> None:
        self.give(*(Line(news=part) for part in slices_between(old, new)))

    async def receive(self) -> Line:
        line = await self._lines.get()
        if line is None:
            raise HiveError("the engine hung up")
        return line

    def send(self, request: Request) -> None:
        self.heard.append(request_of(encoded(request)))

    async def close(self) -> None:
        self.is_closed = True

    def asked(self, op: str) -> list[Request]:
        return [request for request in self.heard if request.op == op]


class Engine:
    """Fits `Connect`: gives the links it was told to, or says why there is none."""

    def __init__(self, *links: FakeLink | str) -> None:
        self.links = list(links)
        self.tries: list[bool] = []

    async def __call__(self, *, is_read_only: bool) -> FakeLink:
        self.tries.append(is_read_only)
        link = self.links.pop(0) if self.links else "no engine is running"
        if isinstance(link, str):
            raise HiveError(link)
        return link


Scene = Callable[[RemoteClient, Engine], Awaitable[None]]


def play(engine: Engine, scene: Scene, **more: Any) -> None:  # the client's own further arguments
    """A client that follows these links while the scene goes on."""

    async def whole() -> None:
        loop = asyncio.get_running_loop()
        client = RemoteClient(NOTHING, now=loop.time, **more)
        assert_fits(client)
        async with asyncio.TaskGroup() as group:
            following = group.create_task(client.follow(engine))
            await asyncio.sleep(0)
            await scene(client, engine)
            following.cancel()

    run_virtually(whole())


def assert_fits(_: EngineClient) -> None:
    """The type checker sees to it."""


async def turn() -> None:
    """Lets everything that is ready happen."""
    for _ in range(20):
        await asyncio.sleep(0)


def result_of(future: Future[CommandResult]) -> tuple[bool, str]:
    result = future.result(timeout=0)
    return result.is_done, result.message


def test_it_shows_what_comes() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        link.give(Line(page=page_of([ConsoleAttached(at=1.0, actor="ann")], 41)))
        await turn()

        assert client.snapshot() == FLEET
        assert client.session == 5.0
        assert client.trouble == ""
        assert client.arrived.result(timeout=0).run == "r1"
        assert client.events(0).events == (ConsoleAttached(at=1.0, actor="ann"),)

    play(Engine(link), scene)


def test_a_first_connection_that_fails_says_why_and_tries_no_more() -> None:
    async def scene(client: RemoteClient, engine: Engine) -> None:
        await asyncio.sleep(10 * RETRY)

        with pytest.raises(HiveError, match="no engine is running on /data"):
            client.arrived.result(timeout=0)
        assert len(engine.tries) == 1

    play(Engine("no engine is running on /data"), scene)


def test_silence_is_told_with_its_age_and_ends_with_a_sign_of_life() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        await asyncio.sleep(SILENCE - 0.5)
        assert client.trouble == ""
        await asyncio.sleep(8.5)
        assert client.trouble == "THE ENGINE DOES NOT ANSWER for 11 s: what stands below is old."

        link.give(Line(beat=1.0))
        await turn()
        assert client.trouble == ""
        assert client.snapshot() == FLEET

    play(Engine(link), scene)


def test_a_lost_connection_is_told_at_once_and_old_news_stay() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        link.give(None)
        await turn()
        assert (
            client.trouble == "NO CONNECTION to the engine for 0 s: what stands below is old (the engine hung up)."
        )

        await asyncio.sleep(60)
        assert (
            client.trouble
            == "NO CONNECTION to the engine for 1 m: what stands below is old (no engine is running)."
        )
        assert client.snapshot() == FLEET
        assert link.is_closed

    play(Engine(link), scene)


def test_it_comes_back_to_the_same_engine_where_it_was() -> None:
    first, second = FakeLink(), FakeLink(session=6.0)

    async def scene(client: RemoteClient, _: Engine) -> None:
        first.show(FLEET)
        first.give(Line(page=page_of([ConsoleAttached(at=1.0)], 41)), None)
        await asyncio.sleep(RETRY * 1.5)
        second.show(fleet_view(model_view("b"), sequence=9))
        await turn()

        assert client.trouble == ""
        assert [model.model_id for model in client.snapshot().models] == ["b"]
        assert client.session == 6.0
        assert [request.after for request in second.asked("watch")] == [41]

    play(Engine(first, second), scene)


def test_a_restarted_engine_counts_its_events_anew() -> None:
    first, second = FakeLink("r1"), FakeLink("r2")

    async def scene(client: RemoteClient, _: Engine) -> None:
        first.show(FLEET)
        first.give(Line(page=page_of([ConsoleAttached(at=1.0)], 41)), None)
        await asyncio.sleep(RETRY * 1.5)
        second.show(FLEET)
        second.give(Line(page=page_of([ConsoleAttached(at=2.0)], 1)))
        await turn()

        assert [request.after for request in second.asked("watch")] == [0]
        assert [event.at for event in client.events(0).events] == [1.0, 2.0]

    play(Engine(first, second), scene)


def test_an_engine_that_is_silent_for_long_is_connected_to_anew() -> None:
    first, second = FakeLink(), FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        first.show(FLEET)
        await asyncio.sleep(LOST + RETRY + 0.5)
        second.show(FLEET)
        await turn()

        assert first.is_closed
        assert client.trouble == ""

    play(Engine(first, second), scene)


def test_events_that_never_came_are_counted_and_the_order_stays() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        link.give(Line(page=page_of([ConsoleAttached(at=1.0)], 1)))
        await turn()
        cursor = client.events(0).cursor
        link.give(Line(page=page_of([ConsoleAttached(at=9.0)], 12, lost=10)))
        await turn()

        page = client.events(cursor)
        assert ([event.at for event in page.events], page.lost) == ([9.0], 10)

    play(Engine(link), scene)


def test_a_command_is_answered_by_its_number() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        await turn()
        commanded, undone, stopped = client.command(TRIP), client.undo(), client.stop("why")
        await turn()
        numbers = [link.asked(op)[0].id for op in ("command", "undo", "stop")]
        for number in reversed(numbers):
            link.give(Line(id=number, is_ok=True, result=CommandResult(is_done=True, message=f"answer {number}")))
        await turn()

        assert [result_of(future) for future in (commanded, undone, stopped)] == [
            (True, f"answer {number}") for number in numbers
        ]
        assert link.asked("command")[0].command == TRIP
        assert link.asked("stop")[0].reason == "why"

    play(Engine(link), scene)


def test_a_reload_says_what_is_meant() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        await turn()
        reloaded = client.reload(dry_run=False, expected="d1")
        await turn()
        (asked,) = link.asked("reload")
        link.give(Line(id=asked.id, is_ok=True, reload=ReloadReport(is_good=True, message="applied")))
        await turn()

        assert (asked.is_dry_run, asked.expected) == (False, "d1")
        assert reloaded.result(timeout=0).message == "applied"

    play(Engine(link), scene)


def test_a_request_that_is_refused_says_why() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        await turn()
        commanded = client.command(TRIP)
        await turn()
        link.give(Line(id=link.asked("command")[0].id, error="no such thing\x1b[2J"))
        await turn()

        assert result_of(commanded) == (False, "no such thing␛[2J")

    play(Engine(link), scene)


def test_a_command_whose_connection_is_lost_may_have_been_done() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        await turn()
        commanded, reloaded = client.command(TRIP), client.reload(dry_run=True)
        await turn()
        link.give(None)
        await turn()

        said = "the connection is lost; it is not known whether it was done: look at the audit trail"
        assert result_of(commanded) == (False, said)
        assert reloaded.result(timeout=0).message == said

    play(Engine(link), scene)


def test_a_command_that_is_never_answered_may_have_been_done() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, engine: Engine) -> None:
        link.show(FLEET)
        await turn()
        commanded = client.command(TRIP)
        for _second in range(int(PATIENCE) + 2):
            link.give(Line(beat=1.0))
            await asyncio.sleep(1)

        assert len(engine.tries) == 1
        assert result_of(commanded) == (
            False,
            "no answer within 120 s; it is not known whether it was done: look at the audit trail",
        )

    play(Engine(link), scene)


def test_nothing_is_sent_to_an_engine_that_is_silent_or_gone() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        await asyncio.sleep(SILENCE + 1)
        silent, effect = client.command(TRIP), client.preview(TRIP)
        link.give(None)
        await turn()
        gone = client.undo()
        await turn()

        assert [result_of(future) for future in (silent, gone)] == [
            (False, "not sent: the engine cannot be reached now")
        ] * 2
        assert (effect.is_allowed, effect.refusal) == (False, "the engine cannot be reached now")
        assert link.asked("command") == link.asked("undo") == []

    play(Engine(link), scene)


def test_what_is_under_way_is_bounded() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        await turn()
        futures = [client.command(TRIP) for _ in range(MOST_WAITING + 1)]
        await turn()

        assert [future.done() for future in futures] == [False] * MOST_WAITING + [True]
        assert result_of(futures[-1]) == (False, "not sent: too much is under way")

    play(Engine(link), scene)


def test_a_preview_is_of_what_is_shown() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        await turn()

        assert client.preview(TRIP) == effect_of(TRIP, FLEET)

    play(Engine(link), scene)


def test_read_only_is_for_good_over_every_connection() -> None:
    first, second = FakeLink(), FakeLink()

    async def scene(client: RemoteClient, engine: Engine) -> None:
        first.show(FLEET)
        await turn()
        client.become_read_only()
        await turn()
        first.give(None)
        await asyncio.sleep(RETRY * 1.5)

        assert client.is_read_only
        assert len(first.asked("read-only")) == 1
        assert engine.tries == [False, True]

    play(Engine(first, second), scene)


def test_leaving_says_why() -> None:
    link = FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        link.show(FLEET)
        await turn()
        client.leave("the terminal hung up")
        await turn()

        assert [request.reason for request in link.asked("bye")] == ["the terminal hung up"]

    play(Engine(link), scene)


@pytest.mark.parametrize(
    "line",
    [
        Line(error="what was that?"),
        Line(news=next(iter(slices_between(FLEET, FLEET)))),
        Line(page=page_of([], 1, lost=1)),
    ],
    ids=["an error", "a change to nothing", "a page"],
)
def test_it_goes_on_whatever_an_engine_says(line: Line) -> None:
    first, second = FakeLink(), FakeLink()

    async def scene(client: RemoteClient, engine: Engine) -> None:
        first.show(FLEET)
        await turn()
        first.give(line)
        first.give(None)
        await asyncio.sleep(RETRY * 1.5)
        second.show(FLEET)
        await turn()

        assert client.trouble == ""
        assert len(engine.tries) == 2

    play(Engine(first, second), scene)


def test_numbers_are_not_used_twice() -> None:
    first, second = FakeLink(), FakeLink()

    async def scene(client: RemoteClient, _: Engine) -> None:
        for link in (first, second):
            link.show(FLEET)
            await turn()
            client.undo()
            await turn()
            link.give(None)
            await asyncio.sleep(RETRY * 1.5)

        numbers = [request.id for link in (first, second) for request in link.asked("undo")]
        assert all(later > earlier for earlier, later in itertools.pairwise(numbers))

    play(Engine(first, second), scene)


def test_before_it_follows_nothing_is_sent() -> None:
    client = RemoteClient(NOTHING, now=lambda: 0.0)

    assert result_of(client.command(TRIP)) == (False, "not sent: the engine cannot be reached now")
