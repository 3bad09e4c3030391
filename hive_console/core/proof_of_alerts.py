"""Which sights prove that a word about alerts came true; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hive_console.core.effects_on_alerts import ids_of
from hive_console.core.evidence import Check, Scene, Standing, counted, seen
from hive_console.core.snapshot import AlertView, ChannelView, FleetSnapshot
from hive_console.core.states import AlertState

_Claim = Callable[[AlertView, AlertView | None], bool]
"""Whether an alert is as it should be; beside it, how it was before."""


def of_acknowledgement(scene: Scene) -> Iterator[Check]:
    """Somebody has the alerts."""
    taken = [alert for alert in _alerts(scene) if alert.acknowledged_by is not None]
    by = taken[0].acknowledged_by if taken else None
    yield from _of_each(scene, lambda alert, _: alert.acknowledged_by is not None, f"{by} has", "are to be yours")


def of_return(scene: Scene) -> Iterator[Check]:
    """Nobody has them."""
    yield from _of_each(scene, lambda alert, _: alert.acknowledged_by is None, "nobody has", "are to be given back")


def of_resolution(scene: Scene) -> Iterator[Check]:
    """They are resolved."""
    is_over = AlertState.RESOLVED
    yield from _of_each(scene, lambda alert, _: alert.state is is_over, "resolved:", "are to be resolved")


def of_escalation(scene: Scene) -> Iterator[Check]:
    """Those of a further step are told."""

    def has_gone_on(alert: AlertView, before: AlertView | None) -> bool:
        return before is None or alert.step > before.step

    yield from _of_each(scene, has_gone_on, "the next people are told of", "are to be told to the next people")


def of_note(scene: Scene) -> Iterator[Check]:
    """The note is there."""

    def has_it(alert: AlertView, before: AlertView | None) -> bool:
        return before is None or alert.notes != before.notes or alert.note != before.note

    yield from _of_each(scene, has_it, "the note is on", "are to bear the note")


def of_silence(scene: Scene) -> Iterator[Check]:
    """There is a silence that was not there before."""
    known = {silence.silence_id for silence in scene.before.silences}
    new = [silence for silence in scene.fleet.silences if silence.silence_id not in known]
    if not new:
        yield Check("the silence is to begin", Standing.AWAITED)
        return
    hides = counted(new[-1].hides, "firing alert")
    yield Check(f"silence {new[-1].silence_id} hides {hides}", Standing.SEEN)


def of_end_of_silence(scene: Scene) -> Iterator[Check]:
    """It is not there any more."""
    is_there = any(silence.silence_id == scene.name for silence in scene.fleet.silences)
    yield seen(not is_there, f"silence {scene.name} is over", f"silence {scene.name} is to end")


def of_test(scene: Scene) -> Iterator[Check]:
    """The other side took it."""
    before, now = _channel(scene.before, scene.name), _channel(scene.fleet, scene.name)
    if now is None:
        yield Check(f"{scene.name} is not in the settings any more", Standing.FAILED)
    elif before is not None and now.delivered > before.delivered:
        yield Check(f"{scene.name} took the test", Standing.SEEN)
    elif before is not None and now.last_error and now.last_error != before.last_error:
        yield Check(f"{scene.name} did not take it: {now.last_error}", Standing.FAILED)
    else:
        yield Check(f"{scene.name} is to take the test", Standing.AWAITED)


def _of_each(scene: Scene, claim: _Claim, told: str, awaited: str) -> Iterator[Check]:
    found = _alerts(scene)
    if not found:
        yield Check("the alert is not in the inbox any more", Standing.FAILED)
        return
    true = [alert for alert in found if claim(alert, scene.before.alert(alert.alert_id))]
    yield seen(
        len(true) == len(found),
        f"{told} {counted(len(true), 'alert')}" if len(true) != 1 else f"{told} {true[0].alert_id}",
        f"{counted(len(found) - len(true), 'alert')}: {awaited}",
    )


def _alerts(scene: Scene) -> list[AlertView]:
    return [alert for alert in map(scene.fleet.alert, ids_of(scene.name)) if alert is not None]


def _channel(fleet: FleetSnapshot, name: str) -> ChannelView | None:
    return next((channel for channel in fleet.channels if channel.name == name), None)
