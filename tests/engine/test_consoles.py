"""Who looks at an engine: told, shown, audited; and what a console that may only look is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hive_console.core.command import WATCHES_ONLY, Command
from hive_console.core.errors import RecordingFailed
from hive_console.core.events import ConsoleAttached, ConsoleDetached, OperatorActed
from hive_console.core.snapshot import ConsoleView
from hive_console.core.states import Action, ActionPhase, BreakerState
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import Stage, model, staged


def rows(stage: Stage, *actions: Action) -> list[tuple[Action, ActionPhase, str, str]]:
    """Audit rows of these actions: what, how it went, who, and what was noted."""
    audited = [
        event for event in (*stage.recorder.events, *stage.recorder.durable) if isinstance(event, OperatorActed)
    ]
    return [(row.action, row.phase, row.actor, row.detail) for row in audited if row.action in actions]


def test_a_console_is_shown_while_it_is_there() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            ann = stage.engine.consoles.attach("ann", origin="tty pts/3")
            bob = stage.engine.consoles.attach("bob", is_read_only=True)
            shown = stage.engine.snapshot().consoles
            stage.engine.consoles.detach(ann, "left")

            assert shown == (ConsoleView("ann", "tty pts/3", ann), ConsoleView("bob", "", bob, True))
            assert stage.engine.snapshot().consoles == shown[1:]

    run_virtually(scene())


def test_two_consoles_of_one_moment_have_two_names() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            assert len({stage.engine.consoles.attach("ann") for _ in range(5)}) == 5

    run_virtually(scene())


def test_coming_and_going_is_told_and_audited() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            session = stage.engine.consoles.attach("ann", origin="tty pts/3", is_read_only=True)
            stage.engine.consoles.detach(session, "the terminal hung up\x1b[2J")
            stage.engine.consoles.detach(session, "once more")

            (came,) = stage.happened(ConsoleAttached)
            (went,) = stage.happened(ConsoleDetached)
            assert (came.actor, came.origin, came.is_read_only) == ("ann", "tty pts/3", True)
            assert (went.actor, went.cause) == ("ann", "the terminal hung up␛[2J")
            assert rows(stage, Action.ATTACH, Action.DETACH) == [
                (Action.ATTACH, ActionPhase.DONE, "ann", "read-only"),
                (Action.DETACH, ActionPhase.DONE, "ann", "the terminal hung up␛[2J"),
            ]

    run_virtually(scene())


def test_a_console_becomes_read_only_for_good() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            session = stage.engine.consoles.attach("ann")
            stage.engine.consoles.become_read_only(session)
            stage.engine.consoles.become_read_only(session)
            stage.engine.consoles.become_read_only(-1.0)

            assert [console.is_read_only for console in stage.engine.snapshot().consoles] == [True]

    run_virtually(scene())


def test_a_watching_console_commands_nothing_and_the_trail_says_so() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            command = Command(Action.TRIP, "a", "drill", actor="bob", is_watcher=True)

            result = await stage.engine.command(command)

            assert (result.is_done, result.message) == (False, WATCHES_ONLY)
            assert stage.view("a").breaker.state is BreakerState.CLOSED
            assert rows(stage, Action.TRIP) == [(Action.TRIP, ActionPhase.REFUSED, "bob", WATCHES_ONLY)]

    run_virtually(scene())


def test_a_watching_console_undoes_nothing_and_the_offer_stands() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            await stage.say(Action.TRIP, "a")

            refused = await stage.engine.undo("bob", is_watcher=True)
            undone = await stage.engine.undo("ann")

            assert (refused.is_done, refused.message) == (False, WATCHES_ONLY)
            assert undone.is_done
            assert stage.view("a").breaker.state is BreakerState.CLOSED

    run_virtually(scene())


def test_a_watching_console_reloads_nothing_and_the_trail_says_so() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            refused = await stage.engine.refuse_reload("bob", origin="tty pts/4")

            assert (refused.is_done, refused.message) == (False, WATCHES_ONLY)
            assert rows(stage, Action.RELOAD) == [(Action.RELOAD, ActionPhase.REFUSED, "bob", WATCHES_ONLY)]

    run_virtually(scene())


def test_the_engine_is_stopped_once_the_trail_has_it() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            trail: list[list[ActionPhase]] = []
            stage.engine.say_how_to_stop(lambda: trail.append([phase for _, phase, *_ in rows(stage, Action.STOP)]))

            result = await stage.engine.stop("ann", reason="moving house", origin="tty pts/3")

            assert (result.is_done, result.message) == (True, "the engine is stopping")
            assert trail == [[ActionPhase.INTENDED, ActionPhase.DONE]]

    run_virtually(scene())


def test_a_watching_console_stops_nothing() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stopped = asyncio.Event()
            stage.engine.say_how_to_stop(stopped.set)

            result = await stage.engine.stop("bob", is_watcher=True)

            assert (result.is_done, result.message) == (False, WATCHES_ONLY)
            assert not stopped.is_set()
            assert rows(stage, Action.STOP) == [(Action.STOP, ActionPhase.REFUSED, "bob", WATCHES_ONLY)]

    run_virtually(scene())


def test_a_stop_that_cannot_be_recorded_is_not_done_and_says_what_works() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stopped = asyncio.Event()
            stage.engine.say_how_to_stop(stopped.set)
            stage.recorder.failure = RecordingFailed("disk full")

            result = await stage.engine.stop("ann")

            assert not result.is_done
            assert "disk full; SIGTERM stops it all the same" in result.message
            assert not stopped.is_set()

    run_virtually(scene())


def test_an_engine_inside_a_program_is_not_stopped_by_a_console() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            result = await stage.engine.stop("ann")

            assert not result.is_done
            assert "part of a program" in result.message

    run_virtually(scene())


def test_an_undo_is_said_in_the_name_of_who_undoes() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            await stage.engine.command(replace(Command(Action.TRIP, "a", "drill"), actor="ann"))
            await stage.engine.undo("bob", origin="tty pts/4")

            assert rows(stage, Action.RESET)[-1][:3] == (Action.RESET, ActionPhase.DONE, "bob")

    run_virtually(scene())
