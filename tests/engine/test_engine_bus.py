"""The bus: order, consequences at the back of the queue, and readers that fail."""

from __future__ import annotations

from hive_console.core.events import ConsoleDetached, EngineStopped, Event, ServiceFailed
from hive_console.engine.bus import NOTHING, Bus


def test_consequences_go_to_the_back_of_the_queue() -> None:
    seen: list[str] = []

    def cause(event: Event) -> tuple[Event, ...]:
        return (
            (ConsoleDetached(at=1.0),) if isinstance(event, EngineStopped) and event.cause == "first" else NOTHING
        )

    def see(event: Event) -> tuple[Event, ...]:
        seen.append(getattr(event, "cause", ""))
        return NOTHING

    bus = Bus()
    bus.subscribe(cause)
    bus.subscribe(see)
    bus.publish([EngineStopped(at=1.0, cause="first"), EngineStopped(at=1.0, cause="second")])

    assert seen == ["first", "second", ""]


def test_a_reader_that_fails_keeps_nothing_from_the_others_and_is_told_of_once() -> None:
    seen: list[Event] = []

    def fail(_: Event) -> tuple[Event, ...]:
        raise KeyError("a secret prompt")

    def see(event: Event) -> tuple[Event, ...]:
        seen.append(event)
        return NOTHING

    bus = Bus()
    bus.subscribe(fail)
    bus.subscribe(see)
    bus.publish([EngineStopped(at=1.0)])

    stopped, failed = seen
    assert isinstance(stopped, EngineStopped)
    assert isinstance(failed, ServiceFailed)
    assert "secret" not in failed.message
