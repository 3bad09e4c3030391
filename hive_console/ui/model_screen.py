"""One model: what its breaker does and why, who serves instead, its charts, and what happened to it, in panes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.engine.client import EngineClient, EventPage
from hive_console.ui.app_traits import Now, is_ascii, moment, wall_clock, zone_of
from hive_console.ui.event_log import KEPT, EventLog
from hive_console.ui.key_bar import key_bar
from hive_console.ui.model_chain import chain_lines
from hive_console.ui.model_charts import chart_pane, draw_charts
from hive_console.ui.model_record import MARK_LEGEND, ModelRecord, is_about
from hive_console.ui.model_story import GONE, breaker_line, limit_lines, story_lines
from hive_console.ui.pane_keys import TALL_FROM, WIDE_FROM, PaneKeys
from hive_console.ui.past_words import draw_bar
from hive_console.ui.place_line import place_line, way_here
from hive_widgets.chart import ROLES
from hive_widgets.chart_pane import ChartPane
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.panes import ListPane
from hive_widgets.pieces import Piece
from hive_widgets.plot_overlay import ASCII_HATCH, ASCII_SHADE, HATCH, SHADE
from hive_widgets.time_bar import TimeBar

TICK = 1.0
"""Seconds between two drawings; ages and countdowns are said in seconds."""

SAID_FOR = 6.0
"""Seconds that an answer to a key stands: time to read one line twice."""

BODY = ("charts", "breaker", "chain", "checks", "events")
"""The panes, in the order of tab."""


class ModelScreen(PaneKeys):
    """Follows one model of the fleet; the same keys act on it as on the fleet's screen."""

    DEFAULT_CSS = """
    ModelScreen { layout: vertical; }
    ModelScreen > LinePane { height: 1; width: 1fr; }
    ModelScreen #model-place, ModelScreen #model-said, ModelScreen #model-keys { background: $panel; }
    ModelScreen #model-story { height: 6; }
    ModelScreen #body { grid-size: 1 2; grid-rows: 3fr 2fr; }
    ModelScreen #body ListPane { display: none; }
    ModelScreen #body .-shown { display: block; }
    ModelScreen.-vast #model-story { height: 5; }
    ModelScreen.-tiny #model-story { height: 2; }
    ModelScreen.-tiny #body { grid-size: 1 1; }
    ModelScreen.-tiny #body > * { display: none; }
    ModelScreen.-tiny #body > .-current { display: block; }
    ModelScreen.-wide.-tall #body, ModelScreen.-wide.-high #body, ModelScreen.-vast.-tall #body {
        grid-size: 2 3; grid-columns: 3fr 2fr; grid-rows: 1fr 1fr 1fr; grid-gutter: 0 1;
    }
    ModelScreen.-vast.-high #body {
        grid-size: 3 3; grid-columns: 1fr 1fr 1fr; grid-rows: 1fr 1fr 1fr; grid-gutter: 0 1;
    }
    ModelScreen.-wide.-tall #body ListPane, ModelScreen.-wide.-high #body ListPane { display: block; }
    ModelScreen.-vast.-tall #body ListPane, ModelScreen.-vast.-high #body ListPane { display: block; }
    ModelScreen.-wide.-tall #charts, ModelScreen.-wide.-high #charts { row-span: 2; }
    ModelScreen.-vast.-tall #charts { row-span: 2; }
    ModelScreen.-vast.-high #charts { row-span: 3; }
    ModelScreen.-vast.-high #checks, ModelScreen.-vast.-high #events { row-span: 2; }
    """

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
        self._record = ModelRecord(model_id)
        self._list = "checks"
        self.current_pane = self._list
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
        """Place, story, panes, an answer or the legend, and keys, from the top."""
        plain = is_ascii(self.app)
        yield LinePane(id="model-place")
        yield LinePane(id="model-story")
        with Container(id="body"):
            yield chart_pane("charts", is_ascii=plain, is_small=False)
            yield ListPane("breaker", is_ascii=plain, id="breaker")
            yield ListPane("chain and holds", is_ascii=plain, id="chain")
            yield ListPane("checks and calls", is_ascii=plain, id="checks")
            yield ListPane("events", is_ascii=plain, is_tailing=True, id="events")
        yield LinePane(id="model-said")
        if past_of(self.client.snapshot()) is not None:
            yield TimeBar(id="time")
        yield LinePane(id="model-keys")

    def on_mount(self) -> None:
        """Begins to follow the model."""
        self.go_to_pane(self.current_pane)
        self.tick()
        self.set_interval(TICK, self.tick)

    def panes(self) -> tuple[Widget, ...]:
        """All of them: a small terminal shows those it has no room for one after the other."""
        return tuple(self.query_one(f"#{name}") for name in BODY)

    def go_to_pane(self, name: str) -> None:
        """Means a pane; the list that was meant last stands below the charts of a small terminal."""
        self._list = self._list if name == "charts" else name
        for pane in self.query(ListPane):
            pane.set_class(pane.id == self._list, "-shown")
        super().go_to_pane(name)

    def on_pane_changed(self) -> None:
        """A pane that came into sight has to be drawn."""
        self.tick()

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
        page = self.client.events(self._log.cursor)
        self._record.take(page)
        self._log.take(self._about_it(page), now)
        self._draw_top(fleet, now)
        self._draw_body(fleet, now)
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
        where = (*way_here(self.app), self._model_id)
        line = place_line(
            where, f"{details}{place}", fleet, now=now, zone=zone_of(self.app), width=width, app=self.app
        )
        self._pane("model-place").show((line,))
        if model is None:
            self._pane("model-story").show(((Piece(f" {GONE}", Role.BAD),),))
            return
        self._pane("model-story").show(story_lines(model, fleet, now, width=width, plain=is_ascii(self.app)))

    def _draw_body(self, fleet: FleetSnapshot, now: float) -> None:
        """Each pane that is in sight."""
        model = fleet.model(self._model_id)
        zone, plain = zone_of(self.app), is_ascii(self.app)
        charts = self.query_one(ChartPane)
        if charts.display:
            draw_charts(charts, model, self._record.marks(now, plain=plain))
        lines: dict[str, Callable[[], tuple[Pieces, ...]]] = {
            "checks": lambda: self._record.check_lines(zone, plain=plain),
            "events": lambda: self._log.lines(KEPT, zone, is_ascii=plain),
        }
        if model is not None:
            lines["breaker"] = lambda: (
                breaker_line(model, now),
                *limit_lines(model),
                *self._record.story_lines(zone, plain=plain),
            )
            lines["chain"] = lambda: chain_lines(model, fleet, now, plain=plain)
        is_small = self.size.width < WIDE_FROM or self.size.height < TALL_FROM
        for pane in self.query(ListPane):
            name = str(pane.id)
            pane.aside = f"tab: {', '.join(one for one in BODY if one != name)}" if is_small else ""
            if pane.display:
                pane.fill(lines.get(name, tuple)())

    def _draw_bottom(self) -> None:
        if self._said is not None and wall_clock(self.app, self.now) - self._said[1] > SAID_FOR:
            self._said = None
        answer = self._said
        said = (
            legend(plain=is_ascii(self.app))
            if answer is None
            else (Piece(f" {answer[0]}", Role.WARN, is_bold=True),)
        )
        self._pane("model-said").show((said,))
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
        self._record = ModelRecord(self._model_id)
        self._said = None
        self.tick()

    def action_back(self) -> None:
        """Leaves the zoom, or the screen, for where one came from."""
        if not self.unzoom():
            self.app.pop_screen()

    def on_list_pane_opened(self) -> None:
        """Enter on a pane of lines makes it large, and small again."""
        self.action_zoom()


def legend(*, plain: bool) -> Pieces:
    """What the signs of the charts mean."""
    signs = [
        piece
        for sign, ascii_sign, part, words in MARK_LEGEND
        for piece in (Piece(f" {ascii_sign if plain else sign} ", ROLES[part]), Piece(f"{words} ", Role.MUTED))
    ]
    shade, hatch = (ASCII_SHADE, ASCII_HATCH) if plain else (SHADE, HATCH)
    return (*signs, Piece(f" {shade}{shade} fastest to p95   {hatch}{hatch} no data", Role.MUTED))
