"""The fleet: what is wrong, who serves, and every model in one line; perfect at 80x24."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.widget import Widget

from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import ModelStatus
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import is_read_only, link_words
from hive_console.ui.detail import detail_pieces
from hive_console.ui.digest_pane import DigestPane
from hive_console.ui.event_log import KEPT, EventLog, inbox_lines
from hive_console.ui.filter_words import Completion
from hive_console.ui.filtering import HINT, Filter, complete, parse
from hive_console.ui.key_bar import key_bar
from hive_console.ui.pane_keys import HIGH_FROM, SHORT_FROM, TALL_FROM, VAST_FROM, WIDE_FROM, PaneKeys
from hive_console.ui.past_words import draw_bar
from hive_console.ui.sorting import IDLE, Order
from hive_console.ui.title import clock_piece, sentence, title_pieces
from hive_widgets.fleet_table import FleetTable
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane
from hive_widgets.panes import ListPane
from hive_widgets.pieces import Piece, width_of, wrapped
from hive_widgets.time_bar import TimeBar

if TYPE_CHECKING:  # loaded when the first filter is typed
    from hive_console.ui.filter_prompt import FilterPrompt
    from hive_console.ui.selected_panes import SelectedPanes

SAID_FOR = 6.0
"""Seconds that an answer to a key stands in the detail line: time to read one line twice."""

SENTENCE_LINES = 2
"""Lines of the sentence on top: cause and who serves do not fit one line of 80 cells."""


LOG_LINES, LOG_LINES_TALL = 4, 9
"""Lines that the log keeps with its heading, below and from `TALL_FROM` on, however many models there are."""

OFFERS = 40
"""Words that tab offers at most: more than a line holds."""

FIXED_LINES = 6
"""Title, sentence, table header, detail and keys."""


class FleetScreen(PaneKeys):
    """Reads its client once a tick and draws what changed; it never waits for the engine.

    Args:
        client: where everything comes from.
        now: the clock, Unix seconds.
        wall: the clock by which keys are answered, when `now` may stand still.
        zone: of the times shown; `None` is the machine's own.
        is_ascii: draws without Unicode.
    """

    BINDING_GROUP_TITLE = "The fleet"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="fleet.filter", key_display="/"),
        Binding("escape", "clear", "zoom back, clear filter", id="fleet.clear", show=False),
        Binding("s", "sort", "sort", id="fleet.sort", show=False, tooltip="next order, sorted now"),
        Binding("S", "reverse", "reverse the order", id="fleet.reverse", show=False),
        Binding("p", "pause", "pause drawing", id="fleet.pause", show=False),
    ]

    def __init__(
        self,
        client: EngineClient,
        *,
        now: Callable[[], float],
        wall: Callable[[], float] | None = None,
        zone: tzinfo | None = None,
        is_ascii: bool = False,
    ) -> None:
        super().__init__(client, now)
        self._wall = wall or now
        self._zone, self._is_ascii = zone, is_ascii
        self._fleet: FleetSnapshot = client.snapshot()
        self._log = EventLog()
        self._filter = Filter()
        self._offers: tuple[str, ...] = ()
        self._order = Order().sorted_anew(self._fleet.models)
        self._last_key = float("-inf")
        self._has_chosen = False
        self._paused_since: float | None = None
        self._said: tuple[str, float] | None = None
        self._title, self._clock, self._sentence, self._chips = (
            LinePane(id="title"),
            LinePane(id="clock"),
            LinePane(id="sentence"),
            LinePane(id="chips"),
        )
        self._table = FleetTable(is_ascii=is_ascii, id="fleet")
        self._body, self._rows = Container(id="body"), ""
        self._detail, self._keys = LinePane(id="detail"), LinePane(id="keys")
        self._log_pane = ListPane("log", is_ascii=is_ascii, is_tailing=True, id="log")
        self._inbox = ListPane("alerts", is_ascii=is_ascii, id="inbox")
        self._side: SelectedPanes | None = None
        self.current_pane = "fleet"

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield self._title
            yield self._clock
        yield self._sentence
        yield self._chips
        with self._body:
            yield self._table
            yield self._inbox
            yield self._log_pane
        yield self._detail
        if past_of(self._fleet) is not None:
            yield TimeBar(id="time")
        yield self._keys

    def on_mount(self) -> None:
        self.go_to_pane("fleet")
        self.tick()

    def on_resize(self) -> None:
        if self.current_pane not in {pane.id for pane in self.panes()}:
            self.go_to_pane("fleet")
        self.call_after_refresh(self.draw)
        self.call_after_refresh(self._add_panes)

    def panes(self) -> tuple[Widget, ...]:
        """The panes that this size of terminal has room for."""
        width, height = self.app.size
        if height < SHORT_FROM:
            return (self._table,)
        if width < WIDE_FROM:
            return self._table, self._log_pane
        if height < TALL_FROM:
            return self._table, self._inbox, self._log_pane
        if self._side is None:  # they are on their way
            return self._table, self._inbox, self._log_pane
        two = (self._table, self._side.charts, self._inbox, self._log_pane)
        return (*two, self._side.checks, self._side.about) if self._has_all_panes else two

    async def _add_panes(self) -> None:
        """Mounts what stands beside the table where there is room; not before the first frame: it costs 10 ms."""
        width, height = self.app.size
        if self._side is not None or width < WIDE_FROM or height < TALL_FROM:
            return
        from hive_console.ui.selected_panes import SelectedPanes

        self._side = SelectedPanes(self.client, is_ascii=self._is_ascii, zone=self._zone)
        side = self._side
        for pane, neighbor in ((side.charts, self._inbox), (side.checks, self._log_pane), (side.about, None)):
            if not self._body.is_attached:
                return  # the console ended while its first frame was drawn
            await self._body.mount(pane, before=neighbor)
        self.call_after_refresh(self.draw)

    @property
    def _has_all_panes(self) -> bool:
        return self.app.size.width >= VAST_FROM and self.app.size.height >= HIGH_FROM

    def on_pane_changed(self) -> None:
        self._rows = ""
        self.draw()

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.tick)

    @property
    def selected(self) -> ModelView | None:
        """The model under the cursor, as the latest snapshot has it."""
        shown = self._table.selected
        return None if shown is None else self.client.snapshot().model(shown.model_id) or shown

    @property
    def order(self) -> Order:
        """How rows are ordered."""
        return self._order

    def tick(self) -> None:
        """Reads what is new, and draws it unless drawing is paused."""
        now = self.now()
        if self._paused_since is None:
            before, self._fleet = self._fleet, self.client.snapshot()
            self._log.take(self.client.events(self._log.cursor), now)
            has_jumped = past_of(self._fleet) is not None and self._fleet.at != before.at
            if has_jumped or self._wall() - self._last_key >= IDLE:
                self._order = self._order.sorted_anew(self._fleet.models)
        self.draw()

    def draw(self) -> None:
        """Draws everything from what was read last; each pane sends only what changed."""
        if not self.is_current:
            return
        now = self.now()
        self._draw_top(now)
        self._draw_table(now if self._paused_since is None else self._paused_since)
        self._draw_bottom(now)

    def _draw_top(self, now: float) -> None:
        width = self.app.size.width
        trouble = self.client.trouble
        clock = clock_piece(self._fleet, now, self._zone)
        room = width - width_of(clock.text)
        title = title_pieces(
            self._fleet,
            now,
            width=room,
            paused_since=self._paused_since,
            is_read_only=is_read_only(self.app),
            is_ascii=self._is_ascii,
            is_old=bool(trouble),
            session=self.client.session,
            link=link_words(self.app),
        )
        self._title.show((title,))
        # Where room is short, the clock goes: the terminal has one, though not a recording's.
        is_past = past_of(self._fleet) is not None
        self._clock.display = is_past or sum(width_of(piece.text) for piece in title) < room
        self._clock.styles.width = width_of(clock.text)
        self._clock.show(((clock,),))
        drawn_at = now if self._paused_since is None else self._paused_since
        said = sentence(self._fleet, drawn_at, self._zone, trouble=trouble)
        lines = SENTENCE_LINES if self.app.size.height >= SHORT_FROM else 1
        rows = wrapped(said.text, width - 2, lines)
        self._sentence.show(tuple((Piece(f" {row}", said.role, said.is_bold),) for row in rows))

    def _draw_table(self, now: float) -> None:
        models = tuple(
            model for model in self._order.apply(self._fleet.models) if self._filter.admits(model, self._fleet, now)
        )
        none = "no models are configured" if past_of(self._fleet) is None else "no model is known"
        empty = "no model matches the filter; esc clears it" if self._fleet.models else none
        self._shape_body()
        self._table.show(models, now, fleet=self._fleet, follow=self._has_chosen, empty_text=empty)
        self._draw_chips(len(models))

    def _shape_body(self) -> None:
        """What the rows leave of a narrow or flat terminal goes to the log; elsewhere panes have their shares."""
        width, height = self.app.size
        rows = "1fr"
        if self.is_zoomed or height < SHORT_FROM:
            rows = "1fr"
        elif width < WIDE_FROM or height < TALL_FROM:
            at_least = LOG_LINES_TALL if height >= TALL_FROM else LOG_LINES
            # What somebody missed takes the place of the log, not of models.
            missed = sum(pane.rows for pane in self.query(DigestPane))
            fixed = FIXED_LINES + (past_of(self._fleet) is not None) + missed
            rows = f"1fr {max(1, at_least - missed, height - len(self._fleet.models) - fixed)}"
        elif self._has_all_panes:
            rows = "4fr 3fr 3fr"
        else:
            rows = f"3fr 2fr {LOG_LINES_TALL}"
        if rows != self._rows:
            self._rows = rows
            self._body.styles.grid_rows = rows

    def _draw_chips(self, shown: int) -> None:
        is_needed = (
            bool(self._filter.words or self._offers) or self._order.name != "worst" or self._order.is_reversed
        )
        self._chips.display = is_needed
        if not is_needed:
            return
        pieces = [Piece(" ")]
        if self._order.name != "worst" or self._order.is_reversed:
            pieces.append(Piece(f"[by {self._order.name}{', reversed' if self._order.is_reversed else ''}] "))
        pieces += [Piece(f"{problem}  ", Role.WARN) for problem in self._filter.problems]
        pieces += [Piece(f"[{word}] ", Role.HELD, is_bold=True) for word in self._filter.words]
        if self._filter.words:
            pieces.append(Piece(f"{shown} of {len(self._fleet.models)}, esc clears  ", Role.MUTED))
        if self._offers:
            pieces = [Piece(" tab: ", Role.MUTED), Piece(" ".join(self._offers[:OFFERS]))]
        self._chips.show((tuple(pieces),))

    def _draw_bottom(self, now: float) -> None:
        if self._said is not None and self._wall() - self._said[1] > SAID_FOR:
            self._said = None
        if self._said is not None:
            detail: tuple[Piece, ...] = (Piece(f" {self._said[0]}", Role.WARN, is_bold=True),)
        else:
            is_wide = self.app.size.width >= WIDE_FROM
            detail = detail_pieces(self._table.selected, self._fleet, is_wide=is_wide, is_ascii=self._is_ascii)
        self._detail.show((detail,))
        self._log_pane.fill(self._log.lines(KEPT, self._zone, is_ascii=self._is_ascii))
        if self._inbox.display:
            self._inbox.fill(inbox_lines(self._fleet, now, is_ascii=self._is_ascii))
        if self._side is not None:
            self._side.draw(self._table.selected, self._fleet, now)
        for bar in self.query(TimeBar):
            draw_bar(bar, self._fleet, self._zone, is_ascii=self._is_ascii)
        self._keys.show((key_bar(self.app, self, self.app.size.width),))

    def say(self, text: str) -> None:
        """Answers a key in the detail line, for a few seconds."""
        self._said = (text, self._wall())
        self.draw()

    def on_key(self, event: events.Key) -> None:
        """A key that no binding took: a grayed one has something to say."""
        self.explain_refusal(event.key)

    def somebody_is_here(self) -> None:
        """Rows hold still while keys are pressed; the app tells of each, as bound ones never come here."""
        self._last_key = self._wall()
        self._has_chosen = True

    def on_fleet_table_moved(self) -> None:
        self.call_next(self._draw_bottom, self.now())

    async def on_list_pane_opened(self, event: ListPane.Opened) -> None:
        """Enter goes to the screen that has all of it."""
        if event.pane is self._inbox:
            await self.app.run_action("show_alerts")
        elif event.pane is self._log_pane:
            self.action_zoom()
        else:
            self._table.action_open()

    def on_fleet_table_opened(self, event: FleetTable.Opened) -> None:
        # The charts' library costs 60 ms to load: not before somebody asks for a chart.
        from hive_console.ui.model_screen import ModelScreen

        self.app.push_screen(ModelScreen(self.client, event.model_id, self.now))

    def select(self, model_id: str) -> None:
        """Moves the cursor to a model, past any filter."""
        self._has_chosen = True
        if not self._table.select(model_id):
            self.set_filter("")
            self._table.select(model_id)

    def set_filter(self, text: str) -> None:
        """Narrows the table to what these words admit."""
        self._filter = parse(text)
        self.draw()

    def action_sort(self) -> None:
        self._order = self._order.next().sorted_anew(self._fleet.models)
        self.say(f"sorted by {self._order.name}")

    def action_reverse(self) -> None:
        self._order = self._order.turned().sorted_anew(self._fleet.models)
        self.say(f"sorted by {self._order.name}{', reversed' if self._order.is_reversed else ''}")

    def action_worst(self) -> None:
        worst = Order().sorted_anew(self._fleet.models).ids
        if worst:
            self.select(worst[0])
        if all(model.status is ModelStatus.AVAILABLE for model in self._fleet.models):
            self.say("all models are well")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A recording stands still by itself: there is nothing to pause."""
        if action == "pause" and past_of(self._fleet) is not None:
            return False
        return super().check_action(action, parameters)

    def action_pause(self) -> None:
        self._paused_since = self.now() if self._paused_since is None else None
        self.tick()

    def show_digest(self, lines: tuple[str, ...]) -> None:
        """Shows what this user missed, below the rows, so that none of them moves."""
        self.mount(DigestPane(lines), before=self._detail)
        self.call_after_refresh(self.draw)

    def action_clear(self) -> None:
        missed = self.query(DigestPane)
        if missed:
            missed.remove()
            self.call_after_refresh(self.draw)
        elif not self.unzoom():
            self.set_filter("")

    def action_filter(self) -> None:
        # The input widget costs 20 ms to load: not before the first filter.
        from hive_console.ui.filter_prompt import FilterPrompt

        if not self.query(FilterPrompt):
            before = f"{self._filter.line} " if self._filter.words else ""
            self.mount(FilterPrompt(before, hint=HINT, complete=self._complete), before="#keys")

    def _complete(self, line: str, cursor: int) -> Completion:
        return complete(line, cursor, self._fleet)

    def on_filter_prompt_typed(self, event: FilterPrompt.Typed) -> None:
        self._offers = event.offers
        self.set_filter(event.text)
        if event.is_final:
            self.query("#filter").remove()
            self.go_to_pane("fleet")
