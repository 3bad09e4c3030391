"""One model: what its breaker does and why, who serves instead, two charts, and what happened to it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from hive_console.core.events import Event
from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.wording import latency, percent
from hive_console.engine.client import EngineClient, EventPage
from hive_console.ui.app_traits import Now, is_ascii, moment, wall_clock, zone_of
from hive_console.ui.event_log import EventLog
from hive_console.ui.key_bar import key_bar
from hive_console.ui.model_story import GONE, ROOMY, story_lines
from hive_console.ui.operator_keys import OperatorKeys
from hive_console.ui.past_words import draw_bar
from hive_console.ui.place_line import place_line
from hive_widgets.chart import Chart
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane
from hive_widgets.pieces import Piece
from hive_widgets.time_bar import TimeBar

TICK = 1.0
"""Seconds between two drawings; ages and countdowns are said in seconds."""

SAID_FOR = 6.0
"""Seconds that an answer to a key stands: time to read one line twice."""

LEAST_SECONDS = 0.5
"""The response time's scale reaches at least this far: below it nobody waits."""

LEAST_PERCENT = 5.0
"""The error rate's scale reaches at least this far: BIP-03's default bound for a degraded model."""

_ABOUT = ("model", "subject", "requested", "served_by", "from_model", "to_model", "target")
"""Fields of events that name a model."""


class ModelScreen(OperatorKeys):
    """Follows one model of the fleet; the same keys act on it as on the fleet's screen."""

    DEFAULT_CSS = """
    ModelScreen { layout: vertical; }
    ModelScreen LinePane { height: 1; width: 1fr; }
    ModelScreen #model-place, ModelScreen #model-said, ModelScreen #model-keys { background: $panel; }
    ModelScreen #model-story { height: 6; }
    ModelScreen #model-charts { height: 3fr; }
    ModelScreen Chart { margin: 0 1; }
    ModelScreen #model-events { height: 2fr; }
    ModelScreen.-wide #model-story { height: 5; }
    ModelScreen.-tall #model-story { margin: 1 0; }
    ModelScreen.-tall #model-charts { margin-bottom: 1; }
    ModelScreen.-slim #model-charts { layout: vertical; }
    ModelScreen.-tiny #model-charts { display: none; }
    """

    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-slim"), (64, "-narrow"), (ROOMY, "-wide")]  # type: ignore[misc]  # Textual declares it on the instance
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-tiny"), (18, "-short"), (30, "-tall")]  # type: ignore[misc]  # the same

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="model.back"),
        Binding("right_square_bracket", "step(1)", "next model", id="model.next", key_display="[ ]"),
        Binding("left_square_bracket", "step(-1)", "previous model", id="model.previous", show=False),
    ]

    def __init__(self, client: EngineClient, model_id: str, now: Now | None = None) -> None:
        """Shows a model.

        Args:
            client: the engine.
            model_id: which one.
            now: Unix seconds; the app's clock when not given.
        """
        super().__init__(client, lambda: moment(self.app, client, now))
        self._model_id = model_id
        self._log = EventLog()
        self._said: tuple[str, float] | None = None

    @property
    def model_id(self) -> str:
        """The model that is shown."""
        return self._model_id

    @property
    def selected(self) -> ModelView | None:
        """The model that keys act on."""
        return self.client.snapshot().model(self._model_id)

    @property
    def text(self) -> str:
        """The lines of the screen without its charts, as plain text."""
        return "\n".join(pane.text for pane in self.query(LinePane))

    def compose(self) -> ComposeResult:
        """Place, story, charts, events and keys, from the top."""
        plain = is_ascii(self.app)
        yield LinePane(id="model-place")
        yield LinePane(id="model-story")
        with Horizontal(id="model-charts"):
            yield Chart("Response, s", least_top=LEAST_SECONDS, is_ascii=plain, id="model-times")
            yield Chart("Errors, %", least_top=LEAST_PERCENT, is_ascii=plain, id="model-errors")
        yield LinePane(id="model-said")
        yield LinePane(id="model-events")
        if past_of(self.client.snapshot()) is not None:
            yield TimeBar(id="time")
        yield LinePane(id="model-keys")

    def on_mount(self) -> None:
        """Begins to follow the model."""
        self.tick()
        self.set_interval(TICK, self.tick)

    def on_resize(self, _: events.Resize) -> None:
        """Lines are cut to the width."""
        self.call_after_refresh(self.tick)

    def on_screen_resume(self) -> None:
        """What happened under a dialog is shown at once."""
        self.call_after_refresh(self.tick)

    def tick(self) -> None:
        """Reads what is new and draws it; each pane sends only what changed."""
        if not self.is_current:
            return
        fleet, now = self.client.snapshot(), self.now()
        self._log.take(self._about_it(self.client.events(self._log.cursor)), now)
        self._draw_top(fleet, now)
        self._draw_charts(fleet.model(self._model_id))
        self._draw_bottom()
        for bar in self.query(TimeBar):
            draw_bar(bar, fleet, zone_of(self.app), is_ascii=is_ascii(self.app))

    def _about_it(self, page: EventPage) -> EventPage:
        events = tuple(event for event in page.events if is_about(event, self._model_id))
        return replace(page, events=events, lost=0)

    def _draw_top(self, fleet: FleetSnapshot, now: float) -> None:
        model = fleet.model(self._model_id)
        width = self.size.width
        names = [view.model_id for view in fleet.models]
        place = f"{names.index(self._model_id) + 1} of {len(names)}" if self._model_id in names else "gone"
        details = "" if model is None or not model.provider else f"{model.provider}, "
        where = ("fleet", self._model_id)
        line = place_line(
            where, f"{details}{place}", fleet, now=now, zone=zone_of(self.app), width=width, app=self.app
        )
        self._pane("model-place").show((line,))
        if model is None:
            self._pane("model-story").show(((Piece(f" {GONE}", Role.BAD),),))
            return
        self._pane("model-story").show(story_lines(model, fleet, now, width=width, plain=is_ascii(self.app)))

    def _draw_charts(self, model: ModelView | None) -> None:
        times, errors = self.query_one("#model-times", Chart), self.query_one("#model-errors", Chart)
        if model is None:
            times.plot(())
            errors.plot(())
            return
        last = "" if model.response_time is None else f"last {latency(model.response_time)}"
        p95 = "" if model.p95 is None else f"p95 {latency(model.p95)}"
        times.plot(model.response_times, latest=last, level=model.p95, level_name=p95)
        share = "" if model.error_rate is None else f"now {percent(model.error_rate)}"
        shares = tuple(None if value is None else value * 100 for value in model.error_rates)
        errors.plot(shares, latest=share)

    def _draw_bottom(self) -> None:
        if self._said is not None and wall_clock(self.app, self.now) - self._said[1] > SAID_FOR:
            self._said = None
        said = (
            Piece(" Recent events", Role.MUTED)
            if self._said is None
            else Piece(f" {self._said[0]}", Role.WARN, is_bold=True)
        )
        self._pane("model-said").show(((said,),))
        log = self._pane("model-events")
        log.show(self._log.lines(log.size.height, zone_of(self.app), is_ascii=is_ascii(self.app)))
        self._pane("model-keys").show((key_bar(self.app, self, self.size.width),))

    def _pane(self, name: str) -> LinePane:
        return self.query_one(f"#{name}", LinePane)

    # --- keys ---

    def say(self, text: str) -> None:
        """Answers a key, for a few seconds."""
        self._said = (text, wall_clock(self.app, self.now))
        self._draw_bottom()

    def on_key(self, event: events.Key) -> None:
        """A grayed key says why it is gray."""
        self.explain_refusal(event.key)

    def action_step(self, places: int) -> None:
        """Goes to the next or the previous model of the fleet, round and round."""
        names = [view.model_id for view in self.client.snapshot().models]
        if not names:
            return
        at = names.index(self._model_id) if self._model_id in names else 0
        self._model_id = names[(at + places) % len(names)]
        self._log = EventLog()
        self._said = None
        self.tick()

    def action_back(self) -> None:
        """Leaves for where one came from."""
        self.app.pop_screen()


def is_about(event: Event, model_id: str) -> bool:
    """Whether the event names this model."""
    return any(getattr(event, field, None) == model_id for field in _ABOUT)
