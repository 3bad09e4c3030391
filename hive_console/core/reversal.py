"""What undoes an action: the opposite word, or the very hold that stood before, with its owner and its end."""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.command import LIFTS, PLACES, Command
from hive_console.core.snapshot import HoldView
from hive_console.core.states import Action, HoldKind

_LIFTING: dict[HoldKind, Action] = {kind: action for action, kind in LIFTS.items()}
_PLACING: dict[HoldKind, Action] = {kind: action for action, kind in PLACES.items()}

_GIVING_BACK = {Action.ACKNOWLEDGE: Action.UNACKNOWLEDGE, Action.SILENCE: Action.UNSILENCE}


@dataclass(frozen=True, slots=True)
class Reversal:
    """What undoes a command.

    Attributes:
        command: said in place of the person who undoes.
        hold: what is held again as it was; `None` where the command says it all.
        is_trusted: whether a model that is let back in was well when it was taken out, and needs no trial.
    """

    command: Command
    hold: HoldView | None = None
    is_trusted: bool = False


def kind_of(action: Action) -> HoldKind | None:
    """The kind of hold that an action places or lifts."""
    return PLACES.get(action) or LIFTS.get(action)


def reversal_of(
    command: Command, former: HoldView | None, now: float, *, was_well: bool = False, made: str = ""
) -> Reversal | None:
    """What undoes a command now, or `None` when nothing does.

    Args:
        command: what was done.
        former: what was held on its target before, of the kind that it places or lifts.
        now: the time; what is over by now does not come back.
        was_well: whether its model let everybody in before.
        made: what it made, by its id: the silence, or the alerts that were taken, joined by commas.
    """
    reason = f"undo {command.action.value}"
    if command.action is Action.TRIP:
        return Reversal(Command(Action.RESET, command.target, reason))
    if command.action in _GIVING_BACK:
        return Reversal(Command(_GIVING_BACK[command.action], made, reason)) if made else None
    kind = kind_of(command.action)
    if kind is None:
        return None
    if former is not None and (former.until is None or now < former.until):
        return Reversal(Command(_PLACING[kind], command.target, reason, former.detail), former)
    if command.action in LIFTS:
        return None
    return Reversal(Command(_LIFTING[kind], command.target, reason), is_trusted=was_well)
