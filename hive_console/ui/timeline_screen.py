"""The timeline: what happened, in order, on one axis; causes above what they caused, the newest at the bottom.

So it reads as every log does, the fleet screen's own and `hive-console tail` among them: cause before effect.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from hive_console.core.chronicle import TOLD, Moment
from hive_console.core.events import Event, StatusChanged
from hive_console.core.lanes import Lane, Window, lanes_of
from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import ModelStatus
from hive_console.core.store import Gap, Wanted
from hive_console.core.wording import span
from hive_console.engine.client import EngineClient
from hive_console.ui import timeline_lines
from hive_console.ui.app_traits import Now, history_of, is_ascii, zone_of
from hive_console.ui.asked import LOOK, Asked
from hive_console.ui.formatting import short_moment
from hive_console.ui.list_filter import Query, parse
from hive_console.ui.operator_keys import OperatorKeys
from hive_console.ui.place_screen import PlaceScreen, place_keys
from hive_console.ui.timeline_book import Book
from hive_widgets.glyphs import Role
from hive_widgets.lane_strip import NAME_CELLS, axis_pieces, lane_lines
from hive_widgets.line_list import Draw
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece

PAGE = 500
"""Events of one page of the recording: read and told in a blink."""

PAGES_AT_ONCE = 8
"""Pages that one key looks through for what the filter admits: beyond it, the next key goes on from there."""

ENOUGH = 40
"""Moments below which the recording is asked at once: a screen that is not full."""

LANE_SPANS = (600.0, 3_600.0)
"""Seconds that the strips show: the shorter while no more is known, else an incident and what led to it."""

LANES_FROM, MOST_LANES, LANE_SHARE = 30, 8, 5
"""Lines from which strips are drawn, strips at most, and the part of the screen (one in so many) they may take."""

_JUST_AFTER = 1e-6  # windows end before their end; what happened at the very instant belongs to it


class TimelineScreen(PlaceScreen, inherit_bindings=False):
    """Follows what happens; going up reads on in the recording, page by page."""

    DEFAULT_CSS = """
    TimelineScreen #place-lanes { display: none; }
    TimelineScreen.-tall #place-lanes { display: block; }
    TimelineScreen.-tall #place-details { height: 8; }
    """

    BINDING_GROUP_TITLE = "The timeline"
    BINDINGS: ClassVar[list[BindingType]] = [
        *place_keys("timeline"),
        Binding("right_square_bracket", "matter(1)", "what matters", id="timeline.next", key_display="[ ]"),
        Binding("left_square_bracket", "matter(-1)", id="timeline.previous", show=False),
        Binding("space", "details", "details", id="timeline.details"),
        *(key for key in OperatorKeys.BINDINGS if isinstance(key, Binding) and key.action in {"menu", "undo"}),
    ]

    place_name = "timeline"
    hint = timeline_lines.HINT
    follows = True

    def __init__(self, client: EngineClient, now: Now | None = None) -> None:
        """A timeline of this engine, or of a recording."""
        super().__init__(client, now)
        self._book = Book()
        self._query: Query[Moment] = Query()
        self._shown: list[Moment] = []
        self._version = 0
        self._drawn_version: tuple[object, ...] = ()
        self._events: Asked[tuple[Event, ...]] = Asked()
        self._gaps: Asked[tuple[Gap, ...]] = Asked()
        self._page: tuple[Event, ...] = ()
        self._wanted = Wanted()
        self._pages_left = 0
        self._is_all = False
        self._is_asked = False
        self._past_at: float | None = None
        self._lanes: tuple[tuple[object, ...], tuple[Lane, ...]] = ((), ())

    def extra(self) -> ComposeResult:
        """The strips."""
        yield LinePane(id="place-lanes")

    def on_mount(self) -> None:
        """Begins to look for answers of the recording."""
        self.set_interval(LOOK, self._look)

    # --- what is in the book ---------------------------------------------------------------------------

    def refresh_lines(self, fleet: FleetSnapshot, now: float) -> tuple[Sequence[Hashable], Draw, str]:
        """The moments that the filter admits."""
        if past_of(fleet) is None:
            self._take_news(now)
        else:
            self._follow_the_past(fleet)
        version = (self._version, self.filter_text)
        if version != self._drawn_version:
            self._drawn_version = version
            self._shown = [moment for moment in self._book.chronicle.moments if self._query.admits(moment)]
        zone, plain = zone_of(self.app), is_ascii(self.app)
        shown = self._shown
        with_day = bool(shown) and timeline_lines.needs_day(shown[0].at, now)

        def draw(place: int, width: int) -> Pieces:
            return timeline_lines.row_pieces(
                shown[place],
                before=shown[place - 1] if place else None,
                now=now,
                zone=zone,
                width=width,
                with_day=with_day,
                plain=plain,
            )

        return [moment.number for moment in shown], draw, self._empty_words(fleet, now)

    def _empty_words(self, fleet: FleetSnapshot, now: float) -> str:
        if self._events.is_waiting:
            return "reading the recording …"
        if self.filter_text and self._book.chronicle.moments:
            return "nothing that happened matches the filter; esc clears it"
        return timeline_lines.calm_words(fleet, now, self._book.begins_at)

    def _take_news(self, now: float) -> None:
        if self._book.take(self.client.events(self._book.cursor), now):
            self._version += 1
        if not self._is_asked and self._book.begins_at is not None:
            self._is_asked = True
            if len(self._book.chronicle.moments) < ENOUGH:
                self._ask_older(1)

    def _follow_the_past(self, fleet: FleetSnapshot) -> None:
        """A recording is read anew where its time is another one; the latest move counts."""
        past = past_of(fleet)
        if past is None or past.is_loading or not fleet.sequence or fleet.at == self._past_at:
            return
        self._past_at = fleet.at
        self._start_anew(begins_at=fleet.at + _JUST_AFTER)
        self._ask_older(1)

    def _start_anew(self, *, begins_at: float | None = None) -> None:
        self._book = Book()
        self._book.begins_at = begins_at
        self._is_all = False
        self._events.forget()
        self._gaps.forget()
        self._version += 1

    def filter_changed(self) -> None:
        """What was read of the recording under another filter may have holes under this one."""
        before = self._query
        self._query = parse(self.filter_text, timeline_lines.GRAMMAR, now=self.now(), zone=zone_of(self.app))
        if before.values.get("model") != self._query.values.get("model") or before.since != self._query.since:
            self._events.forget()
            if self._is_all or self._wanted.models is not None:
                self._start_anew(begins_at=None if self._past_at is None else self._past_at + _JUST_AFTER)
                if self._past_at is not None:
                    self._ask_older(1)

    # --- what the recording answers --------------------------------------------------------------------

    def _ask_older(self, pages: int) -> None:
        """Asks for what came before, unless it is being read, or is all here."""
        history, end = history_of(self.app), self._book.begins_at
        if history is None or end is None or self._is_all or self._events.is_waiting:
            return
        since = self._query.since
        if since is not None and end <= since:
            return
        self._pages_left = pages
        begin = float("-inf") if since is None else since
        self._wanted = Wanted(begin=begin, end=end + _JUST_AFTER, models=self._models_wanted(), limit=PAGE)
        self._gaps.ask(history.gaps(begin, self.now() + 1), self._put_page)
        self._events.ask(history.events(self._wanted, TOLD), self._keep_page)

    def _models_wanted(self) -> tuple[str, ...] | None:
        """The models that are asked for by their whole names: then the recording finds them faster than we do."""
        names = self._query.values.get("model")
        known = {model.model_id for model in self.client.snapshot().models}
        return names if names is not None and known.issuperset(names) else None

    def _keep_page(self, events: tuple[Event, ...]) -> None:
        self._page = events

    def _look(self) -> None:
        """Takes what the recording has answered; events first, and both before either is drawn."""
        if self._events.look() and self._events.problem:
            self._gaps.forget()
            self.say(f"cannot read on: {self._events.problem}")
            return
        if not self._events.is_waiting and self._gaps.look():
            if self._gaps.problem:
                self._put_page(())
            self.tick()

    def _put_page(self, gaps: tuple[Gap, ...]) -> None:
        page, self._page = self._page, ()
        is_last = len(page) < PAGE
        begin = self._wanted.begin if is_last else page[0].at
        within = [gap for gap in gaps if gap.begin >= begin or gap.end > begin]
        self._is_all = is_last and self._wanted.begin == float("-inf")
        first = page[0].at if page else self._wanted.end - _JUST_AFTER
        self._book.put_before(page, within, begins_at=first if is_last else begin)
        if is_last and not self._is_all:
            self._book.begins_at = self._wanted.begin
        self._version += 1
        found = sum(map(self._query.admits, self._book.chronicle.moments))
        if self.filter_text and found < ENOUGH and self._pages_left > 1:
            self._ask_older(self._pages_left - 1)

    def on_line_list_reached_first(self) -> None:
        """Whoever goes up at the top wants what came before."""
        if history_of(self.app) is None:
            self.say("this is all that the engine still knows")
        elif self._is_all:
            self.say("the recording begins here")
        else:
            self._ask_older(PAGES_AT_ONCE)

    # --- what is said of it ----------------------------------------------------------------------------

    def summary_pieces(self, fleet: FleetSnapshot, now: float) -> Pieces:
        """Whether one sees the newest, how far back it goes, and what is left out."""
        del fleet
        pieces = [self._standing()]
        if self._shown:
            first = self._shown[0]
            count = (
                f"{len(self._shown)} of {len(self._book.chronicle.moments)}"
                if self.filter_text
                else len(self._shown)
            )
            pieces.append(Piece(f"  {count} moments of {span(now - first.at)}", Role.MUTED))
        if self._events.is_waiting:
            pieces.append(Piece("  reading the recording …", Role.MUTED))
        pieces += [Piece(f"  [{word}]", Role.HELD, is_bold=True) for word in self._query.words]
        pieces += [Piece(f"  {problem}", Role.WARN) for problem in self._query.problems]
        return tuple(pieces)

    def _standing(self) -> Piece:
        if self._book.is_cut:
            return Piece(
                f" PAUSED far back, {self._book.missed} new: G goes to the newest", Role.WARN, is_bold=True
            )
        if self.lines.is_following:
            return Piece(" newest last, following", Role.GOOD)
        below = self.lines.below
        said = f", {below} new below" if below else ""
        return Piece(f" PAUSED{said}: G follows the newest", Role.WARN, is_bold=True)

    def detail_lines(self, fleet: FleetSnapshot, now: float, width: int) -> tuple[Pieces, ...]:
        """The story of the moment under the cursor."""
        moment = self.current
        if moment is None:
            return ()
        return timeline_lines.detail_lines(
            moment,
            self._book.chronicle.story_of(moment),
            fleet,
            now=now,
            zone=zone_of(self.app),
            width=width,
            plain=is_ascii(self.app),
        )

    def draw_around(self, fleet: FleetSnapshot, now: float) -> None:
        """The strips as well."""
        super().draw_around(fleet, now)
        pane = self.query_one("#place-lanes", LinePane)
        height = self.size.height
        if height < LANES_FROM or not fleet.models:
            return
        rows = min(MOST_LANES, height // LANE_SHARE, len(fleet.models))
        pane.styles.height = rows + 1
        pane.show(self._lane_lines(fleet, now, rows))

    def _lane_lines(self, fleet: FleetSnapshot, now: float, rows: int) -> tuple[Pieces, ...]:
        cells = max(10, self.size.width - NAME_CELLS - 1)
        window = self._window(now, cells)
        key = (window, self._version, rows, self._query.values.get("model"))
        if self._lanes[0] != key:
            statuses = {model.model_id: (model.status, model.status_since) for model in self._laned(fleet, rows)}
            self._lanes = (key, lanes_of(window, self._book.happened, self._book.gaps, now=statuses))
        moment, plain = self.current, is_ascii(self.app)
        cell = (window.end - window.begin) / cells
        here = None if moment is None else int((moment.at - window.begin) / cell)
        zone = zone_of(self.app)
        with_day = timeline_lines.needs_day(window.begin, now)
        left, right = (short_moment(at, zone, with_day=with_day) for at in (window.begin, window.end))
        others = len(fleet.models) - min(rows, len(self._lanes[1]))
        name = f"+ {others} more" if others else ""
        axis = axis_pieces(name, (left, right), cells=cells, here=here, is_ascii=plain)
        return lane_lines(self._lanes[1], rows, axis, is_ascii=plain)

    def _window(self, now: float, cells: int) -> Window:
        """The stretch that ends now, or the one around what the cursor stands on where that lies before it."""
        known_from = now if self._book.begins_at is None else self._book.begins_at
        length = next((length for length in LANE_SPANS if now - known_from <= length), LANE_SPANS[-1])
        cell = length / cells
        moment = self.current
        end = (now // cell + 1) * cell
        if moment is not None and moment.at < end - length:
            end = ((moment.at + length / 2) // cell + 1) * cell
        return Window(end - length, end, cells, known_from, min(end, (now // cell) * cell))

    def _laned(self, fleet: FleetSnapshot, rows: int) -> list[ModelView]:
        """The models that strips are worth drawing of: asked for, or in trouble, then the others."""
        wanted = self._query.values.get("model")
        if wanted is not None:
            return [model for model in fleet.models if any(name in model.model_id for name in wanted)]
        moved = {event.model for event in self._book.happened if isinstance(event, StatusChanged)}
        found = [
            model
            for model in fleet.models
            if model.model_id in moved or model.status not in {ModelStatus.AVAILABLE, ModelStatus.UNKNOWN}
        ]
        calm = (model for model in fleet.models if model not in found)
        return [*found, *(model for model, _ in zip(calm, range(rows - len(found)), strict=False))]

    # --- keys ------------------------------------------------------------------------------------------

    @property
    def current(self) -> Moment | None:
        """The moment under the cursor."""
        place = self.lines.place
        return self._shown[place] if place is not None and place < len(self._shown) else None

    @property
    def selected(self) -> ModelView | None:
        """The model at hand."""
        moment = self.current
        return None if moment is None else timeline_lines.subject_of(moment, self.client.snapshot())

    def on_line_list_opened(self) -> None:
        """The model at hand, or all details where there is none."""
        model = self.selected
        if model is None:
            self.open_details()
        else:
            self.open_model(model.model_id)

    def on_line_list_moved(self) -> None:
        """Whoever comes back to the end, after the newest were let go, sees them again."""
        if self._book.is_cut and self.lines.is_following:
            self._start_anew()
            self.tick()
        super().on_line_list_moved()

    def action_details(self) -> None:
        """All details of the moment under the cursor."""
        if self.current is not None:
            self.open_details()

    def action_matter(self, direction: int) -> None:
        """To the next thing that wants a person, was done by hand, or is a gap; the last one before."""
        self.go_to_next([shown.matters for shown in self._shown], direction)
        self.say(f"nothing {'later' if direction > 0 else 'earlier'} that matters")
        if direction < 0:
            self.on_line_list_reached_first()
