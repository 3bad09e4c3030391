"""What stops or holds much at once, and who holds what: freeze, safe mode, kill switch, and letting go of each."""

from __future__ import annotations

from textual import events

from hive_console.core.command import LIFTS, Command
from hive_console.core.holding import hold_word, owner, time_left
from hive_console.core.holds import is_of_file, target_words
from hive_console.core.snapshot import FleetSnapshot, HoldView
from hive_console.core.states import EVERYTHING, PROVIDER_PREFIX, Action
from hive_console.core.wording import ago
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import Now, is_read_only, moment, refusal_to_act
from hive_console.ui.choice_dialog import ChoiceDialog
from hive_widgets.choice_list import Choice, ChoiceList
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, fit

_NAME = 28

_LIFTING = {kind: action for action, kind in LIFTS.items()}
"""What lets go of each kind of hold."""

_LET_GO = {
    Action.FAIL_BACK: "fail back",
    Action.ACTIVATE: "activate",
    Action.THAW: "thaw",
    Action.RESTORE_WEIGHT: "restore the weight of",
    Action.NORMAL_MODE: "end safe mode of",
    Action.REVIVE: "revive",
}

NUMBERED = 9
"""Holds that have a key of their own: the digits."""

NOTHING_HELD = "nobody holds anything by hand"


class EmergencyMenu(ChoiceDialog[Command]):
    """Closes with the command that was chosen; nothing is done here."""

    def __init__(self, client: EngineClient, model_id: str = "", now: Now | None = None) -> None:
        """Offers what can be done to all, to a provider and to a model.

        Args:
            client: the engine.
            model_id: the model that is selected, whose provider is offered as well; empty for none.
            now: Unix seconds; the app's clock when not given.
        """
        super().__init__()
        self._client = client
        self._model_id = model_id
        self._now = now
        self._commands: dict[str, Command] = {}

    def title_text(self) -> str:
        """Names the place."""
        return "Emergency: what holds or stops much at once"

    def hint(self) -> str:
        """How to choose."""
        return "its key or enter chooses, esc leaves; each asks before it acts"

    def choices(self) -> tuple[Choice, ...]:
        """First what can be done, then who holds what, each with the word that lets go of it."""
        fleet = self._client.snapshot()
        now = moment(self.app, self._client, self._now)
        self._commands.clear()
        wide = [self._choice(key, words, command) for key, words, command in self._offers(fleet)]
        held = [self._hold(place, hold, now) for place, hold in enumerate(fleet.holds, 1)]
        return (*wide, *(held or [Choice("", (Piece(NOTHING_HELD, Role.MUTED),), NOTHING_HELD)]))

    def _offers(self, fleet: FleetSnapshot) -> list[tuple[str, str, Command]]:
        model = fleet.model(self._model_id)
        offers = [
            ("z", "freeze all", Command(Action.FREEZE, EVERYTHING)),
            ("Z", "thaw all", Command(Action.THAW, EVERYTHING)),
            ("s", "safe mode", Command(Action.SAFE_MODE, EVERYTHING)),
            ("n", "normal mode", Command(Action.NORMAL_MODE, EVERYTHING)),
        ]
        if model is not None:
            provider = f"{PROVIDER_PREFIX}{model.provider}"
            offers.append(("m", f"kill {model.model_id}", Command(Action.KILL, model.model_id)))
            offers.append(("p", f"kill {target_words(provider)}", Command(Action.KILL, provider)))
        return [*offers, ("a", "kill all models", Command(Action.KILL, EVERYTHING))]

    def _choice(self, key: str, words: str, command: Command) -> Choice:
        refusal = self._refusal(command)
        self._commands[key] = command
        pieces = (
            Piece(f"{key}  ", Role.MUTED if refusal else Role.ACCENT, is_bold=not refusal),
            Piece(fit(words, _NAME) if refusal else words, Role.MUTED if refusal else Role.PLAIN),
            Piece(refusal, Role.MUTED),
        )
        return Choice(key, pieces, refusal)

    def _hold(self, place: int, hold: HoldView, now: float) -> Choice:
        """One hold: how to let go of it, whose it is, since when, how long still, and why."""
        action = _LIFTING[hold.kind]
        command = Command(action, hold.target)
        name = f"{action.value} {hold.target} {hold.by}"
        self._commands[name] = command
        refusal = self._refusal(command) or ("only the removal of the file ends it" if is_of_file(hold) else "")
        left = time_left(hold, now)
        until = f", {left} left" if left else ""
        reason = f": {hold.reason}" if hold.reason else ""
        key = str(place) if place <= NUMBERED else " "
        words = f"{_LET_GO[action]} {target_words(hold.target)}"
        whose = f"{owner(hold)} {ago(now - hold.since)}{until}{reason}"
        pieces = (
            Piece(f"{key}  ", Role.MUTED if refusal else Role.ACCENT, is_bold=not refusal),
            Piece(f"{fit(words, _NAME)} ", Role.MUTED if refusal else Role.PLAIN),
            Piece(whose, Role.HELD),
        )
        return Choice(name, pieces, refusal, f"{hold_word(hold)} {whose}")

    def _refusal(self, command: Command) -> str:
        if is_read_only(self.app):
            return refusal_to_act(self.app)
        return self._client.preview(command).refusal

    def chosen(self, name: str) -> Command:
        """The command of that line."""
        return self._commands[name]

    def on_key(self, event: events.Key) -> None:
        """A line's own key chooses it."""
        character = event.character or ""
        listed = self.query_one(ChoiceList)
        if character.isascii() and character.isdigit() and character != "0":
            held = listed.choices[self._wide :]
            if int(character) <= len(held):
                event.stop()
                listed.choose(held[int(character) - 1].name)
        elif character in self._commands:
            event.stop()
            listed.choose(character)

    @property
    def _wide(self) -> int:
        """Lines before the holds."""
        return sum(len(name) == 1 for name in self._commands)
