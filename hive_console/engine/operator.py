"""Manual words: each is checked, written down durably, done, and written down again (BIP-03 §Manual Intervention).

Nothing is done that could not be written down first: an audit trail with holes is none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from hive_console.core.alerting import AlertBook
from hive_console.core.command import (
    FREEZE_SECONDS,
    REASON_LIMIT,
    REASON_REQUIRED,
    Command,
    CommandResult,
    effect_of,
    inverse_of,
)
from hive_console.core.errors import HiveError, RecordingFailed
from hive_console.core.events import Event, OperatorActed, RoutePinned
from hive_console.core.fleet import Fleet
from hive_console.core.member import Member
from hive_console.core.settings_diff import Change, summary
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import Action, ActionPhase
from hive_console.core.text import clean
from hive_console.engine.bus import Bus
from hive_console.engine.ports import Clock, Recorder
from hive_console.engine.prober import Prober

UNDO_SECONDS = 60.0
"""Seconds in which the last action can be undone: long enough to see what it did."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What would undo the last action, and until when that is offered."""

    command: Command
    until: float
    text: str


class Operator:
    """Executes commands."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        alerts: AlertBook,
        prober: Prober,
        recorder: Recorder,
        clock: Clock,
        bus: Bus,
        snapshot: Callable[[], FleetSnapshot],
        run_id: str,
    ) -> None:
        self._fleet = fleet
        self._alerts = alerts
        self._prober = prober
        self._recorder = recorder
        self._clock = clock
        self._bus = bus
        self._snapshot = snapshot
        self._run_id = run_id
        self._numbers = itertools.count(1)
        self._undo: Undo | None = None

    def undo_offer(self) -> Undo | None:
        """What can be undone now."""
        if self._undo is not None and self._clock.now() >= self._undo.until:
            self._undo = None
        return self._undo

    async def say(self, command: Command) -> CommandResult:
        """Does what the command asks, or says why not; audited either way."""
        reason = clean(command.reason, REASON_LIMIT)
        before = self._standing(command.target)
        action_id = f"{self._run_id}-op{next(self._numbers)}"
        refusal = self._refusal(command, reason)
        row = OperatorActed(
            at=self._clock.now(),
            action_id=action_id,
            actor=command.actor,
            origin=command.origin,
            action=command.action,
            phase=ActionPhase.REFUSED if refusal else ActionPhase.INTENDED,
            target=clean(command.target),
            reason=reason,
            parameter=clean(command.parameter),
            before=before,
            detail=refusal,
        )
        try:
            await self._write(row)
        except RecordingFailed as error:
            return CommandResult(is_done=False, message=f"not done, it could not be recorded: {error}")
        if refusal:
            return CommandResult(is_done=False, message=refusal, action_id=action_id)
        gone = self._gone(command)
        if gone:  # other settings came while the row was written
            await self._write(replace(row, at=self._clock.now(), phase=ActionPhase.REFUSED, detail=gone))
            return CommandResult(is_done=False, message=gone, action_id=action_id)
        was_pinned_to = self._pinned_to(command)
        detail = await self._do(command, reason)
        return await self._confirm(command, row, detail, inverse_of(command, was_pinned_to))

    async def undo(self, actor: str, *, origin: str = "") -> CommandResult:
        """Undoes the last action while that is still offered."""
        offer = self.undo_offer()
        if offer is None:
            return CommandResult(is_done=False, message="there is nothing to undo any more")
        self._undo = None
        command = offer.command
        return await self.say(
            Command(command.action, command.target, command.reason, command.parameter, actor=actor, origin=origin)
        )

    async def reload(
        self,
        actor: str,
        apply: Callable[[], tuple[Change, ...]],
        *,
        told: str = "",
        refusal: str = "",
        origin: str = "",
    ) -> CommandResult:
        """Has other settings applied, or notes why they were not; audited either way.

        Args:
            actor: who asks.
            apply: applies them and returns what changed; raises `HiveError` when they cannot be applied now.
            told: what they would change, for the row that is written before anything is.
            refusal: why they cannot be used, or ``""``.
            origin: how they came, as far as anybody says.
        """
        row = OperatorActed(
            at=self._clock.now(),
            action_id=f"{self._run_id}-op{next(self._numbers)}",
            actor=actor,
            origin=origin,
            action=Action.RELOAD,
            phase=ActionPhase.REFUSED if refusal else ActionPhase.INTENDED,
            target="settings",
            detail=refusal or told,
        )
        try:
            await self._write(row)
        except RecordingFailed as error:
            return CommandResult(is_done=False, message=f"not done, it could not be recorded: {error}")
        if refusal:
            return CommandResult(is_done=False, message=refusal, action_id=row.action_id)
        try:
            said, phase = f"applied: {summary(apply())}", ActionPhase.DONE
        except HiveError as error:
            said, phase = str(error), ActionPhase.REFUSED
        try:
            await self._write(replace(row, at=self._clock.now(), phase=phase, detail=said))
        except RecordingFailed as error:
            said = f"{said}; but the outcome could not be recorded: {error}"
        return CommandResult(is_done=phase is ActionPhase.DONE, message=said, action_id=row.action_id)

    def forget(self, models: Collection[str]) -> None:
        """Offers no undo of what was done to models that have left."""
        if self._undo is not None and {self._undo.command.target, self._undo.command.parameter} & set(models):
            self._undo = None

    async def _confirm(
        self, command: Command, intended: OperatorActed, detail: str, inverse: Command | None
    ) -> CommandResult:
        now = self._clock.now()
        row = OperatorActed(
            at=now,
            action_id=intended.action_id,
            actor=intended.actor,
            origin=intended.origin,
            action=intended.action,
            phase=ActionPhase.DONE,
            target=intended.target,
            reason=intended.reason,
            parameter=intended.parameter,
            before=intended.before,
            after=self._standing(command.target),
            detail=detail,
        )
        self._undo = Undo(inverse, now + UNDO_SECONDS, _undo_text(command)) if inverse else None
        message = detail or f"{command.action.value} {command.target} done"
        try:
            await self._write(row)
        except RecordingFailed as error:
            message = f"{message}; but the outcome could not be recorded: {error}"
        return CommandResult(is_done=True, message=message, action_id=intended.action_id)

    def _refusal(self, command: Command, reason: str) -> str:
        effect = effect_of(command, self._snapshot())
        if not effect.is_allowed:
            return effect.refusal
        if command.action in REASON_REQUIRED and not reason.strip():
            return "a reason is required: it moves traffic"
        return ""

    async def _write(self, row: OperatorActed) -> None:
        await self._recorder.record_durably(row)
        self._bus.publish([row])

    async def _do(self, command: Command, reason: str) -> str:
        if command.action is Action.ACKNOWLEDGE:
            now = self._clock.now()
            self._bus.publish(self._alerts.acknowledge(command.target, command.actor, reason, now))
            return ""
        member = self._fleet.members[command.target]
        if command.action is Action.CHECK_NOW:
            return await self._check(member)
        self._bus.publish(self._moved(command, member, f"by {command.actor}: {reason or 'no reason given'}"))
        self._bus.publish(self._fleet.refresh(self._clock.now()))
        return ""

    def _moved(self, command: Command, member: Member, cause: str) -> list[Event]:
        now = self._clock.now()
        match command.action:
            case Action.TRIP:
                return member.trip(now, cause)
            case Action.RESET:
                return member.reset(now, cause)
            case Action.DEACTIVATE:
                return member.isolate(now, cause)
            case Action.ACTIVATE:
                return member.release(now, cause)
            case Action.FAIL_OVER:
                return self._pin(member, command.parameter, cause)
            case Action.FAIL_BACK:
                return self._pin(member, None, cause)
            case Action.HALF_OPEN:
                return member.half_open(now, cause)
            case Action.FREEZE:
                return member.freeze(now, cause, until=now + FREEZE_SECONDS)
            case Action.THAW:
                return member.thaw(now, cause)
            case Action.CHECK_NOW | Action.ACKNOWLEDGE | Action.RELOAD:
                return []

    def _pin(self, member: Member, target: str | None, cause: str) -> list[Event]:
        member.pinned_to = target
        return [RoutePinned(at=self._clock.now(), model=member.settings.id, target=target, cause=cause)]

    async def _check(self, member: Member) -> str:
        member.breaker.hasten(self._clock.now())
        outcome = await self._prober.check(member)
        said = outcome.kind.value.replace("_", " ")
        return f"{member.settings.id}: {said}{f' ({outcome.message})' if outcome.message else ''}"

    def _gone(self, command: Command) -> str:
        """Which model of the command is configured no more, in words; or ``""``."""
        if command.action is Action.ACKNOWLEDGE:
            return ""
        names = (command.target, command.parameter) if command.parameter else (command.target,)
        gone = [name for name in names if name not in self._fleet.members]
        return f"{', '.join(gone)} has just left the settings; nothing was done" if gone else ""

    def _pinned_to(self, command: Command) -> str | None:
        member = self._fleet.members.get(command.target)
        return None if member is None else member.pinned_to

    def _standing(self, target: str) -> str:
        member = self._fleet.members.get(target)
        if member is None:
            return ""
        pin = f", pinned to {member.pinned_to}" if member.pinned_to else ""
        return f"{member.status.value}, breaker {member.breaker.state.value}{pin}"


def _undo_text(command: Command) -> str:
    to = f" → {command.parameter}" if command.parameter else ""
    return f"{command.action.value} {command.target}{to}"
