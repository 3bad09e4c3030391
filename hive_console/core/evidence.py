"""What can be seen of an operator's deed in the fleet before it, the fleet now, and what happened since; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from hive_console.core.command import Command
from hive_console.core.effects_on_many import meant_by
from hive_console.core.events import AttemptFinished, BreakerChanged, Event, OperationFinished, ProbeFinished
from hive_console.core.outcome import OutcomeKind, Verdict
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import BreakerState, HoldKind, OperationResult
from hive_console.core.wording import failure, span, whole_percent

SAMPLE = 10
"""Requests from which a share can be told at all."""


class Standing(Enum):
    """How far a check is."""

    AWAITED = "awaited"
    SEEN = "seen"
    FAILED = "failed"
    UNSEEN = "unseen"  # the time in which it was looked for is over


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that shows whether a deed came true, in words, and how far it is."""

    text: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a look may see.

    Attributes:
        command: what was done.
        before: the fleet just before.
        fleet: the fleet now.
        events: what happened since, oldest first.
    """

    command: Command
    before: FleetSnapshot
    fleet: FleetSnapshot
    events: tuple[Event, ...]

    @property
    def name(self) -> str:
        """Whom the command is about."""
        return self.command.target

    @property
    def model(self) -> ModelView | None:
        """The model of that name, as it is now."""
        return self.fleet.model(self.command.target)

    @property
    def operations(self) -> Iterator[OperationFinished]:
        """The operations that ended."""
        return (event for event in self.events if isinstance(event, OperationFinished))

    @property
    def answered(self) -> list[OperationFinished]:
        """The operations that were answered."""
        return [operation for operation in self.operations if operation.result is OperationResult.ANSWERED]

    @property
    def moves(self) -> list[BreakerChanged]:
        """The moves of the breaker."""
        return [event for event in self.events if isinstance(event, BreakerChanged)]

    def is_held(self, kind: HoldKind) -> bool:
        """Whether a person keeps it so."""
        return any(hold.kind is kind and hold.target == self.name for hold in self.fleet.holds)


def seen(is_so: bool, told: str, awaited: str) -> Check:  # noqa: FBT001 - a claim, not a mode
    """What is so, in words, or what is waited for."""
    return Check(told, Standing.SEEN) if is_so else Check(awaited, Standing.AWAITED)


def counted(number: int, what: str) -> str:
    """`1 request`, `3 requests`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def breaker_was(scene: Scene, model: ModelView, state: BreakerState) -> bool:
    """Whether the breaker is in this state, or was since the deed."""
    return model.breaker.state is state or any(move.new is state for move in scene.moves)


def closed(scene: Scene, model: ModelView) -> Check:
    """That the breaker closed, and did not open again."""
    last = scene.moves[-1] if scene.moves else None
    if last is not None and last.new is BreakerState.OPEN and last.old is not BreakerState.ISOLATED:
        return Check(f"its breaker opened again: {last.cause}", Standing.FAILED)
    is_closed = model.breaker.state not in {BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.ISOLATED}
    return seen(is_closed, "its breaker is closed", "its breaker closes")


def drained(scene: Scene) -> Check:
    """That calls which were under way ended."""
    had = sum(model.in_flight for model in meant_by(scene.name, scene.before))
    has = sum(model.in_flight for model in meant_by(scene.name, scene.fleet))
    return seen(not has, f"calls under way {had} → 0", f"calls under way {had} → {has}")


def elsewhere(scene: Scene, model: ModelView) -> Iterator[Check]:
    """Who answers the model's callers, now that it is not called, and that it really does."""
    if model.serving == scene.name:
        yield Check("its traffic goes to another model", Standing.AWAITED)
    elif model.serving is None:
        yield Check("NOBODY serves its traffic: its requests fail", Standing.FAILED)
    else:
        yield Check(f"its traffic goes to {model.serving}", Standing.SEEN)
        yield answer_by(scene, model.serving)


def answer_by(scene: Scene, by: str) -> Check:
    """The first answer of this model to a request for the deed's."""
    asked = [operation for operation in scene.operations if operation.requested == scene.name]
    for operation in asked:
        if operation.result is OperationResult.ANSWERED and operation.served_by == by:
            return Check(f"first answer by {by} in {span(operation.latency)}", Standing.SEEN)
    if not asked:
        return Check(f"no request came yet; the next one goes to {by}", Standing.AWAITED)
    last = asked[-1]
    how = f"by {last.served_by}" if last.result is OperationResult.ANSWERED else last.result.value
    said = f"{counted(len(asked), 'request')} ended, the last {how}; none answered by {by} yet"
    return Check(said, Standing.AWAITED)


def first_result(scene: Scene, what: str = "") -> Check:
    """What came of the first call or check of the model that tells something; `what` names it better."""
    for event in scene.events:
        if not isinstance(event, AttemptFinished | ProbeFinished):
            continue
        is_call = isinstance(event, AttemptFinished)
        if is_call and event.kind.judgement.verdict is Verdict.NEUTRAL:
            continue
        named = what or ("its first call" if is_call else "its first check")
        if event.kind is OutcomeKind.SUCCESS:
            return Check(f"{named} was answered in {span(event.latency)}", Standing.SEEN)
        return Check(f"{named} failed: {failure(event.kind.value, event.message)}", Standing.FAILED)
    return Check(f"no result of {what or 'a call or a check'} yet", Standing.AWAITED)


def share(scene: Scene) -> Check:
    """The model's share of the answers that it could have given."""
    answered = scene.answered
    if not answered:
        return Check("no request came yet; the next ones are shared by the weights", Standing.AWAITED)
    own = sum(operation.served_by == scene.name for operation in answered)
    part = f" ({whole_percent(own / len(answered))} %)" if len(answered) >= SAMPLE else ""
    said = f"it answered {own} of {counted(len(answered), 'request')}{part}"
    return seen(len(answered) >= SAMPLE, said, said)


def any_answer(scene: Scene) -> Check:
    """The first answer of the fleet."""
    for operation in scene.answered:
        return Check(f"first answer, by {operation.served_by}, in {span(operation.latency)}", Standing.SEEN)
    return Check("no request was answered yet", Standing.AWAITED)


def all_of_them(scene: Scene, word: str, is_so: Callable[[ModelView], bool]) -> Check:
    """A state that all models of the target must have."""
    models = meant_by(scene.name, scene.fleet)
    if not models:
        return Check(f"{scene.name} is not in the fleet any more", Standing.FAILED)
    have = sum(map(is_so, models))
    if len(models) == 1:
        return seen(have == 1, f"its automation is {word}", f"its automation is to be {word}")
    said = f"{have} of {len(models)} models are {word}"
    return seen(have == len(models), said, said)
