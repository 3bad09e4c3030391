"""The fleet: what is wrong, who serves, and every model in one line; perfect at 80x24."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import ModelStatus
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import is_read_only
from hive_console.ui.detail import detail_pieces
from hive_console.ui.event_log import EventLog, inbox_lines
from hive_console.ui.filtering import HINT, Filter, parse
from hive_console.ui.key_bar import key_bar
from hive_console.ui.operator_keys import OperatorKeys
from hive_console.ui.past_words import draw_bar
from hive_console.ui.sorting import IDLE, Order
from hive_console.ui.title import clock_piece, sentence, title_pieces
from hive_widgets.fleet_table import FleetTable
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane
from hive_widgets.pieces import Piece, width_of, wrapped
from hive_widgets.time_bar import TimeBar

if TYPE_CHECKING:  # loaded when the first filter is typed
    from hive_console.ui.filter_prompt import FilterPrompt

SAID_FOR = 6.0
"""Seconds that an answer to a key stands in the detail line: time to read one line twice."""

SENTENCE_LINES = 2
"""Lines of the sentence on top: cause and who serves do not fit one line of 80 cells."""


WIDE_FROM, TALL_FROM = 110, 30
"""Columns from which the inbox stands beside the log, and lines from which both are larger."""

LOG_LINES, LOG_LINES_TALL = 4, 8
"""Lines that the log keeps, on up to 30 lines and on more, however many models there are."""

FIXED_LINES = 6
"""Title, sentence, table header, detail and keys."""


class FleetScreen(OperatorKeys):
    """Reads its client once a tick and draws what changed; it never waits for the engine.

    Args:
        client: where everything comes from.
        now: the clock, Unix seconds.
        wall: the clock by which keys are answered, when `now` may stand still.
        zone: of the times shown; `None` is the machine's own.
        is_ascii: draws without Unicode.
    """

    BINDING_GROUP_TITLE = "The fleet"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE_FROM, "-wide")]  # noqa: RUF012 - declared so by the library
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (18, "-short"), (TALL_FROM, "-tall")]  # noqa: RUF012 - as above
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="fleet.filter", key_display="/"),
        Binding("escape", "clear", "clear the filter", id="fleet.clear", show=False),
        Binding("s", "sort", "sort", id="fleet.sort", show=False, tooltip="next order, sorted now"),
        Binding("S", "reverse", "reverse the order", id="fleet.reverse", show=False),
        Binding("exclamation_mark", "worst", "go to the worst", id="fleet.worst", show=False, key_display="!"),
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
        self._detail, self._keys = LinePane(id="detail"), LinePane(id="keys")
        self._log_pane, self._inbox = LinePane(id="log"), LinePane(id="inbox")

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield self._title
            yield self._clock
        yield self._sentence
        yield self._chips
        yield self._table
        yield self._detail
        with Horizontal(id="bottom"):
            yield self._log_pane
            yield self._inbox
        if past_of(self._fleet) is not None:
            yield TimeBar(id="time")
        yield self._keys

    def on_mount(self) -> None:
        self._table.focus()
        self.tick()

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

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
        clock = clock_piece(self._fleet, now, self._zone)
        room = width - width_of(clock.text)
        title = title_pieces(
            self._fleet,
            now,
            width=room,
            paused_since=self._paused_since,
            is_read_only=is_read_only(self.app),
            is_ascii=self._is_ascii,
        )
        self._title.show((title,))
        # Where room is short, the clock goes: the terminal has one, though not a recording's.
        is_past = past_of(self._fleet) is not None
        self._clock.display = is_past or sum(width_of(piece.text) for piece in title) < room
        self._clock.styles.width = width_of(clock.text)
        self._clock.show(((clock,),))
        said = sentence(self._fleet, now if self._paused_since is None else self._paused_since, self._zone)
        rows = wrapped(said.text, width - 2, SENTENCE_LINES)
        self._sentence.show(tuple((Piece(f" {row}", said.role, said.is_bold),) for row in rows))

    def _draw_table(self, now: float) -> None:
        models = tuple(model for model in self._order.apply(self._fleet.models) if self._filter.admits(model))
        none = "no models are configured" if past_of(self._fleet) is None else "no model is known"
        empty = "no model matches the filter; esc clears it" if self._fleet.models else none
        self._log_pane.styles.height = self._inbox.styles.height = self._log_lines
        self._table.show(models, now, follow=self._has_chosen, empty_text=empty)
        self._draw_chips(len(models))

    @property
    def _log_lines(self) -> int:
        """What the rows leave goes to log and inbox."""
        at_least = LOG_LINES_TALL if self.app.size.height >= TALL_FROM else LOG_LINES
        fixed = FIXED_LINES + (past_of(self._fleet) is not None)
        return max(at_least, self.app.size.height - len(self._fleet.models) - fixed)

    def _draw_chips(self, shown: int) -> None:
        is_needed = bool(self._filter.words) or self._order.name != "worst" or self._order.is_reversed
        self._chips.display = is_needed
        if not is_needed:
            return
        pieces = [Piece(" ")]
        if self._order.name != "worst" or self._order.is_reversed:
            pieces.append(Piece(f"[by {self._order.name}{', reversed' if self._order.is_reversed else ''}] "))
        pieces += [Piece(f"[{word}] ", Role.HELD, is_bold=True) for word in self._filter.words]
        if self._filter.words:
            pieces.append(Piece(f"{shown} of {len(self._fleet.models)}, esc clears  ", Role.MUTED))
        pieces += [Piece(f"{problem} ", Role.WARN) for problem in self._filter.problems]
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
        self._log_pane.show(self._log.lines(self._log_lines, self._zone, is_ascii=self._is_ascii))
        self._inbox.show(inbox_lines(self._fleet, now, is_ascii=self._is_ascii))
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

    def action_clear(self) -> None:
        self.set_filter("")

    def action_filter(self) -> None:
        # The input widget costs 20 ms to load: not before the first filter.
        from hive_console.ui.filter_prompt import FilterPrompt

        if not self.query(FilterPrompt):
            self.mount(FilterPrompt(" ".join(self._filter.words), hint=HINT), before="#keys")

    def on_filter_prompt_typed(self, event: FilterPrompt.Typed) -> None:
        self.set_filter(event.text)
        if event.is_final:
            self.query("#filter").remove()
            self._table.focus()
