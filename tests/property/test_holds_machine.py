"""Whatever comes in whatever order (words, ends, restarts, reloads, calls): holds are owned and kills obeyed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hive_console.core.alerting.book import AlertBook
from hive_console.core.command import LIFTS, PLACES, Command
from hive_console.core.degradation import Degradation
from hive_console.core.fleet import Fleet
from hive_console.core.holds import STOP_FILE, HoldBook
from hive_console.core.member import Member
from hive_console.core.memory import Memory
from hive_console.core.outcome import SUCCESS
from hive_console.core.probe_budget import ProbeBudget
from hive_console.core.reversal import Reversal, reversal_of
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.snapshot import HoldView
from hive_console.core.states import ADMITTING, EVERYTHING, Action, BreakerState, HoldKind
from hive_console.core.transitions import Permit
from tests.core.samples import FAILED, NOW, model_settings
from tests.property.modest import MODEST

ALL = (
    model_settings("a", provider="acme"),
    model_settings("b", provider="acme"),
    model_settings("c", provider="other"),
)
MOVED = replace(ALL[0], endpoint="http://127.0.0.1:8/v1")
FLEETS = (ALL, ALL[:2], (MOVED, *ALL[1:]), (replace(MOVED, provider="other"), ALL[2]))
WIDE = ("provider:acme", "provider:other", EVERYTHING)
LENGTHS = st.sampled_from([None, 1.0, 30.0, 600.0])
NAMES = st.sampled_from(["a", "b", "c"])


def memory_of(fleet: Fleet) -> Memory:
    return Memory(fleet=fleet, alerts=AlertBook(), degradation=Degradation(0.6), budget=ProbeBudget(0))


class Holding(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.models: tuple[ModelSettings, ...] = ALL
        self.fleet = Fleet(Settings(ALL), NOW)
        self.kept: dict[str, object] = {}  # as the recorder has it

    # --- words ------------------------------------------------------------------------------------

    def _place(self, kind: HoldKind, target: str, lasts: float | None, detail: str = "") -> HoldView | None:
        before = self.fleet.warden.book.find(kind, target)
        until = None if lasts is None or kind is HoldKind.KILLED else self.now + lasts
        hold = HoldView(kind, target, "ada", self.now, until, "drill", detail)
        self._tell(target, lambda: self.fleet.warden.place(hold, self.now, cause="by ada: drill"))
        return before

    def _lift(self, hold: HoldView, *, is_trusted: bool = False) -> None:
        def lift() -> list[object]:
            return list(self.fleet.warden.lift(hold, self.now, cause="by ada", is_trusted=is_trusted))

        self._tell(hold.target, lift)

    def _tell(self, target: str, act: Callable[[], object]) -> None:
        act()
        self.kept |= json.loads(json.dumps(memory_of(self.fleet).holds(target)))

    @rule(kind=st.sampled_from([HoldKind.DEACTIVATED, HoldKind.FROZEN, HoldKind.KILLED]), name=NAMES, lasts=LENGTHS)
    def holds_one(self, kind: HoldKind, name: str, lasts: float | None) -> None:
        if name in self.fleet.members:
            self._place(kind, name, lasts)

    @rule(name=NAMES, other=NAMES, lasts=LENGTHS)
    def pins(self, name: str, other: str, lasts: float | None) -> None:
        if name != other and {name, other} <= set(self.fleet.members):
            self._place(HoldKind.PINNED, name, lasts, other)

    @rule(name=NAMES, weight=st.sampled_from(["0", "2", "7.5"]), lasts=LENGTHS)
    def weighs(self, name: str, weight: str, lasts: float | None) -> None:
        if name in self.fleet.members:
            self._place(HoldKind.WEIGHTED, name, lasts, weight)

    @rule(kind=st.sampled_from([HoldKind.FROZEN, HoldKind.KILLED]), whom=st.sampled_from(WIDE), lasts=LENGTHS)
    def holds_many(self, kind: HoldKind, whom: str, lasts: float | None) -> None:
        self._place(kind, whom, lasts)

    @rule(lasts=LENGTHS)
    def goes_safe(self, lasts: float | None) -> None:
        self._place(HoldKind.SAFE_MODE, EVERYTHING, lasts)

    @precondition(lambda self: self.fleet.warden.book.views())
    @rule(data=st.data())
    def lifts(self, data: st.DataObject) -> None:
        hold = data.draw(st.sampled_from(self.fleet.warden.book.views()))
        if hold.by != STOP_FILE:
            self._lift(hold)

    @rule(is_there=st.booleans())
    def looks_at_the_file(self, *, is_there: bool) -> None:
        self.fleet.warden.heed_file(self.now, is_there=is_there)

    # --- undo -------------------------------------------------------------------------------------

    @rule(action=st.sampled_from([*PLACES, *LIFTS]), name=NAMES, lasts=LENGTHS)
    def does_and_undoes(self, action: Action, name: str, lasts: float | None) -> None:
        kind = PLACES.get(action) or LIFTS[action]
        target = EVERYTHING if kind is HoldKind.SAFE_MODE else name
        if name not in self.fleet.members:
            return
        before, stood = self.fleet.warden.book.find(kind, target), standing(self.fleet, self.now)
        was_well = self.fleet.members[name].breaker.state in ADMITTING
        if action in LIFTS:
            if before is None:
                return
            self._lift(before)
        else:
            detail = {HoldKind.PINNED: "b" if name != "b" else "a", HoldKind.WEIGHTED: "3"}.get(kind, "")
            if kind is HoldKind.PINNED and detail not in self.fleet.members:
                return
            self._place(kind, target, lasts, detail)
        reversal = reversal_of(Command(action, target), before, self.now, was_well=was_well)
        assert reversal is not None
        self._undo(reversal, kind, target)
        assert standing(self.fleet, self.now) == stood

    def _undo(self, reversal: Reversal, kind: HoldKind, target: str) -> None:
        if reversal.hold is not None:
            hold = reversal.hold
            self._tell(target, lambda: self.fleet.warden.place(hold, self.now, cause="by bob: undo"))
        else:
            found = self.fleet.warden.book.find(kind, target)
            assert found is not None
            self._lift(found, is_trusted=reversal.is_trusted)

    # --- the world --------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.0, 1.0, 29.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.fleet.refresh(self.now)
        for target in (*self.fleet.members, *WIDE):
            self.kept |= json.loads(json.dumps(memory_of(self.fleet).holds(target)))

    @rule(name=NAMES, is_good=st.booleans(), is_probe=st.booleans())
    def calls(self, name: str, *, is_good: bool, is_probe: bool) -> None:
        member = self.fleet.members.get(name)
        if member is None:
            return
        admission, _ = member.acquire(self.now, is_probe=is_probe)
        if isinstance(admission, Permit):
            assert not member.restraint.killed
            outcome = SUCCESS if is_good else FAILED
            member.settle(admission, outcome, self.now, latency=0.1, is_probe=is_probe)

    @rule(models=st.sampled_from(FLEETS))
    def reloads(self, models: tuple[ModelSettings, ...]) -> None:
        self.models = models
        self.fleet.reconfigure(Settings(models), self.now)
        for target in (*self.fleet.members, *WIDE):
            self.kept |= json.loads(json.dumps(memory_of(self.fleet).holds(target)))

    @rule(seconds=st.sampled_from([0.0, 5.0, 700.0]), is_orderly=st.booleans())
    def restarts(self, seconds: float, *, is_orderly: bool) -> None:
        if is_orderly:
            self.kept |= json.loads(json.dumps(memory_of(self.fleet).save()))
        before = self.fleet.warden.book.views()
        self.now += seconds
        self.fleet = Fleet(Settings(self.models), self.now)
        memory_of(self.fleet).restore(self.kept, self.now)
        lasting = {hold for hold in before if hold.until is None or hold.until > self.now}
        kept = {hold for hold in lasting if hold.by != STOP_FILE}
        assert kept <= set(self.fleet.warden.book.views())

    # --- promises ---------------------------------------------------------------------------------

    @invariant()
    def every_hold_has_an_owner_and_is_not_over(self) -> None:
        for hold in self.fleet.warden.book.views():
            assert hold.by
            assert hold.kind is not HoldKind.KILLED or hold.until is None

    @invariant()
    def what_is_killed_admits_nobody(self) -> None:
        book = self.fleet.warden.book
        for name, member in self.fleet.members.items():
            targets = (name, f"provider:{member.settings.provider}", EVERYTHING)
            is_killed = bool(book.covering(HoldKind.KILLED, targets))
            assert bool(member.restraint.killed) is bool(self.fleet.warden.stops(member)) is is_killed
            assert not (is_killed and member.would_admit(self.now))

    @invariant()
    def nothing_is_kept_that_no_hold_says(self) -> None:
        book = self.fleet.warden.book
        for name, member in self.fleet.members.items():
            assert_is_held(name, member, book, self.now)


def assert_is_held(name: str, member: Member, book: HoldBook, now: float) -> None:
    pin, weight = book.find(HoldKind.PINNED, name), book.find(HoldKind.WEIGHTED, name)
    freezes = book.covering(HoldKind.FROZEN, (name, f"provider:{member.settings.provider}", EVERYTHING))
    is_due = any(hold.until is not None and now >= hold.until for hold in book.views())
    assert member.pinned_to == (None if pin is None else pin.detail)
    assert member.weight == (member.settings.weight if weight is None else float(weight.detail))
    assert member.is_sparing is book.is_safe
    assert (member.breaker.state is BreakerState.ISOLATED) is (book.find(HoldKind.DEACTIVATED, name) is not None)
    assert is_due or member.breaker.is_frozen(now) is bool(freezes)


def standing(fleet: Fleet, now: float) -> object:
    """What an undo must bring back. A model that was out gets a trial: that it is none of `ADMITTING` is enough."""
    members = {
        name: (
            member.pinned_to,
            member.weight,
            member.is_sparing,
            member.restraint.killed,
            member.breaker.is_frozen(now),
            member.breaker.state in ADMITTING,
        )
        for name, member in fleet.members.items()
    }
    return set(fleet.warden.book.views()), members


TestHolding = Holding.TestCase
TestHolding.settings = MODEST
