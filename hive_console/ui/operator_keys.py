"""The keys that act on the selected model; each opens a dialog, none does anything by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from hive_console.core.snapshot import ModelView
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import is_read_only, refusal_to_act
from hive_console.ui.deeds import DEED_KEYS, DEED_WORDS, EMERGENCY_KEY, NOTHING_TO_UNDO, UNDO_KEY, can_undo

ACTING = frozenset({"act", "alert", "undo"})
"""Actions of keys that a read-only console grays out."""


def _key(action: Action, word: str, *, show: bool = False) -> Binding:
    name = action.value
    return Binding(
        DEED_KEYS[action], f"act('{name}')", word, id=f"model.{name}", show=show, tooltip=DEED_WORDS[action]
    )


class OperatorKeys(Screen[None], inherit_bindings=False):
    """A screen with a selected model and the keys for it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "menu", "actions", id="model.menu", tooltip="all actions, or why not"),
        _key(Action.TRIP, "trip", show=True),
        _key(Action.RESET, "reset", show=True),
        _key(Action.FAIL_OVER, "fail over", show=True),
        _key(Action.ACKNOWLEDGE, "ack", show=True),
        _key(Action.DEACTIVATE, "deactivate"),
        _key(Action.ACTIVATE, "activate"),
        _key(Action.FAIL_BACK, "fail back"),
        _key(Action.CHECK_NOW, "check now"),
        _key(Action.HALF_OPEN, "try it now"),
        _key(Action.FREEZE, "freeze"),
        _key(Action.THAW, "thaw"),
        _key(Action.SET_WEIGHT, "weight"),
        Binding(
            EMERGENCY_KEY,
            "emergency",
            "emergency",
            id="emergency",
            show=False,
            tooltip="freeze, safe mode, kill",
        ),
        Binding(UNDO_KEY, "undo", "undo the last action", id="undo", show=False),
    ]

    def __init__(self, client: EngineClient, now: Callable[[], float]) -> None:
        """A screen on this engine; `now` gives Unix seconds."""
        super().__init__()
        self.client = client
        self.now = now

    @property
    def selected(self) -> ModelView | None:
        """The model that keys act on."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Tells the person something that needs no answer."""
        raise NotImplementedError

    def copied_row(self) -> str:
        """The selected model in one line, to be copied."""
        from hive_console.ui.incident_words import model_row  # nobody copies before the first paint

        model = self.selected
        return "" if model is None else model_row(model, self.now())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grays out what a read-only console must not do; the engine refuses it as well."""
        del parameters
        return None if action in ACTING and is_read_only(self.app) else True

    def explain_refusal(self, key: str) -> None:
        """Says why a grayed key does nothing; to be called for keys that no binding took."""
        active = self.active_bindings.get(key)
        if active is not None and not active.enabled and is_read_only(self.app):
            self.say(f"{active.binding.description}: {refusal_to_act(self.app)}")

    def action_act(self, name: str) -> None:
        self.begin(Action(name))

    def begin(self, action: Action) -> None:
        """Opens the dialog of this action on the selected model, or says why there is none."""
        model = self.selected
        if model is None:
            self.say("no model is selected")
            return
        # Dialogs, with their buttons and inputs, cost 40 ms to load: not before the first paint.
        from hive_console.ui.action_flow import begin

        refusal = begin(self.app, self.client, action, model_id=model.model_id, now=self.now)
        if refusal:
            self.say(refusal)

    def action_menu(self) -> None:
        model = self.selected
        if model is None:
            self.say("no model is selected")
            return
        from hive_console.ui.action_flow import open_menu  # as above

        open_menu(self.app, self.client, model.model_id, now=self.now)

    def action_emergency(self) -> None:
        from hive_console.ui.action_flow import open_emergency  # as above

        model = self.selected
        open_emergency(self.app, self.client, "" if model is None else model.model_id, now=self.now)

    def action_undo(self) -> None:
        if not can_undo(self.client.snapshot(), self.now()):
            self.say(NOTHING_TO_UNDO)
            return
        from hive_console.ui.undo_dialog import UndoDialog  # as above

        self.app.push_screen(UndoDialog(self.client, self.now))
