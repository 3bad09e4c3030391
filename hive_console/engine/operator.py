"""Manual words: each is checked, written down durably, done, and written down again (BIP-03 §Manual Intervention).

Nothing is done that could not be written down first: an audit trail with holes is none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from hive_console.core.command import (
    LIFTS,
    PLACES,
    REASON_LIMIT,
    REASON_REQUIRED,
    WATCHES_ONLY,
    Command,
    CommandResult,
    effect_of,
)
from hive_console.core.effect import owned
from hive_console.core.errors import HiveError, RecordingFailed
from hive_console.core.events import Event, OperatorActed
from hive_console.core.fleet import Fleet
from hive_console.core.holds import SOMEBODY, STOP_FILE, is_wide
from hive_console.core.member import Member
from hive_console.core.reversal import Reversal, kind_of, reversal_of
from hive_console.core.settings_diff import Change, summary
from hive_console.core.snapshot import FleetSnapshot, HoldView
from hive_console.core.states import ADMITTING, ALERT_ACTIONS, EVERYTHING, Action, ActionPhase
from hive_console.core.text import clean
from hive_console.engine.alert_verbs import AlertVerbs, Spoken
from hive_console.engine.bus import Bus
from hive_console.engine.ports import Clock, Recorder
from hive_console.engine.prober import Prober

_DETAILED = frozenset({Action.FAIL_OVER, Action.SET_WEIGHT})
"""Actions whose parameter is what they hold."""

UNDO_SECONDS = 60.0
"""Seconds in which the last action can be undone: long enough to see what it did."""


@dataclass(frozen=True, slots=True)
class Undo:
    """The last action, and until when it can be undone.

    Attributes:
        command: what was done.
        until: until when undoing it is offered.
        text: what was done, in words.
        former: what was held on its target before, of the kind that it places or lifts.
        was_well: whether its model let everybody in before.
        made: what it made, by its id; see `reversal_of`.
    """

    command: Command
    until: float
    text: str
    former: HoldView | None = None
    was_well: bool = False
    made: str = ""

    def reversal(self, now: float) -> Reversal | None:
        """What undoes it now."""
        return reversal_of(self.command, self.former, now, was_well=self.was_well, made=self.made)


class Operator:
    """Executes commands."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        alerts: AlertVerbs,
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
        now = self._clock.now()
        if self._undo is not None and (now >= self._undo.until or self._undo.reversal(now) is None):
            self._undo = None
        return self._undo

    async def say(self, command: Command, *, reverting: Reversal | None = None) -> CommandResult:
        """Does what the command asks, or says why not; audited either way.

        Args:
            command: what is asked.
            reverting: what it undoes, when it is said to undo something.
        """
        reason = clean(command.reason, REASON_LIMIT)
        before = self._standing_for(command)
        action_id = f"{self._run_id}-op{next(self._numbers)}"
        refusal = self._refusal(command, reason, reverting)
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
            otherwise = f"; to stop everything all the same, make {STOP_FILE} in the data folder"
            said = f"not done, it could not be recorded: {error}"
            return CommandResult(is_done=False, message=said + otherwise * (command.action is Action.KILL))
        if refusal:
            return CommandResult(is_done=False, message=refusal, action_id=action_id)
        gone = self._gone(command)
        if gone:  # other settings came while the row was written
            await self._write(replace(row, at=self._clock.now(), phase=ActionPhase.REFUSED, detail=gone))
            return CommandResult(is_done=False, message=gone, action_id=action_id)
        kind = kind_of(command.action)
        former = None if kind is None else self._fleet.warden.book.find(kind, command.target)
        member = self._fleet.members.get(command.target)
        was_well = member is not None and member.breaker.state in ADMITTING
        spoken = await self._do(command, reason, reverting)
        offer = Undo(
            command,
            self._clock.now() + UNDO_SECONDS,
            _undo_text(command),
            former,
            was_well=was_well,
            made=spoken.made,
        )
        return await self._confirm(command, row, spoken.said, offer)

    async def undo(self, actor: str, *, origin: str = "", is_watcher: bool = False) -> CommandResult:
        """Undoes the last action while that is still offered; what was held before is held again as it was."""
        offer = self.undo_offer()
        reversal = None if offer is None else offer.reversal(self._clock.now())
        if reversal is None:
            return CommandResult(is_done=False, message="there is nothing to undo any more")
        if not is_watcher:
            self._undo = None
        command = replace(reversal.command, actor=actor, origin=origin, is_watcher=is_watcher)
        return await self.say(command, reverting=reversal)

    async def heed_file(self, *, is_there: bool) -> bool:
        """Stops everything while the file is there; whether that changed anything.

        It must help where nothing can be written: the audit row comes after the deed.
        """
        before = self._standing(EVERYTHING)
        events = self._fleet.warden.heed_file(self._clock.now(), is_there=is_there)
        if not events:
            return False
        self._bus.publish(events)
        self._bus.publish(self._fleet.refresh(self._clock.now()))
        row = OperatorActed(
            at=self._clock.now(),
            action_id=f"{self._run_id}-op{next(self._numbers)}",
            actor=STOP_FILE,
            action=Action.KILL if is_there else Action.REVIVE,
            phase=ActionPhase.DONE,
            target=EVERYTHING,
            reason="the file is there" if is_there else "the file is gone",
            before=before,
            after=self._standing(EVERYTHING),
        )
        with suppress(RecordingFailed):
            await self._write(row)
        return True

    async def stop(
        self, actor: str, act: Callable[[], None], *, reason: str = "", origin: str = "", is_watcher: bool = False
    ) -> CommandResult:
        """Has the engine stopped by `act`, which begins that and returns; audited before it is done."""
        refusal = WATCHES_ONLY if is_watcher else ""
        row = replace(
            self._wide_row(Action.STOP, "engine", actor, origin, refusal=refusal),
            reason=clean(reason, REASON_LIMIT),
        )
        try:
            await self._write(row)
            if is_watcher:
                return CommandResult(is_done=False, message=WATCHES_ONLY, action_id=row.action_id)
            await self._write(replace(row, at=self._clock.now(), phase=ActionPhase.DONE))
        except RecordingFailed as error:
            said = f"not done, it could not be recorded: {error}; SIGTERM stops it all the same"
            return CommandResult(is_done=False, message=said)
        act()
        return CommandResult(is_done=True, message="the engine is stopping", action_id=row.action_id)

    def _wide_row(self, action: Action, target: str, actor: str, origin: str, *, refusal: str) -> OperatorActed:
        """The first row of what is no command to the fleet."""
        return OperatorActed(
            at=self._clock.now(),
            action_id=f"{self._run_id}-op{next(self._numbers)}",
            actor=actor,
            origin=origin,
            action=action,
            phase=ActionPhase.REFUSED if refusal else ActionPhase.INTENDED,
            target=target,
            detail=refusal,
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
        row = replace(
            self._wide_row(Action.RELOAD, "settings", actor, origin, refusal=refusal), detail=refusal or told
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

    async def _confirm(self, command: Command, intended: OperatorActed, detail: str, offer: Undo) -> CommandResult:
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
            after=self._standing_for(command),
            detail=detail,
        )
        self._undo = None if offer.reversal(now) is None else offer
        message = detail or f"{command.action.value} {command.target} done"
        try:
            await self._write(row)
        except RecordingFailed as error:
            message = f"{message}; but the outcome could not be recorded: {error}"
        return CommandResult(is_done=True, message=message, action_id=intended.action_id)

    def _refusal(self, command: Command, reason: str, reverting: Reversal | None) -> str:
        if command.is_watcher:
            return WATCHES_ONLY
        if reverting is not None and reverting.hold is not None:
            return ""  # as it stood a minute ago, well or not
        effect = effect_of(command, self._snapshot())
        if not effect.is_allowed:
            return effect.refusal
        if command.action in REASON_REQUIRED and not reason.strip():
            return "a reason is required: somebody will ask why"
        return self._alerts.refusal(command, self._clock.now()) if command.action in ALERT_ACTIONS else ""

    async def _write(self, row: OperatorActed) -> None:
        await self._recorder.record_durably(row)
        self._bus.publish([row])

    async def _do(self, command: Command, reason: str, reverting: Reversal | None) -> Spoken:
        if command.action in ALERT_ACTIONS:
            spoken = self._alerts.say(command, reason, self._clock.now())
            self._bus.publish(spoken.events)
            return spoken
        if command.action is Action.CHECK_NOW:
            return Spoken([], await self._check(self._fleet.members[command.target]))
        cause = f"by {command.actor}: {reason or 'no reason given'}"
        if command.action in PLACES:
            events = self._placed(command, reason, cause, reverting)
        elif command.action in LIFTS:
            events = self._lifted(command, cause, reverting)
        else:
            events = self._moved(command, self._fleet.members[command.target], cause)
        self._bus.publish(events)
        self._bus.publish(self._fleet.refresh(self._clock.now()))
        return Spoken(events)

    def _placed(self, command: Command, reason: str, cause: str, reverting: Reversal | None) -> list[Event]:
        now = self._clock.now()
        if reverting is not None and reverting.hold is not None:
            return self._fleet.warden.place(reverting.hold, now, cause=cause)
        hold = HoldView(
            kind=PLACES[command.action],
            target=command.target,
            by=command.actor or SOMEBODY,
            since=now,
            until=None if command.lasts is None else now + command.lasts,
            reason=reason,
            detail=command.parameter if command.action in _DETAILED else "",
        )
        return self._fleet.warden.place(hold, now, cause=cause)

    def _lifted(self, command: Command, cause: str, reverting: Reversal | None) -> list[Event]:
        warden = self._fleet.warden
        hold = warden.book.find(LIFTS[command.action], command.target)
        if hold is None:  # it ended while the row was written
            return []
        is_trusted = reverting is not None and reverting.is_trusted
        return warden.lift(hold, self._clock.now(), cause=cause, is_trusted=is_trusted)

    def _moved(self, command: Command, member: Member, cause: str) -> list[Event]:
        now = self._clock.now()
        match command.action:
            case Action.TRIP:
                return member.trip(now, cause)
            case Action.RESET:
                return member.reset(now, cause)
            case _:
                return member.half_open(now, cause)

    async def _check(self, member: Member) -> str:
        member.breaker.hasten(self._clock.now())
        outcome = await self._prober.check(member)
        said = outcome.kind.value.replace("_", " ")
        return f"{member.settings.id}: {said}{f' ({outcome.message})' if outcome.message else ''}"

    def _gone(self, command: Command) -> str:
        """Which model of the command is configured no more, in words; or ``""``."""
        if command.action in ALERT_ACTIONS:
            return ""
        names = () if is_wide(command.target) else (command.target,)
        if command.action is Action.FAIL_OVER:
            names = (*names, command.parameter)
        gone = [name for name in names if name not in self._fleet.members]
        return f"{', '.join(gone)} has just left the settings; nothing was done" if gone else ""

    def _standing_for(self, command: Command) -> str:
        if command.action in ALERT_ACTIONS:
            return self._alerts.standing(command.target)
        return self._standing(command.target)

    def _standing(self, target: str) -> str:
        now = self._clock.now()
        held = [owned(hold, now) for hold in self._fleet.warden.book.on(target)]
        member = self._fleet.members.get(target)
        if member is None:
            return ", ".join(held) if held or not is_wide(target) else "nothing is held"
        pin = f", pinned to {member.pinned_to}" if member.pinned_to else ""
        by_hand = "".join(f", {said}" for said in held)
        return f"{member.status.value}, breaker {member.breaker.state.value}{pin}{by_hand}"


def _undo_text(command: Command) -> str:
    to = f" → {command.parameter}" if command.parameter else ""
    return f"{command.action.value} {command.target}{to}"
