"""Everything that can be done about what is chosen in the inbox, with its key, or why it cannot be done."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.alert_deeds import ALERT_KEYS, ALERT_WORDS, refusal_of
from hive_console.ui.app_traits import is_read_only, refusal_to_act
from hive_console.ui.choice_dialog import ChoiceDialog
from hive_widgets.choice_list import Choice, ChoiceList
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, fit

_NAME = 23
_ACTIONS = {key: action for action, key in ALERT_KEYS.items()}

MODEL_KEY = "x"
"""The key that goes on to the menu of the alert's model."""


class AlertMenu(ChoiceDialog[str]):
    """Closes with the value of the action that was chosen, or with `x` for its model's menu; does nothing."""

    def __init__(
        self, client: EngineClient, name: str, target: Callable[[Action], str], *, model_id: str = ""
    ) -> None:
        """Offers what can be done.

        Args:
            client: the engine.
            name: of what is chosen, for the title.
            target: of each action, as `Command` takes it; empty where there is none.
            model_id: the model that it is about; empty for none.
        """
        super().__init__()
        self._client = client
        self._name = name
        self._target = target
        self._model_id = model_id

    def title_text(self) -> str:
        """Names what is chosen."""
        return f"Actions on {self._name}"

    def hint(self) -> str:
        """How to choose."""
        return "its key or enter chooses, esc leaves; each asks before it acts"

    def choices(self) -> tuple[Choice, ...]:
        """One line an action; those that cannot be done are muted and say why."""
        offers = [_choice(key, ALERT_WORDS[action], self._refusal(action)) for action, key in ALERT_KEYS.items()]
        missing = "" if self._model_id else "it is about no model"
        words = f"actions on {self._model_id} …" if self._model_id else "actions on its model …"
        return (*offers, _choice(MODEL_KEY, words, missing))

    def _refusal(self, action: Action) -> str:
        if is_read_only(self.app):
            return refusal_to_act(self.app)
        return refusal_of(self._client, action, self._target(action))

    def chosen(self, name: str) -> str:
        """What the key stands for."""
        return name if name == MODEL_KEY else str(_ACTIONS[name].value)

    def on_key(self, event: events.Key) -> None:
        """An action's own key chooses it."""
        if event.character is not None and event.character in {*_ACTIONS, MODEL_KEY}:
            event.stop()
            self.query_one(ChoiceList).choose(event.character)


def _choice(key: str, words: str, refusal: str) -> Choice:
    pieces = (
        Piece(f"{key}  ", Role.MUTED if refusal else Role.ACCENT, is_bold=not refusal),
        Piece(fit(words, _NAME) if refusal else words, Role.MUTED if refusal else Role.PLAIN),
        Piece(refusal, Role.MUTED),
    )
    return Choice(key, pieces, refusal)
