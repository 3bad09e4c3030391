"""Everything that can be done to a model, with its key, and with the reason where it cannot be done."""

from __future__ import annotations

from textual import events

from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import Now, is_read_only, moment, refusal_to_act
from hive_console.ui.choice_dialog import ChoiceDialog
from hive_console.ui.deeds import (
    DEED_KEYS,
    DEED_WORDS,
    NOTHING_TO_UNDO,
    UNDO_KEY,
    can_undo,
    refusal_of,
)
from hive_console.ui.undo_dialog import UndoDialog
from hive_widgets.choice_list import Choice, ChoiceList
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, fit

_NAME = 23

_ACTIONS = {key: action for action, key in DEED_KEYS.items()}


class ActionMenu(ChoiceDialog[Action]):
    """Closes with the action that was chosen; nothing is done here, and undo opens its own dialog."""

    def __init__(self, client: EngineClient, model_id: str, now: Now | None = None) -> None:
        """Offers what can be done.

        Args:
            client: the engine.
            model_id: to which model.
            now: Unix seconds; the app's clock when not given.
        """
        super().__init__()
        self._client = client
        self._model_id = model_id
        self._now = now

    def title_text(self) -> str:
        """Names the model."""
        return f"Actions on {self._model_id}"

    def choices(self) -> tuple[Choice, ...]:
        """One line an action; those that cannot be done are muted and say why."""
        actions = [
            self._choice(key, DEED_WORDS[action], refusal_of(self._client, action, self._model_id))
            for action, key in DEED_KEYS.items()
        ]
        fleet = self._client.snapshot()
        is_possible = can_undo(fleet, moment(self.app, self._client, self._now))
        words = f"undo {fleet.undo_text}" if is_possible else "undo"
        return (*actions, self._choice(UNDO_KEY, words, "" if is_possible else NOTHING_TO_UNDO))

    def chosen(self, name: str) -> Action:
        """The action of that key."""
        return _ACTIONS[name]

    def hint(self) -> str:
        """How to choose."""
        return "its key or enter chooses, esc leaves; each asks before it acts"

    def on_key(self, event: events.Key) -> None:
        """An action's own key chooses it."""
        if event.character is not None and event.character in {*_ACTIONS, UNDO_KEY}:
            event.stop()
            self.query_one(ChoiceList).choose(event.character)

    def take(self, name: str) -> None:
        """Closes with the action; undo is none, and goes on by itself."""
        if name != UNDO_KEY:
            super().take(name)
            return
        self.dismiss(None)
        self.app.push_screen(UndoDialog(self._client, self._now))

    def _choice(self, key: str, words: str, refusal: str) -> Choice:
        refusal = refusal_to_act(self.app) if is_read_only(self.app) else refusal
        pieces = (
            Piece(f"{key}  ", Role.MUTED if refusal else Role.ACCENT, is_bold=not refusal),
            Piece(fit(words, _NAME) if refusal else words, Role.MUTED if refusal else Role.PLAIN),
            Piece(refusal, Role.MUTED),
        )
        return Choice(key, pieces, refusal)
