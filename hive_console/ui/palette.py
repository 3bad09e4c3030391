"""What the command palette offers: go to a model, act on the selected one, change the theme."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from textual.command import CommandInput, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from hive_console.core.past import past_of
from hive_console.core.states import Action
from hive_console.ui.deeds import DEED_WORDS
from hive_console.ui.operator_keys import OperatorKeys
from hive_widgets.pieces import harmless

if TYPE_CHECKING:  # the app names this module
    from hive_console.ui.app import HiveApp

Offer = tuple[str, Callable[[], None]]
"""What is shown, and what it does."""

DISCOVERED = 15
"""Offers shown before anything is typed."""


LONGEST = 60
"""Characters that are searched for: the library has no bound, and a paste of 100 kB took minutes and 600 MB."""


class HivePalette(CommandPalette):
    """The library's palette, in our words, for a search of bounded length."""

    def __init__(self) -> None:
        super().__init__(placeholder="a command, a model or a theme", id="--command-palette")

    def on_mount(self) -> None:
        self.query_one(CommandInput).max_length = LONGEST


class HiveCommands(Provider):
    """Offers commands as plain text: model names never become markup."""

    def _offers(self) -> Iterator[Offer]:
        app = cast("HiveApp", self.app)
        screen = self.screen
        is_past = past_of(app.client.snapshot()) is not None
        if isinstance(screen, OperatorKeys) and screen.selected is not None and not is_past:
            model_id = harmless(screen.selected.model_id)
            for action, words in DEED_WORDS.items():
                yield f"{model_id}: {words}", _begin(screen, action)
        yield from app.offers()
        yield "alerts: the inbox", app.action_show_alerts
        yield "fleet: all models", app.action_show_fleet
        yield "help: keys and signs", app.action_help
        for name, title in app.theme_titles:
            yield f"theme {name}: {title}", _choose(app, name)
        for model in app.client.snapshot().models:
            by = f" ({harmless(model.provider)})" if model.provider else ""
            yield f"go to {harmless(model.model_id)}{by}", _go(app, model.model_id)
        yield "quit" if is_past else "quit (asks first)", app.action_ask_to_quit

    async def discover(self) -> Hits:
        """What is offered before anything is typed."""
        for index, (text, run) in enumerate(self._offers()):
            if index >= DISCOVERED:
                return
            yield DiscoveryHit(Content(text), run, text=text)

    async def search(self, query: str) -> Hits:
        """What matches the words typed."""
        matcher = self.matcher(query)
        for text, run in self._offers():
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), run, text=text)


def _begin(screen: OperatorKeys, action: Action) -> Callable[[], None]:
    return lambda: screen.begin(action)


def _choose(app: HiveApp, name: str) -> Callable[[], None]:
    def choose() -> None:
        app.theme = name

    return choose


def _go(app: HiveApp, model_id: str) -> Callable[[], None]:
    return lambda: app.go_to(model_id)
