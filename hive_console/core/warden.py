"""Brings the models to what persons ordered, keeps them there, and lets go when the time is over.

The only place where holds begin and end. A member knows what it is kept at, and not whose word that is; the book
knows whose. The file `EMERGENCY_STOP` is one more of those who give orders.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, assert_never

from hive_console.core import events as e
from hive_console.core.holds import SOMEBODY, STOP_FILE, HoldBook, holds_of_record, killed_words, over_words
from hive_console.core.member import Member
from hive_console.core.restart import AS_BEFORE
from hive_console.core.saved_state import UnreadableState
from hive_console.core.snapshot import HoldView
from hive_console.core.states import EVERYTHING, PROVIDER_PREFIX, BreakerState, HoldKind
from hive_console.core.text import NAME_LIMIT, clean
from hive_console.core.weights import weight_of

Members = Mapping[str, Member]


class Warden:
    """Holds the members of one fleet.

    Attributes:
        book: what is held.
    """

    __slots__ = ("_members", "book")

    def __init__(self, members: Members) -> None:
        """Holds nothing yet; `members` are those that are configured, whoever they will be."""
        self._members = members
        self.book = HoldBook()

    def stops(self, member: Member) -> str:
        """Why this member may not be called whatever else is said, or ``""``; of one that left as well."""
        if not self.book.has_kills:
            return ""
        kills = self.book.covering(HoldKind.KILLED, _targets_of(member))
        return killed_words(kills[0]) if kills else ""

    def covered(self, target: str) -> list[str]:
        """The models that a target means, in the order of the settings."""
        if target == EVERYTHING:
            return list(self._members)
        if target.startswith(PROVIDER_PREFIX):
            provider = target.removeprefix(PROVIDER_PREFIX)
            return [name for name, member in self._members.items() if member.settings.provider == provider]
        return [target] if target in self._members else []

    def place(self, hold: HoldView, now: float, *, cause: str) -> list[e.Event]:
        """Holds from now on, in place of what was held of the same kind on the same target."""
        self.book.put(hold)
        return [_placed(hold, now, cause), *self._bring(hold.kind, hold.target, now, cause)]

    def lift(self, hold: HoldView, now: float, *, cause: str, is_trusted: bool = False) -> list[e.Event]:
        """Ends a hold that stands; `is_trusted` lets a deactivated model back in without a trial."""
        self.book.take(hold)
        told = e.HoldEnded(at=now, kind=hold.kind, target=hold.target, by=hold.by, cause=cause)
        return [told, *self._bring(hold.kind, hold.target, now, cause, is_trusted=is_trusted)]

    def heed_file(self, now: float, *, is_there: bool) -> list[e.Event]:
        """Stops everything while the file is there, beside whatever persons ordered."""
        known = self.book.find(HoldKind.KILLED, EVERYTHING, of_file=True)
        if is_there and known is None:
            hold = HoldView(HoldKind.KILLED, EVERYTHING, STOP_FILE, now, reason="the file is there")
            return self.place(hold, now, cause=f"by {STOP_FILE}")
        if not is_there and known is not None:
            return self.lift(known, now, cause=f"{STOP_FILE} is gone")
        return []

    def end_overdue(self, now: float) -> list[e.Event]:
        """Ends the holds whose time is over."""
        return [event for hold in self.book.over(now) for event in self.lift(hold, now, cause=over_words(hold))]

    def follow(self, now: float) -> list[e.Event]:
        """Holds whoever is configured now: ends what is held on models that left, and takes in who joined."""
        events = self._without_gone(now)
        for member in self._members.values():
            self._restrict(member)
            hold = self._freeze_of(member)
            cause = "nothing freezes it any more" if hold is None else f"by {hold.by}: {hold.reason}"
            events += self._frozen(member, now, cause)
        return events

    # --- over a restart ---------------------------------------------------------------------------

    def save(self, target: str) -> list[dict[str, Any]]:
        """The holds on this target as they must survive a restart."""
        return self.book.save(target)

    def restore(self, saved: Mapping[str, object], now: float) -> list[e.Event]:
        """Takes what `save` gave, by target, once the members are as they were before the restart.

        What ran out meanwhile ends here and now; what a member is kept at and nobody wrote down whose word it was
        becomes somebody's. Records that cannot be read are told and left out.
        """
        events: list[e.Event] = []
        for target, record in saved.items():
            try:
                found = holds_of_record(record, target, now)
            except UnreadableState as error:
                what = f"the saved holds on {clean(target, NAME_LIMIT)}"
                message = f"they cannot be read and are left out: {error}"
                events.append(e.ServiceFailed(at=now, service=what, message=message))
                continue
            for hold in found:
                self.book.put(hold)
        for name, member in self._members.items():
            for hold in self._orphans(name, member, now):
                self.book.put(hold)
        events += [*self._without_gone(now), *self.end_overdue(now)]
        for hold in self.book.views():
            events += [_placed(hold, now, AS_BEFORE), *self._bring(hold.kind, hold.target, now, AS_BEFORE)]
        return events

    def _orphans(self, name: str, member: Member, now: float) -> list[HoldView]:
        """What a member is kept at without a hold: an earlier version wrote down no owner."""
        found: list[HoldView] = []
        if member.pinned_to is not None and self.book.find(HoldKind.PINNED, name) is None:
            found.append(HoldView(HoldKind.PINNED, name, SOMEBODY, now, detail=member.pinned_to))
        is_isolated = member.breaker.state is BreakerState.ISOLATED
        if is_isolated and self.book.find(HoldKind.DEACTIVATED, name) is None:
            found.append(HoldView(HoldKind.DEACTIVATED, name, SOMEBODY, member.breaker.since))
        if member.breaker.is_frozen(now) and self._freeze_of(member) is None:
            until = member.breaker.frozen_until
            end = None if until == math.inf else until
            found.append(HoldView(HoldKind.FROZEN, name, SOMEBODY, now, end))
        return found

    # --- inside -----------------------------------------------------------------------------------

    def _without_gone(self, now: float) -> list[e.Event]:
        """Ends what is held on models that are not configured, and pins that lead to them."""
        events: list[e.Event] = []
        for hold in self.book.gone(self._members):
            left = hold.target if hold.target not in self._members else hold.detail
            events += self.lift(hold, now, cause=f"{clean(left, NAME_LIMIT)} is no longer configured")
        return events

    def _bring(
        self, kind: HoldKind, target: str, now: float, cause: str, *, is_trusted: bool = False
    ) -> list[e.Event]:
        """Brings everybody whom a target means to what the book says of that kind."""
        members = [self._members[name] for name in self.covered(target)]
        return [
            event for member in members for event in self._brought(kind, member, now, cause, is_trusted=is_trusted)
        ]

    def _brought(
        self, kind: HoldKind, member: Member, now: float, cause: str, *, is_trusted: bool = False
    ) -> list[e.Event]:
        name = member.settings.id
        match kind:
            case HoldKind.PINNED:
                return self._pinned(member, now, cause)
            case HoldKind.DEACTIVATED:
                if self.book.find(kind, name) is not None:
                    return member.isolate(now, cause)
                return member.release(now, cause, is_trusted=is_trusted)
            case HoldKind.FROZEN:
                return self._frozen(member, now, cause)
            case HoldKind.WEIGHTED | HoldKind.SAFE_MODE:
                self._restrict(member)
                return []
            case HoldKind.KILLED:
                self._restrict(member)
                return member.by_hand(now)
            case _:
                assert_never(kind)

    def _pinned(self, member: Member, now: float, cause: str) -> list[e.Event]:
        name = member.settings.id
        hold = self.book.find(HoldKind.PINNED, name)
        target = None if hold is None else hold.detail
        is_told = hold is None or cause == AS_BEFORE  # with the rest of a member that a restart brought back
        if is_told and target == member.pinned_to:
            return []
        member.pinned_to = target
        until, by = (None, "") if hold is None else (hold.until, hold.by)
        return [e.RoutePinned(at=now, model=name, target=target, cause=cause, until=until, by=by)]

    def _frozen(self, member: Member, now: float, cause: str) -> list[e.Event]:
        hold = self._freeze_of(member)
        if hold is None:
            return member.thaw(now, cause)
        if member.breaker.is_frozen(now) and member.breaker.frozen_until == (hold.until or math.inf):
            member.thawed_because = over_words(hold)
            return []
        return member.freeze(now, cause, until=hold.until, by=hold.by, then=over_words(hold))

    def _freeze_of(self, member: Member) -> HoldView | None:
        """Of all freezes that cover a member the last to end."""
        holds = self.book.covering(HoldKind.FROZEN, _targets_of(member))
        return max(holds, key=lambda hold: hold.until or math.inf, default=None)

    def _restrict(self, member: Member) -> None:
        """What a member is kept at that no event of its own tells of."""
        weighted = self.book.find(HoldKind.WEIGHTED, member.settings.id)
        member.weight_by_hand = None if weighted is None else weight_of(weighted.detail)
        member.is_sparing = self.book.is_safe
        member.restraint.killed = self.stops(member)


def _targets_of(member: Member) -> tuple[str, str, str]:
    return member.settings.id, f"{PROVIDER_PREFIX}{member.settings.provider}", EVERYTHING


def _placed(hold: HoldView, now: float, cause: str) -> e.HoldPlaced:
    return e.HoldPlaced(
        at=now,
        kind=hold.kind,
        target=hold.target,
        by=hold.by,
        since=hold.since,
        until=hold.until,
        reason=hold.reason,
        detail=hold.detail,
        cause=cause,
    )
