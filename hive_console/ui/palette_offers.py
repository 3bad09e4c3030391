"""What the command palette offers on this console: texts, what each does, and why it cannot be done now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hive_console.core.command import Command
from hive_console.core.effects_on_alerts import MOST_AT_ONCE
from hive_console.core.past import past_of
from hive_console.core.states import ALERT_ACTIONS, EVERYTHING, Action, AlertState
from hive_console.ui.alert_deeds import ALERT_WORDS, INBOX, PANES, begin
from hive_console.ui.alert_deeds import refusal_of as refusal_on_alerts
from hive_console.ui.app_traits import is_read_only, refusal_to_act
from hive_console.ui.deeds import DEED_KEYS, DEED_WORDS, EMERGENCY_KEY, refusal_of
from hive_console.ui.filtering import FLAGS
from hive_console.ui.operator_keys import OperatorKeys
from hive_console.ui.palette_search import Catalog, Found
from hive_widgets.inbox_rows import inbox_order
from hive_widgets.pieces import harmless

if TYPE_CHECKING:  # the app names the palette
    from hive_console.ui.app import HiveApp

_SCREENS = (
    ("fleet", "fleet: all models"),
    ("alerts", "alerts: the inbox"),
    ("timeline", "timeline: what happened, in order"),
    ("routes", "routes: who serves whose traffic, who is next"),
    ("audit", "audit: who did what, and why"),
)

_FILTERS = ("status:down", "status:degraded", "breaker:open", "breaker:half", *FLAGS)

_WIDE = (
    ("all models: freeze", Action.FREEZE),
    ("all models: thaw", Action.THAW),
    ("all models: kill", Action.KILL),
    ("all models: revive", Action.REVIVE),
    ("safe mode: the plainest way to serve", Action.SAFE_MODE),
    ("normal mode: end safe mode", Action.NORMAL_MODE),
)

_ACTIONS = tuple(DEED_WORDS)

ON_ALERTS = (
    Action.ACKNOWLEDGE,
    Action.UNACKNOWLEDGE,
    Action.SILENCE,
    Action.ESCALATE,
    Action.RESOLVE,
    Action.NOTE,
)
"""Deeds that are offered on each alert by name."""

NAMED = 20
"""Alerts, silences and channels that are offered by name: of more, the inbox has them all."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the palette.

    Attributes:
        text: what is shown; harmless.
        run: what it does; what acts only opens its dialog.
        refusal: why it cannot be done now; empty when it can.
        key: the key that does the same; empty for none.
    """

    text: str
    run: Callable[[], None]
    refusal: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class _Plain:
    """An offer that is about no single model; `command` is what it would say, where it acts."""

    text: str
    run: Callable[[], None]
    command: Command | None = None


class Offers:
    """All offers of one console at the moment at which its palette is opened."""

    def __init__(self, app: HiveApp) -> None:
        """Offers what this console has now, to the screen on top."""
        self._app = app
        self._client = app.client
        fleet = self._client.snapshot()
        self._is_past = past_of(fleet) is not None
        self._models = tuple(model.model_id for model in fleet.models)
        self._plain = tuple(self._all_plain())
        self.catalog = Catalog(
            offers=tuple(plain.text for plain in self._plain),
            models=tuple(map(harmless, self._models)),
            actions=() if self._is_past else tuple(DEED_WORDS[action] for action in _ACTIONS),
            selected=self._selected(),
            leading=sum(hasattr(app, f"action_show_{name}") for name, _ in _SCREENS),
        )

    def _selected(self) -> int:
        screen = self._app.screen
        model = screen.selected if isinstance(screen, OperatorKeys) else None
        return self._models.index(model.model_id) if model is not None and model.model_id in self._models else -1

    def offer(self, found: Found) -> Offer:
        """What was found; the reason why it cannot be done is asked for only now."""
        if found.model < 0:
            plain = self._plain[found.offer]
            refusal = "" if plain.command is None else self._why_not_plain(plain.command)
            return Offer(plain.text, plain.run, refusal)
        model_id = self._models[found.model]
        if found.action < 0:
            return Offer(f"go to {harmless(model_id)}", lambda: self._app.go_to(model_id))
        action = _ACTIONS[found.action]
        text = f"{harmless(model_id)}: {DEED_WORDS[action]}"
        refusal = self._why_not(action, Command(action, model_id))
        return Offer(text, lambda: self._begin(action, model_id), refusal, DEED_KEYS[action])

    def filtering(self, words: str) -> Offer:
        """Narrows the fleet to what was typed."""
        return Offer(f"filter the fleet by: {harmless(words)}", lambda: self._app.filter_fleet(words))

    def _all_plain(self) -> Iterator[_Plain]:
        app = self._app
        for name, text in _SCREENS:
            go: Callable[[], None] | None = getattr(app, f"action_show_{name}", None)
            if go is not None:
                yield _Plain(text, go)
        if not self._is_past:
            yield _Plain(f"emergency menu ({EMERGENCY_KEY}): freeze, safe mode, kill switch", self._emergency)
            for text, action in _WIDE:
                command = Command(action, EVERYTHING)
                yield _Plain(text, self._asking(command), command)
        yield from self._alerts()
        yield from (_Plain(text, run) for text, run in app.offers())
        yield from (_Plain(f"filter {words}", self.filtering(words).run) for words in _FILTERS)
        yield _Plain("filter off: all models", self.filtering("").run)
        yield _Plain("help: keys and signs", app.action_help)
        yield from (_Plain(f"theme {name}: {title}", self._theming(name)) for name, title in app.theme_titles)
        yield _Plain("quit" if self._is_past else "quit (asks first)", app.action_ask_to_quit)

    def _alerts(self) -> Iterator[_Plain]:
        """The panes of the inbox, and deeds on alerts, silences and channels by name."""
        app, fleet = self._app, self._client.snapshot()
        for pane, name in PANES.items():
            if pane != INBOX:
                yield _Plain(f"alerts: {name}", partial(app.show_alerts_pane, pane))
        if self._is_past:
            return
        firing = inbox_order(alert for alert in fleet.alerts if alert.state is AlertState.FIRING)
        waiting = [alert.alert_id for alert in firing if alert.wants_attention][:MOST_AT_ONCE]
        if waiting:
            words = f"alerts: acknowledge all {len(waiting)} that want somebody"
            yield self._deed(words, Action.ACKNOWLEDGE, ",".join(waiting))
        yield self._deed("silence: write what it matches", Action.SILENCE, "")
        for alert in firing[:NAMED]:
            name = harmless(f"{alert.subject or 'fleet'} {alert.rule_id}")
            for action in ON_ALERTS:
                yield self._deed(f"alert {name}: {ALERT_WORDS[action]}", action, alert.alert_id)
        for silence in fleet.silences[:NAMED]:
            words = harmless(f"silence {', '.join(silence.matchers)} by {silence.by}: end it")
            yield self._deed(words, Action.UNSILENCE, silence.silence_id)
        for channel in fleet.channels[:NAMED]:
            yield self._deed(f"channel {harmless(channel.name)}: send a test", Action.TEST_CHANNEL, channel.name)

    def _deed(self, words: str, action: Action, target: str) -> _Plain:
        def run() -> None:
            refusal = begin(self._app, self._client, action, target)
            if refusal:
                self._app.notify(refusal)

        return _Plain(words, run, Command(action, target))

    def _why_not_plain(self, command: Command) -> str:
        if command.action in ALERT_ACTIONS and not is_read_only(self._app):
            return refusal_on_alerts(self._client, command.action, command.target)
        return self._why_not(command.action, command)

    def _why_not(self, action: Action, command: Command) -> str:
        if is_read_only(self._app):
            return refusal_to_act(self._app)
        if command.target == EVERYTHING:
            return self._client.preview(command).refusal
        return refusal_of(self._client, action, command.target)

    def _begin(self, action: Action, model_id: str) -> None:
        from hive_console.ui.action_flow import begin  # dialogs cost 40 ms to load

        refusal = begin(self._app, self._client, action, model_id=model_id)
        if refusal:
            self._app.notify(refusal, markup=False)

    def _emergency(self) -> None:
        from hive_console.ui.action_flow import open_emergency  # as above

        place = self.catalog.selected
        open_emergency(self._app, self._client, self._models[place] if place >= 0 else "")

    def _asking(self, command: Command) -> Callable[[], None]:
        def ask() -> None:
            from hive_console.ui.action_dialog import ActionDialog  # as above

            self._app.push_screen(ActionDialog(self._client, command))

        return ask

    def _theming(self, name: str) -> Callable[[], None]:
        return lambda: setattr(self._app, "theme", name)
