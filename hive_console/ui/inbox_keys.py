"""What one can do in the inbox and beside it: what is meant there, and what keys do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events

from hive_console.core.command import CommandResult
from hive_console.core.snapshot import AlertView, ChannelView, FleetSnapshot, ModelView, SilenceView
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.alert_deeds import (
    CHANNELS,
    DELIVERIES,
    INBOX,
    PANES,
    SILENCES,
    STORY,
    begin,
    targets_of,
)
from hive_console.ui.alert_feed import AlertFeed, Delivery
from hive_console.ui.alert_filter import HINT, AlertFilter, complete, parse
from hive_console.ui.alert_recall import Recall
from hive_console.ui.app_traits import Now, moment, wall_clock
from hive_console.ui.filter_words import Completion
from hive_console.ui.incident_words import alert_row
from hive_console.ui.pane_keys import PaneKeys
from hive_widgets.alert_list import AlertList
from hive_widgets.inbox_rows import Grouping, Head
from hive_widgets.line_list import LineList
from hive_widgets.line_pane import Pieces

if TYPE_CHECKING:  # loaded when the first filter is typed
    from hive_console.ui.filter_prompt import FilterPrompt


WHOLE = 600
"""Columns in which every line is whole."""

_OF_PANE = {
    SILENCES: frozenset({Action.SILENCE, Action.UNSILENCE}),
    CHANNELS: frozenset({Action.SILENCE, Action.TEST_CHANNEL}),
    DELIVERIES: frozenset({Action.ACKNOWLEDGE, Action.SILENCE, Action.NOTE, Action.TEST_CHANNEL}),
}
"""Deeds of the panes that show no alerts, and of the one that tells of them."""


class InboxKeys(PaneKeys):
    """The inbox's screen without its picture: what is chosen in its panes, and what keys do with it."""

    def __init__(self, client: EngineClient, now: Now | None = None) -> None:
        """Shows the inbox.

        Args:
            client: the engine.
            now: Unix seconds; the app's clock when not given.
        """
        super().__init__(client, lambda: moment(self.app, client, now))
        self._given_now = now
        self._filter = AlertFilter()
        self._offers: tuple[str, ...] = ()
        self._said: tuple[str, float] | None = None
        self._grouping: Grouping | None = None
        self._is_storm = False
        self._turned: frozenset[str] = frozenset()
        self._feed = AlertFeed()
        self._recall = Recall(self._feed)
        self._notices: tuple[Delivery, ...] = ()
        self._silences: tuple[SilenceView, ...] = ()
        self._channels: tuple[ChannelView, ...] = ()
        self.current_pane = INBOX

    def tick(self) -> None:
        """Reads what is new and draws it."""
        raise NotImplementedError

    def draw_panes(self, fleet: FleetSnapshot, now: float) -> None:
        """Draws what stands beside the inbox."""
        raise NotImplementedError

    def draw_lines(self, fleet: FleetSnapshot, now: float) -> None:
        """Draws the lines above and below the panes."""
        raise NotImplementedError

    def details(self, fleet: FleetSnapshot, now: float, width: int) -> tuple[Pieces, ...]:
        """All there is to know of what is chosen, what matters most first."""
        raise NotImplementedError

    @property
    def inbox(self) -> AlertList:
        """The list of alerts."""
        return self.query_one(AlertList)

    @property
    def feed(self) -> AlertFeed:
        """What is known of the past of alerts and notices."""
        return self._feed

    def _pane(self, name: str) -> LineList:
        return self.query_one(f"#{name}", LineList)

    # --- what is chosen ---

    @property
    def current(self) -> AlertView | None:
        """The alert under the cursor, while the inbox or the story is meant."""
        return self.inbox.current if self.current_pane in {INBOX, STORY} else None

    @property
    def silence(self) -> SilenceView | None:
        """The silence under the cursor, while they are meant."""
        place = self._place_in(SILENCES)
        return None if place is None else self._silences[place]

    @property
    def channel(self) -> ChannelView | None:
        """The channel under the cursor, while they are meant."""
        place = self._place_in(CHANNELS)
        return None if place is None else self._channels[place]

    @property
    def notice(self) -> Delivery | None:
        """The notice under the cursor, while the delivery log is meant."""
        place = self._place_in(DELIVERIES)
        return None if place is None else self._notices[place]

    def _place_in(self, name: str) -> int | None:
        return self._pane(name).place if self.current_pane == name else None

    @property
    def chosen(self) -> tuple[AlertView, ...]:
        """What deeds on alerts are about: marked ones, or what is under the cursor of the pane that is meant."""
        if self.current_pane in {INBOX, STORY} or self.inbox.marked:
            return self.inbox.chosen
        notice = self.notice
        found = () if notice is None else map(self.client.snapshot().alert, notice.alert_ids)
        return tuple(alert for alert in found if alert is not None)

    @property
    def selected(self) -> ModelView | None:
        """The model that the alert at hand is about."""
        chosen = self.chosen
        return self.client.snapshot().model(chosen[0].subject) if len(chosen) == 1 else None

    def target_of(self, action: Action) -> str:
        """The target of a command about what is chosen; empty where nothing is."""
        silence = "" if self.silence is None else self.silence.silence_id
        channel = "" if self.channel is None else self.channel.name
        if self.notice is not None:
            channel = self.notice.channel
        return targets_of(action, self.chosen, silence, channel)

    # --- keys ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A pane has the keys of what it shows; a key to end a silence is there where one can be ended."""
        if action in {"mark", "group"} and self.current_pane != INBOX:
            return False
        if action == "alert":
            deed = Action(str(parameters[0]))
            if self.current_pane in _OF_PANE and not self.inbox.marked and deed not in _OF_PANE[self.current_pane]:
                return False
            if deed is Action.UNSILENCE and not self.target_of(deed):
                return False
            if deed is Action.TEST_CHANNEL and not self.target_of(deed):
                return False
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """A grayed key says why it is gray."""
        self.explain_refusal(event.key)

    def say(self, text: str) -> None:
        """Answers a key, for a few seconds."""
        self._said = (text, wall_clock(self.app, self.now))
        if self.is_current:
            self.draw_lines(self.client.snapshot(), self.now())

    def on_line_list_moved(self) -> None:
        """The details follow the cursor."""
        self._follow()

    def on_alert_list_moved(self) -> None:
        """The details and the story follow the cursor."""
        self._follow()

    def _follow(self) -> None:
        if self.is_current:
            fleet, now = self.client.snapshot(), self.now()
            self.draw_panes(fleet, now)
            self.draw_lines(fleet, now)

    def on_alert_list_opened(self) -> None:
        """Opens or folds what is below a head; shows the story of an alert."""
        row = self.inbox.row
        if isinstance(row, Head):
            self._turned ^= {row.key}
            self.tick()
        elif isinstance(row, AlertView):
            self._open_story(row.alert_id)
        else:
            self.say("it is no alert yet")

    def on_list_pane_opened(self) -> None:
        """The story on a screen of its own."""
        if self.current is not None:
            self._open_story(self.current.alert_id)

    def on_line_list_opened(self) -> None:
        """All details of a silence, a channel or a notice."""
        from hive_console.ui.details_screen import DetailsScreen

        def lines(width: int) -> tuple[Pieces, ...]:
            return self.details(self.client.snapshot(), self.now(), width)

        self.app.push_screen(DetailsScreen(PANES[self.current_pane], lines))

    def _open_story(self, alert_id: str) -> None:
        from hive_console.ui.alert_screen import AlertScreen

        self.app.push_screen(AlertScreen(self.client, alert_id, self._feed, self._recall, self._given_now))

    def copied_row(self) -> str:
        """The line under the cursor, to be copied."""
        alert = self.current
        if alert is not None:
            return alert_row(alert, self.now())
        return "" if self.current_pane == STORY else self._pane(self.current_pane).words(WHOLE)

    def action_mark(self) -> None:
        """Marks the alert under the cursor, and goes on."""
        if self.current_pane == INBOX:
            self.inbox.toggle_mark()
            self.draw_lines(self.client.snapshot(), self.now())

    def action_group(self) -> None:
        """Puts what wants somebody together by the next word."""
        ways = list(Grouping)
        now = self._grouping or (Grouping.RULE if self._is_storm else Grouping.SEVERITY)
        self._grouping = ways[(ways.index(now) + 1) % len(ways)]
        self.tick()
        self.say(f"by {self._grouping.value}")

    def action_model(self) -> None:
        """Shows the model that the alert is about."""
        model = self.selected
        if model is None:
            self.say("this is about no model of the fleet")
            return
        from hive_console.ui.model_screen import ModelScreen  # the charts' library costs 60 ms to load

        self.app.push_screen(ModelScreen(self.client, model.model_id, self._given_now))

    def action_alert(self, name: str) -> None:
        """Opens the dialog of a deed on what is chosen, or says why there is none."""
        action = Action(name)
        target = self.target_of(action)
        refusal = begin(self.app, self.client, action, target, now=self.now, then=self._done)
        if refusal:
            self.say(refusal)

    def _done(self, result: CommandResult | None) -> None:
        if result is not None and result.is_done:
            self.inbox.clear_marks()
            self.tick()

    def action_menu(self) -> None:
        """Everything that can be done about what is chosen."""
        from hive_console.ui.alert_menu import AlertMenu

        model = self.selected
        model_id = "" if model is None else model.model_id
        chosen = self.chosen
        name = PANES.get(self.current_pane, "the alert")
        if chosen:
            name = chosen[0].text if len(chosen) == 1 else f"{len(chosen)} alerts"
        self.app.push_screen(
            AlertMenu(self.client, name, self.target_of, model_id=model_id), self._go_on_with(model_id)
        )

    def _go_on_with(self, model_id: str) -> Callable[[str | None], None]:
        def go_on(chosen: str | None) -> None:
            if chosen == "x":
                from hive_console.ui.action_flow import open_menu

                open_menu(self.app, self.client, model_id, now=self.now)
            elif chosen is not None:
                self.action_alert(chosen)

        return go_on

    def set_filter(self, text: str) -> None:
        """Narrows the inbox to what these words admit."""
        self._filter = parse(" ".join(text.split()))
        self.tick()

    def action_filter(self) -> None:
        """Asks for the words of the filter."""
        from hive_console.ui.filter_prompt import FilterPrompt  # inputs cost 20 ms to load

        if not self.query(FilterPrompt):
            before = f"{self._filter.line} " if self._filter.words else ""
            self.mount(FilterPrompt(before, hint=HINT, complete=self._complete), before="#alerts-keys")

    def _complete(self, line: str, cursor: int) -> Completion:
        return complete(line, cursor, self.client.snapshot())

    def on_filter_prompt_typed(self, event: FilterPrompt.Typed) -> None:
        """The list narrows while one types."""
        self._offers = event.offers
        self.set_filter(event.text)
        if event.is_final:
            self._offers = ()
            self.query("#filter").remove()
            self.go_to_pane(INBOX)

    def action_back(self) -> None:
        """Clears marks, then the filter, leaves a zoom or another pane of a small terminal, then the screen."""
        if self.inbox.marked:
            self.inbox.clear_marks()
        elif self._filter.words:
            self._filter = AlertFilter()
        elif self.unzoom():
            return
        elif self.current_pane != INBOX and not self.has_class("-roomy"):
            self.go_to_pane(INBOX)
            return
        else:
            self.app.pop_screen()
            return
        self.tick()
