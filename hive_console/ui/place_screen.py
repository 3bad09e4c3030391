"""What the screens of timeline, routes and audit share: one list, its details, a filter, and moving about."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.timer import Timer
from textual.widget import Widget

from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import Now, is_ascii, moment, wall_clock, zone_of
from hive_console.ui.key_bar import key_bar
from hive_console.ui.operator_keys import OperatorKeys
from hive_console.ui.past_words import draw_bar
from hive_console.ui.place_line import place_line
from hive_widgets.glyphs import Role
from hive_widgets.line_list import Draw, LineList
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece
from hive_widgets.time_bar import TimeBar

if TYPE_CHECKING:  # loaded when the first filter is typed
    from hive_console.ui.filter_prompt import FilterPrompt

TICK = 1.0
"""Seconds between two drawings; ages are said in seconds."""

WHOLE = 600
"""Columns in which every line is whole: a reason has up to 200 characters."""

SAID_FOR = 6.0
"""Seconds that an answer to a key stands: time to read one line twice."""


def place_keys(area: str) -> list[Binding]:
    """Going back and filtering; `area` is the first part of the ids, by which keys can be remapped."""
    return [
        Binding("slash", "filter", "filter", id=f"{area}.filter", key_display="/"),
        Binding("escape", "back", "back", id=f"{area}.back"),
    ]


class PlaceScreen(OperatorKeys):
    """A list with a line of where one is above it and the details of the line under the cursor below.

    It draws while it is the screen on top, and stands still otherwise; it is made once, and keeps its cursor and
    its filter while one is elsewhere.
    """

    DEFAULT_CSS = """
    PlaceScreen { layout: vertical; }
    PlaceScreen LinePane { height: 1; width: 1fr; }
    PlaceScreen #place-line, PlaceScreen #place-said, PlaceScreen #place-keys { background: $panel; }
    PlaceScreen #place-details { height: 5; }
    PlaceScreen.-tiny #place-details { display: none; }
    """

    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-tiny"), (16, "-short"), (30, "-tall")]  # type: ignore[misc]  # Textual declares it on the instance
    AUTO_FOCUS = "LineList"

    place_name: ClassVar[str]
    """What the place is called, where one sees which way one came."""

    hint: ClassVar[str]
    """What a filter can say, by example."""

    follows: ClassVar[bool] = False
    """Whether the newest line is followed."""

    def __init__(self, client: EngineClient, now: Now | None = None) -> None:
        """A place on this engine; `now` gives Unix seconds, the app's clock when not given."""
        super().__init__(client, lambda: moment(self.app, client, now))
        self._given_now = now
        self.filter_text = ""
        self._said: tuple[str, float] | None = None
        self._ticking: Timer | None = None

    # --- what a place says of itself -------------------------------------------------------------------

    def refresh_lines(self, fleet: FleetSnapshot, now: float) -> tuple[Sequence[Hashable], Draw, str]:
        """The keys of the lines to show, what draws them, and what to say where there are none."""
        raise NotImplementedError

    def summary_pieces(self, fleet: FleetSnapshot, now: float) -> Pieces:
        """What to know of the list as a whole, in one line."""
        raise NotImplementedError

    def detail_lines(self, fleet: FleetSnapshot, now: float, width: int) -> tuple[Pieces, ...]:
        """All there is to know of the line under the cursor, in as many lines as there may be."""
        raise NotImplementedError

    def extra(self) -> ComposeResult:
        """What stands between the summary and the list."""
        yield from ()

    def filter_changed(self) -> None:
        """The filter is another one; it is drawn next."""

    # --- how it is put together ------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Place, summary, list, details and keys, from the top."""
        yield LinePane(id="place-line")
        yield LinePane(id="place-summary")
        yield from self.extra()
        yield LineList(follows=self.follows, is_ascii=is_ascii(self.app), id="place-list")
        yield LinePane(id="place-said")
        yield LinePane(id="place-details")
        if past_of(self.client.snapshot()) is not None:
            yield TimeBar(id="time")
        yield LinePane(id="place-keys")

    def on_mount(self) -> None:
        """Begins to follow what happens."""
        self._ticking = self.set_interval(TICK, self.tick)
        self.tick()

    def on_screen_suspend(self) -> None:
        """Whoever is elsewhere needs no drawing here."""
        if self._ticking is not None:
            self._ticking.pause()

    def on_screen_resume(self) -> None:
        """What happened meanwhile is shown at once."""
        if self._ticking is not None:
            self._ticking.resume()
        self.call_after_refresh(self.tick)

    def on_resize(self, _: events.Resize) -> None:
        """Lines are cut to the width."""
        self.call_after_refresh(self.tick)

    @property
    def lines(self) -> LineList:
        """The list."""
        return self.query_one("#place-list", LineList)

    @property
    def text(self) -> str:
        """What the screen says, as plain text."""
        return "\n".join([*(pane.text for pane in self.query(LinePane)), self.lines.text])

    def tick(self) -> None:
        """Reads what is new and draws it; each pane sends only what changed."""
        if not self.is_current:
            return
        fleet, now = self.client.snapshot(), self.now()
        keys, draw, empty = self.refresh_lines(fleet, now)
        self.lines.show_lines(keys, draw, empty_text=empty)
        self.draw_around(fleet, now)

    def draw_around(self, fleet: FleetSnapshot, now: float) -> None:
        """Draws all but the list."""
        width, plain = self.size.width, is_ascii(self.app)
        where = ("fleet", self.place_name)
        line = place_line(where, "", fleet, now=now, zone=zone_of(self.app), width=width, app=self.app)
        self._pane("place-line").show((line,))
        self._pane("place-summary").show((self.summary_pieces(fleet, now),))
        if self._said is not None and wall_clock(self.app, self.now) - self._said[1] > SAID_FOR:
            self._said = None
        said = (
            Piece(" Details", Role.MUTED)
            if self._said is None
            else Piece(f" {self._said[0]}", Role.WARN, is_bold=True)
        )
        self._pane("place-said").show(((said,),))
        details = self._pane("place-details")
        if details.display:
            details.show(self.detail_lines(fleet, now, width)[: details.size.height])
        for bar in self.query(TimeBar):
            draw_bar(bar, fleet, zone_of(self.app), is_ascii=plain)
        self._pane("place-keys").show((key_bar(self.app, self, width),))

    def _pane(self, name: str) -> LinePane:
        return self.query_one(f"#{name}", LinePane)

    # --- keys ------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Answers a key, for a few seconds."""
        self._said = (text, wall_clock(self.app, self.now))
        if self.is_current:
            self.draw_around(self.client.snapshot(), self.now())

    def on_key(self, event: events.Key) -> None:
        """A grayed key says why it is gray."""
        self.explain_refusal(event.key)

    def on_line_list_moved(self) -> None:
        """The details follow the cursor."""
        if self.is_current:
            self.draw_around(self.client.snapshot(), self.now())

    def copied_row(self) -> str:
        """The line under the cursor whole, to be copied."""
        return self.lines.words(WHOLE)

    def open_model(self, model_id: str) -> None:
        """Shows a model."""
        # The charts' library costs 60 ms to load: not before somebody asks for a chart.
        from hive_console.ui.model_screen import ModelScreen

        self.app.push_screen(ModelScreen(self.client, model_id, self._given_now))

    def open_details(self) -> None:
        """Shows all details of the line under the cursor."""
        from hive_console.ui.details_screen import DetailsScreen

        def lines(width: int) -> tuple[Pieces, ...]:
            return self.detail_lines(self.client.snapshot(), self.now(), width)

        self.app.push_screen(DetailsScreen(self.place_name, lines))

    def go_to_next(self, matters: Sequence[bool], direction: int) -> None:
        """Moves the cursor to the next line that matters, below for 1, above for -1; stays where there is none."""
        place = self.lines.place
        if place is None:
            return
        places = range(place + 1, len(matters)) if direction > 0 else range(place - 1, -1, -1)
        for found in places:
            if matters[found]:
                self.lines.action_move_to(found)
                return

    def set_filter(self, text: str) -> None:
        """Narrows the list to what these words admit."""
        self.filter_text = " ".join(text.split())
        self.filter_changed()
        self.tick()

    def action_filter(self) -> None:
        """Asks for the words of the filter."""
        # The input widget costs 20 ms to load: not before the first filter.
        from hive_console.ui.filter_prompt import FilterPrompt

        if not self.query(FilterPrompt):
            self.mount(FilterPrompt(self.filter_text, hint=self.hint), before="#place-keys")

    def on_filter_prompt_typed(self, event: FilterPrompt.Typed) -> None:
        """The list narrows while one types."""
        prompt: Widget = self.query_one("#filter")
        if event.is_final:
            prompt.remove()
            self.lines.focus()
        self.set_filter(event.text)

    def action_back(self) -> None:
        """Clears the filter, then leaves."""
        if self.filter_text:
            self.set_filter("")
        else:
            self.app.pop_screen()
