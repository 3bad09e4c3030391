"""Which sights prove that an operator's deed came true, deed by deed; pure.

An answer to the operator's command says that the engine did it; whether traffic follows is seen here. What nothing
shows is said as not seen, never as done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from hive_console.core import proof_of_alerts as of_alerts
from hive_console.core.command import Command
from hive_console.core.effects_on_many import meant_by
from hive_console.core.events import AttemptFinished, BreakerChanged, Event, OperationFinished, ProbeFinished
from hive_console.core.evidence import (
    Check,
    Scene,
    Standing,
    all_of_them,
    answer_by,
    any_answer,
    breaker_was,
    closed,
    counted,
    drained,
    elsewhere,
    first_result,
    seen,
    share,
)
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import Action, BreakerState, HoldKind
from hive_console.core.weights import weight_of

PATIENCE = 30.0
"""Seconds after which what has not been seen is said to be not seen: as long as an answer of a model may take."""

KEPT = 1000
"""Events that are kept of those that concern a deed: the first ones, which prove it."""


class Watch:
    """Collects what happened since one deed, and says what of it is proven."""

    def __init__(self, command: Command, before: FleetSnapshot, since: float) -> None:
        """Begins to watch.

        Args:
            command: what is done.
            before: the fleet just before.
            since: when it was done, Unix seconds.
        """
        self._command = command
        self._before = before
        self._since = since
        self._events: list[Event] = []
        self._own = frozenset(model.model_id for model in meant_by(command.target, before))
        self._askers = frozenset(
            model.model_id
            for model in before.models
            if not self._own.isdisjoint((model.model_id, *model.fallbacks))
        )

    def take(self, events: Iterable[Event]) -> None:
        """Adds what happened, as far as it concerns the deed and there is room."""
        for event in events:
            if len(self._events) >= KEPT:
                return
            if self._concerns(event):
                self._events.append(event)

    def checks(self, fleet: FleetSnapshot, now: float) -> tuple[Check, ...]:
        """What is proven and what is not, in the order in which it should come; empty where nothing can be seen."""
        look = _LOOKS.get(self._command.action)
        if look is None:
            return ()
        found = look(Scene(self._command, self._before, fleet, tuple(self._events)))
        is_over = now - self._since > PATIENCE
        return tuple(
            Check(check.text, Standing.UNSEEN) if is_over and check.standing is Standing.AWAITED else check
            for check in found
        )

    def _concerns(self, event: Event) -> bool:
        match event:
            case OperationFinished():
                return event.requested in self._askers
            case AttemptFinished() | ProbeFinished() | BreakerChanged():
                return event.model in self._own
            case _:
                return False


def is_settled(checks: Iterable[Check]) -> bool:
    """Whether nothing more is waited for."""
    return all(check.standing is not Standing.AWAITED for check in checks)


Look = Callable[[Scene], Iterator[Check]]
"""What is looked for after a deed."""


def _on_model(look: Callable[[Scene, ModelView], Iterator[Check]]) -> Look:
    """The look at a model that must still be there."""

    def whole(scene: Scene) -> Iterator[Check]:
        model = scene.model
        if model is None:
            yield Check(f"{scene.name} is not in the fleet any more", Standing.FAILED)
        else:
            yield from look(scene, model)

    return whole


def _of_trip(scene: Scene, model: ModelView) -> Iterator[Check]:
    yield seen(breaker_was(scene, model, BreakerState.OPEN), "its breaker is open", "its breaker opens")
    yield from elsewhere(scene, model)


def _of_deactivation(scene: Scene, model: ModelView) -> Iterator[Check]:
    is_so = breaker_was(scene, model, BreakerState.ISOLATED)
    yield seen(is_so, "it is deactivated", "it is to be deactivated")
    yield drained(scene)
    yield from elsewhere(scene, model)


def _of_reset(scene: Scene, model: ModelView) -> Iterator[Check]:
    yield closed(scene, model)
    yield first_result(scene)


def _of_activation(scene: Scene, model: ModelView) -> Iterator[Check]:
    is_released = model.breaker.state is not BreakerState.ISOLATED
    yield seen(is_released, "it may be called again", "it is to be called again")
    yield first_result(scene, "its probe")
    yield closed(scene, model)


def _of_trial(scene: Scene, model: ModelView) -> Iterator[Check]:
    has_begun = model.breaker.state is not BreakerState.OPEN or breaker_was(scene, model, BreakerState.HALF_OPEN)
    yield seen(has_begun, "its trial began", "its trial begins")
    yield first_result(scene, "its trial")
    yield closed(scene, model)


def _of_failover(scene: Scene, model: ModelView) -> Iterator[Check]:
    to = scene.command.parameter
    is_sent = model.pinned_to == to
    yield seen(is_sent, f"its traffic is sent to {to}", f"its traffic is to be sent to {to}")
    if is_sent and model.serving != to:
        yield Check(f"{to} does not take it now: {model.serving or 'nobody'} serves", Standing.AWAITED)
    yield answer_by(scene, to)


def _of_failback(scene: Scene, model: ModelView) -> Iterator[Check]:
    yield seen(model.pinned_to is None, "it is asked first again", "it is to be asked first again")
    if model.serving is None:
        yield Check("NOBODY serves its traffic: its requests fail", Standing.FAILED)
    elif model.pinned_to is None:
        yield answer_by(scene, model.serving)


def _of_check(scene: Scene, model: ModelView) -> Iterator[Check]:
    del model
    yield first_result(scene, "its check")


def _of_weight(scene: Scene, model: ModelView) -> Iterator[Check]:
    wanted = scene.command.parameter
    now = f"its weight is {model.weight:g}"
    yield seen(model.weight == weight_of(wanted), now, f"{now}, to become {wanted}")
    yield share(scene)


def _of_weight_restored(scene: Scene, model: ModelView) -> Iterator[Check]:
    now = f"its weight is {model.weight:g}"
    yield seen(not scene.is_held(HoldKind.WEIGHTED), f"{now}, as the settings say", now)
    yield share(scene)


def _of_freeze(scene: Scene) -> Iterator[Check]:
    yield all_of_them(scene, "frozen", lambda model: model.breaker.is_frozen)


def _of_thaw(scene: Scene) -> Iterator[Check]:
    yield all_of_them(scene, "not frozen", lambda model: not model.breaker.is_frozen)


def _of_kill(scene: Scene) -> Iterator[Check]:
    yield seen(scene.is_held(HoldKind.KILLED), "it is not called any more", "it is to be called no more")
    yield drained(scene)
    if scene.model is not None:
        yield from elsewhere(scene, scene.model)
        return
    killed = {model.model_id for model in meant_by(scene.name, scene.fleet)}
    still = sum(model.serving in killed for model in scene.fleet.models)
    stranded = sum(model.serving is None for model in scene.fleet.models)
    if still:
        yield Check(f"the traffic of {counted(still, 'model')} still goes there", Standing.AWAITED)
    elif stranded:
        yield Check(f"NOBODY serves the traffic of {counted(stranded, 'model')}", Standing.FAILED)
    else:
        yield Check("others serve its traffic", Standing.SEEN)


def _of_revival(scene: Scene) -> Iterator[Check]:
    yield seen(not scene.is_held(HoldKind.KILLED), "it may be called again", "it is to be called again")
    yield first_result(scene)


def _of_safe_mode(scene: Scene) -> Iterator[Check]:
    yield seen(scene.is_held(HoldKind.SAFE_MODE), "safe mode is on", "safe mode is to begin")
    yield any_answer(scene)


def _of_normal_mode(scene: Scene) -> Iterator[Check]:
    yield seen(not scene.is_held(HoldKind.SAFE_MODE), "safe mode is off", "safe mode is to end")
    yield any_answer(scene)


_LOOKS: Mapping[Action, Look] = {
    Action.TRIP: _on_model(_of_trip),
    Action.RESET: _on_model(_of_reset),
    Action.DEACTIVATE: _on_model(_of_deactivation),
    Action.ACTIVATE: _on_model(_of_activation),
    Action.FAIL_OVER: _on_model(_of_failover),
    Action.FAIL_BACK: _on_model(_of_failback),
    Action.CHECK_NOW: _on_model(_of_check),
    Action.HALF_OPEN: _on_model(_of_trial),
    Action.SET_WEIGHT: _on_model(_of_weight),
    Action.RESTORE_WEIGHT: _on_model(_of_weight_restored),
    Action.FREEZE: _of_freeze,
    Action.THAW: _of_thaw,
    Action.KILL: _of_kill,
    Action.REVIVE: _of_revival,
    Action.SAFE_MODE: _of_safe_mode,
    Action.NORMAL_MODE: _of_normal_mode,
    Action.ACKNOWLEDGE: of_alerts.of_acknowledgement,
    Action.UNACKNOWLEDGE: of_alerts.of_return,
    Action.RESOLVE: of_alerts.of_resolution,
    Action.ESCALATE: of_alerts.of_escalation,
    Action.NOTE: of_alerts.of_note,
    Action.SILENCE: of_alerts.of_silence,
    Action.UNSILENCE: of_alerts.of_end_of_silence,
    Action.TEST_CHANNEL: of_alerts.of_test,
}
"""What is looked for after each deed; settings that were reloaded tell of themselves."""
