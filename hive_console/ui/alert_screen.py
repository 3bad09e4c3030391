"""One alert whole: how it stands, what happened to it, who was told with which answer, and what to do about it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from hive_console.core.past import past_of
from hive_console.core.snapshot import AlertView, FleetSnapshot, ModelView
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.alert_deeds import alert_bindings, begin, targets_of
from hive_console.ui.alert_feed import AlertFeed
from hive_console.ui.alert_recall import Recall
from hive_console.ui.alert_story import advice_lines, fact_lines, story_lines
from hive_console.ui.app_traits import Now, history_of, is_ascii, is_review, moment, wall_clock, zone_of
from hive_console.ui.asked import LOOK
from hive_console.ui.incident_words import alert_row
from hive_console.ui.key_bar import key_bar
from hive_console.ui.operator_keys import OperatorKeys
from hive_console.ui.past_words import draw_bar
from hive_console.ui.place_line import place_line, way_here
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane
from hive_widgets.panes import CURRENT, ListPane
from hive_widgets.pieces import Piece
from hive_widgets.time_bar import TimeBar

TICK, SAID_FOR = 1.0, 6.0
"""Seconds between two drawings, and that an answer to a key stands."""

STORY_LINES = 5
"""Lines that the story keeps with its heading, however much there is to know."""

_OTHERWISE = frozenset({"model.acknowledge"})


class AlertScreen(OperatorKeys, inherit_bindings=False):
    """The story of one alert; keys that act on models act on the one that it is about."""

    DEFAULT_CSS = """
    AlertScreen { layout: vertical; }
    AlertScreen LinePane { height: 1; width: 1fr; }
    AlertScreen #story-place, AlertScreen #story-said, AlertScreen #story-keys { background: $panel; }
    AlertScreen #story { height: 1fr; }
    AlertScreen.-tiny #story-facts, AlertScreen.-tiny #story-advice { display: none; }
    """

    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-tiny"), (16, "-short")]  # type: ignore[misc]  # Textual declares it on the instance

    BINDING_GROUP_TITLE = "The alert"
    BINDINGS: ClassVar[list[BindingType]] = [
        *alert_bindings(leave_out=frozenset({Action.TEST_CHANNEL})),
        Binding("escape", "back", "back", id="story.back"),
        Binding("o", "model", "its model", id="story.model", tooltip="open the model it is about"),
        *(key for key in OperatorKeys.BINDINGS if isinstance(key, Binding) and key.id not in _OTHERWISE),
    ]

    AUTO_FOCUS = "ListPane"
    place_name = "story"

    def __init__(
        self,
        client: EngineClient,
        alert_id: str,
        feed: AlertFeed | None = None,
        recall: Recall | None = None,
        now: Now | None = None,
    ) -> None:
        """Shows this alert.

        Args:
            client: the engine.
            alert_id: which one.
            feed: what the inbox knows of its past already.
            recall: what keeps that up to date.
            now: Unix seconds; the app's clock when not given.
        """
        super().__init__(client, lambda: moment(self.app, client, now))
        self._alert_id = alert_id
        self._given_now = now
        self._feed = AlertFeed() if feed is None else feed
        self._recall = Recall(self._feed) if recall is None else recall
        self._last: AlertView | None = None
        self._said: tuple[str, float] | None = None

    @property
    def text(self) -> str:
        """What the screen says, as plain text."""
        return "\n".join(pane.text for pane in self.query(LinePane))

    def compose(self) -> ComposeResult:
        """Place, facts, story, advice and keys, from the top."""
        yield LinePane(id="story-place")
        yield LinePane(id="story-facts")
        story = ListPane("story", is_ascii=is_ascii(self.app), is_tailing=True, id="story")
        story.add_class(CURRENT)
        yield story
        yield LinePane(id="story-advice")
        yield LinePane(id="story-said")
        if past_of(self.client.snapshot()) is not None:
            yield TimeBar(id="time")
        yield LinePane(id="story-keys")

    def on_mount(self) -> None:
        """Begins to follow it."""
        self.call_after_refresh(self.tick)
        self.set_interval(TICK, self.tick)
        self.set_interval(LOOK, self._look)

    def on_resize(self, _: events.Resize) -> None:
        """Lines are cut to the width."""
        self.call_after_refresh(self.tick)

    def on_screen_resume(self) -> None:
        """What happened under a dialog is shown at once."""
        self.call_after_refresh(self.tick)

    def _look(self) -> None:
        if self._recall.look():
            self.tick()

    @property
    def alert(self) -> AlertView | None:
        """The alert, as it was when it was last there."""
        self._last = self.client.snapshot().alert(self._alert_id) or self._last
        return self._last

    @property
    def selected(self) -> ModelView | None:
        """The model that it is about."""
        alert = self.alert
        return None if alert is None else self.client.snapshot().model(alert.subject)

    def tick(self) -> None:
        """Reads what is new and draws it."""
        if not self.is_current:
            return
        fleet, now = self.client.snapshot(), self.now()
        self._recall.follow(self.client, fleet, history_of(self.app))
        self._draw(fleet, now)

    def _draw(self, fleet: FleetSnapshot, now: float) -> None:
        width, zone, plain = self.size.width, zone_of(self.app), is_ascii(self.app)
        where = (*way_here(self.app), self._alert_id)
        line = place_line(where, "", fleet, now=now, zone=zone, width=width, app=self.app)
        self._pane("story-place").show((line,))
        alert = self.alert
        story = self.query_one(ListPane)
        if alert is None:
            self._pane("story-facts").show(((Piece(" this alert is not known any more", Role.MUTED),),))
            story.fill(())
        else:
            advice = (
                ()
                if is_review(self.app)
                else advice_lines(alert, self._keys_now(), width, has_model=self.selected is not None)
            )
            room = max(1, self.size.height - STORY_LINES - 3 - len(self.query(TimeBar)))
            self._fill("story-advice", advice[: room // 2])
            facts = fact_lines(alert, fleet, now=now, zone=zone, width=width, plain=plain)
            self._fill("story-facts", facts[: room - len(advice[: room // 2])])
            told = story_lines(alert, self._feed, zone=zone, width=width, plain=plain)
            nothing = ((Piece(f" {self._recall.words or 'nothing of it is known any more'}", Role.MUTED),),)
            story.fill(told or nothing)
        if self._said is not None and wall_clock(self.app, self.now) - self._said[1] > SAID_FOR:
            self._said = None
        said = () if self._said is None else (Piece(f" {self._said[0]}", Role.WARN, is_bold=True),)
        self._pane("story-said").show((said,))
        for bar in self.query(TimeBar):
            draw_bar(bar, fleet, zone, is_ascii=plain)
        self._pane("story-keys").show((key_bar(self.app, self, width),))

    def _fill(self, name: str, lines: tuple[tuple[Piece, ...], ...]) -> None:
        pane = self._pane(name)
        pane.styles.height = len(lines)
        pane.show(lines)

    def _keys_now(self) -> dict[Action, str]:
        """The keys of actions on its model, as they are remapped."""
        found: dict[Action, str] = {}
        for active in self.active_bindings.values():
            area, _, name = (active.binding.id or "").partition(".")
            if area == "model" and name in {action.value for action in Action}:
                found.setdefault(Action(name), self.app.get_key_display(active.binding))
        return found

    def _pane(self, name: str) -> LinePane:
        return self.query_one(f"#{name}", LinePane)

    # --- keys ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key to end a silence is there where one can be ended."""
        if action == "alert" and parameters == (Action.UNSILENCE.value,):
            alert = self.alert
            if alert is None or not alert.silenced_by:
                return False
        return super().check_action(action, parameters)

    def say(self, text: str) -> None:
        """Answers a key, for a few seconds."""
        self._said = (text, wall_clock(self.app, self.now))
        self.tick()

    def on_key(self, event: events.Key) -> None:
        """A grayed key says why it is gray."""
        self.explain_refusal(event.key)

    def copied_row(self) -> str:
        """The alert in one line, to be copied."""
        alert = self.alert
        return "" if alert is None else alert_row(alert, self.now())

    def action_alert(self, name: str) -> None:
        """Opens the dialog of a deed on it, or says why there is none."""
        alert = self.alert
        action = Action(name)
        target = targets_of(action, () if alert is None else (alert,))
        refusal = begin(self.app, self.client, action, target, now=self.now)
        if refusal:
            self.say(refusal)

    def action_model(self) -> None:
        """Shows the model that it is about."""
        model = self.selected
        if model is None:
            self.say("it is about no model of the fleet")
            return
        from hive_console.ui.model_screen import ModelScreen  # the charts' library costs 60 ms to load

        self.app.push_screen(ModelScreen(self.client, model.model_id, self._given_now))

    def action_back(self) -> None:
        """Leaves for where one came from."""
        self.app.pop_screen()
