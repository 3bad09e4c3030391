"""The inbox: what wants somebody, who has it, who was told; beside it silences, channels and the delivery log."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from hive_console.core.past import past_of
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.ui import channel_words, delivery_lines, silence_lines
from hive_console.ui.alert_deeds import (
    CHANNELS,
    DELIVERIES,
    INBOX,
    PANES,
    SILENCES,
    STORY,
    alert_bindings,
    my_name,
)
from hive_console.ui.alert_filter import provider_of
from hive_console.ui.alert_story import detail_lines, head_lines, story_lines
from hive_console.ui.app_traits import history_of, is_ascii, wall_clock, zone_of
from hive_console.ui.asked import LOOK
from hive_console.ui.inbox_keys import InboxKeys
from hive_console.ui.inbox_words import HINT_EMPTY, empty_words, summary
from hive_console.ui.key_bar import key_bar
from hive_console.ui.operator_keys import OperatorKeys
from hive_console.ui.pane_keys import PANE_BINDINGS, TALL_FROM, WIDE_FROM
from hive_console.ui.past_words import draw_bar
from hive_console.ui.place_line import place_line
from hive_widgets.alert_list import AlertList
from hive_widgets.glyphs import Role
from hive_widgets.inbox_rows import Grouping, Head, inbox_order, rows_of
from hive_widgets.line_list import LineList
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.panes import CURRENT, ListPane
from hive_widgets.pieces import Piece, wrapped
from hive_widgets.time_bar import TimeBar

if TYPE_CHECKING:  # loaded when the first filter is typed
    pass

TICK = 1.0
"""Seconds between two drawings; ages are said in seconds."""

SAID_FOR = 6.0
"""Seconds that an answer to a key stands: time to read one line twice."""

STORM_FROM, CALM_BELOW = 20, 8
"""Alerts that want somebody above which they are put together by rule, unless somebody chose otherwise, and below
which they no longer are."""

SUMMARY_LINES = 2
"""Lines of the sentence on top, where it needs them."""

WHOLE = 600
"""Columns in which every line is whole."""

_OTHERWISE = frozenset({"model.acknowledge", "model.menu"})
"""Keys on models that are about the alert here."""

MODEL_KEYS = [key for key in OperatorKeys.BINDINGS if isinstance(key, Binding) and key.id not in _OTHERWISE]
"""The other ones act on the model that the alert is about."""


class AlertsScreen(InboxKeys, inherit_bindings=False):
    """Shows the alerts of the engine, who was told of them and who was not, and lets a person take them.

    A small terminal shows one pane at a time; tab goes to the next.
    """

    DEFAULT_CSS = """
    AlertsScreen { layout: vertical; }
    AlertsScreen LinePane { height: 1; width: 1fr; }
    AlertsScreen #alerts-place, AlertsScreen #alerts-said, AlertsScreen #alerts-keys { background: $panel; }
    AlertsScreen #alerts-detail { height: 9; }
    AlertsScreen.-short #alerts-detail { height: 7; }
    AlertsScreen.-tiny #alerts-detail { display: none; }
    AlertsScreen #body { grid-size: 1 1; }
    AlertsScreen #body > * { display: none; }
    AlertsScreen #body > .-current { display: block; }
    AlertsScreen.-roomy #body { grid-size: 2 3; grid-rows: 5fr 3fr 3fr; grid-gutter: 0 1; }
    AlertsScreen.-roomy #body > * { display: block; }
    AlertsScreen.-roomy #alerts-list { column-span: 2; }
    """

    BINDING_GROUP_TITLE = "The inbox"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="alerts.filter", key_display="/"),
        *alert_bindings(),
        Binding("space", "mark", "mark", id="alerts.mark"),
        Binding("escape", "back", "back", id="alerts.back"),
        Binding("v", "group", "group", id="alerts.group", tooltip="by severity, rule, provider"),
        Binding("o", "model", "its model", id="alerts.model", show=False, tooltip="open the model it is about"),
        Binding("x", "menu", "actions", id="alerts.menu", show=False, tooltip="all actions, or why not"),
        *PANE_BINDINGS,
        *MODEL_KEYS,
    ]

    AUTO_FOCUS = f"#{INBOX}"
    place_name = "alerts"

    @property
    def text(self) -> str:
        """What the screen says, as plain text."""
        lists = (pane for pane in self.query(LineList) if pane.display)
        return "\n".join([*(pane.text for pane in self.query(LinePane)), *(pane.text for pane in lists)])

    def compose(self) -> ComposeResult:
        """Place, summary, panes, detail and keys, from the top."""
        plain = is_ascii(self.app)
        yield LinePane(id="alerts-place")
        yield LinePane(id="alerts-summary")
        yield LinePane(id="alerts-chips")
        with Container(id="body"):
            yield AlertList(is_ascii=plain, title=PANES[INBOX], id=INBOX)
            yield ListPane("story", is_ascii=plain, is_tailing=True, id=STORY)
            yield LineList(is_ascii=plain, title=PANES[CHANNELS], id=CHANNELS)
            yield LineList(is_ascii=plain, title=PANES[SILENCES], id=SILENCES)
            yield LineList(is_ascii=plain, title=PANES[DELIVERIES], is_newest_first=True, id=DELIVERIES)
        yield LinePane(id="alerts-said")
        yield LinePane(id="alerts-detail")
        if past_of(self.client.snapshot()) is not None:
            yield TimeBar(id="time")
        yield LinePane(id="alerts-keys")

    def on_mount(self) -> None:
        """Begins to follow the inbox."""
        self.inbox.add_class(CURRENT)  # it has the focus from the start
        self._shape()
        self.tick()
        self.set_interval(TICK, self.tick)
        self.set_interval(LOOK, self._look)

    def on_resize(self, _: events.Resize) -> None:
        """Lines are cut to the width."""
        self._shape()
        self.call_after_refresh(self.tick)

    def on_screen_resume(self) -> None:
        """What happened under a dialog is shown at once."""
        self.call_after_refresh(self.tick)

    def _shape(self) -> None:
        width, height = self.app.size
        self.set_class(width >= WIDE_FROM and height >= TALL_FROM and not self.is_zoomed, "-roomy")

    def panes(self) -> tuple[Widget, ...]:
        """The panes in the order of tab; the story is one where there is room for all."""
        names = (INBOX, *((STORY,) if self.has_class("-roomy") else ()), SILENCES, CHANNELS, DELIVERIES)
        return tuple(self.query_one(f"#{name}") for name in names)

    def action_zoom(self, key: str = "") -> None:
        """Gives one pane all of the body, or goes back to all."""
        super().action_zoom(key)
        self._shape()

    def on_pane_changed(self) -> None:
        """Details and headings follow the pane."""
        self.tick()

    # --- what is drawn ---

    def tick(self) -> None:
        """Reads what is new and draws it."""
        if not self.is_current:
            return
        fleet, now = self.client.snapshot(), self.now()
        self._recall.follow(self.client, fleet, history_of(self.app))
        self._draw_inbox(fleet, now)
        self.draw_panes(fleet, now)
        self.draw_lines(fleet, now)

    def _look(self) -> None:
        """Takes what the recording has answered."""
        if self._recall.look():
            self.tick()

    def _draw_inbox(self, fleet: FleetSnapshot, now: float) -> None:
        me = my_name(fleet, self.client.session)
        shown = [alert for alert in fleet.alerts if self._filter.admits(alert, fleet, now, me=me)]
        pending = tuple(one for one in fleet.pending if self._filter.admits_pending(one, fleet, now))
        rows = rows_of(
            shown,
            pending,
            grouping=self._grouping_of(shown),
            turned=self._turned,
            provider_of=lambda alert: provider_of(alert, fleet),
        )
        empty = HINT_EMPTY if fleet.alerts else empty_words(fleet, now)
        self.inbox.show(rows, now, alerts=inbox_order(shown), empty_text=empty)

    def _grouping_of(self, shown: list[AlertView]) -> Grouping:
        waiting = sum(alert.wants_attention for alert in shown)
        self._is_storm = waiting > (CALM_BELOW if self._is_storm else STORM_FROM)
        if self._grouping is not None:
            return self._grouping
        return Grouping.RULE if self._is_storm else Grouping.SEVERITY

    def draw_panes(self, fleet: FleetSnapshot, now: float) -> None:
        """Draws what stands beside the inbox, and the headings."""
        plain, zone = is_ascii(self.app), zone_of(self.app)
        self._silences, self._channels = fleet.silences, fleet.channels
        self._notices = self._feed.deliveries()
        silences, channels, notices = self._silences, self._channels, self._notices
        self._pane(SILENCES).show_lines(
            [silence.silence_id for silence in silences],
            lambda place, width: silence_lines.row_pieces(silences[place], now=now, width=width, plain=plain),
            empty_text="nothing is silenced",
        )
        self._pane(CHANNELS).show_lines(
            [channel.name for channel in channels],
            lambda place, width: channel_words.row_pieces(channels[place], now=now, width=width, plain=plain),
            empty_text="no channel is configured: nobody is told but this console",
        )
        self._pane(DELIVERIES).show_lines(
            [notice.notice_id for notice in notices],
            lambda place, width: delivery_lines.row_pieces(
                notices[place], fleet, now=now, zone=zone, width=width, plain=plain
            ),
            empty_text=self._recall.words or "no notice was sent yet",
        )
        alert = self.inbox.current
        story = self.query_one(f"#{STORY}", ListPane)
        if story.display:
            width = story.size.width
            lines = () if alert is None else story_lines(alert, self._feed, zone=zone, width=width, plain=plain)
            story.fill(lines)
        counts = {
            INBOX: f"{sum(alert.wants_attention for alert in fleet.alerts)} waiting",
            SILENCES: str(len(silences)),
            CHANNELS: _channel_count(fleet),
            DELIVERIES: str(len(notices)) if notices else "",
        }
        is_roomy = self.has_class("-roomy")
        for name in PANES:
            others = [f"{PANES[other]} {counts[other]}".rstrip() for other in PANES if other != name]
            aside = "" if is_roomy else f"tab: {', '.join(others)}"
            self._pane(name).entitle(beside=counts[name], aside=aside)

    def draw_lines(self, fleet: FleetSnapshot, now: float) -> None:
        """Draws the lines above and below the panes."""
        width = self.size.width
        line = place_line(
            ("fleet", "alerts"), "", fleet, now=now, zone=zone_of(self.app), width=width, app=self.app
        )
        self._line("alerts-place").show((line,))
        self._draw_summary(fleet, now, width)
        if self._said is not None and wall_clock(self.app, self.now) - self._said[1] > SAID_FOR:
            self._said = None
        said = (
            Piece(f" {self._said[0]}", Role.WARN, is_bold=True)
            if self._said is not None
            else Piece(self._list_words(), Role.MUTED)
        )
        self._line("alerts-said").show(((said,),))
        detail = self._line("alerts-detail")
        if detail.display:
            detail.show(self.details(fleet, now, width)[: detail.size.height])
        for bar in self.query(TimeBar):
            draw_bar(bar, fleet, zone_of(self.app), is_ascii=is_ascii(self.app))
        self._line("alerts-keys").show((key_bar(self.app, self, width),))

    def _draw_summary(self, fleet: FleetSnapshot, now: float, width: int) -> None:
        said = summary(fleet, now)
        lines = 1 if self.has_class("-tiny") else SUMMARY_LINES
        rows = wrapped(said.text, max(10, width - 2), lines)
        pane = self._line("alerts-summary")
        pane.styles.height = len(rows)
        pane.show(tuple((Piece(f" {row}", said.role),) for row in rows))
        chips = self._line("alerts-chips")
        chips.display = bool(self._filter.words or self._offers)
        pieces = [Piece(f" {problem} ", Role.WARN) for problem in self._filter.problems]
        pieces += [Piece(f" [{word}]", Role.HELD, is_bold=True) for word in self._filter.words]
        if self._filter.words:
            pieces.append(Piece(" esc clears", Role.MUTED))
        if self._offers:
            pieces = [Piece(" tab: ", Role.MUTED), Piece(" ".join(self._offers))]
        chips.show((tuple(pieces),))

    def details(self, fleet: FleetSnapshot, now: float, width: int) -> tuple[Pieces, ...]:
        """All there is to know of what is chosen, what matters most first."""
        zone, plain = zone_of(self.app), is_ascii(self.app)
        if self.silence is not None:
            return silence_lines.detail_lines(self.silence, fleet, now=now, zone=zone, width=width)
        if self.channel is not None:
            return channel_words.detail_lines(self.channel, now=now, zone=zone, width=width)
        if self.notice is not None:
            return delivery_lines.detail_lines(self.notice, fleet, now=now, zone=zone, width=width)
        row = self.inbox.row
        if self.current is None and isinstance(row, Head) and self.current_pane == INBOX:
            return head_lines(row.alerts, now=now, width=width, plain=plain)
        return detail_lines(self.current, fleet, now=now, zone=zone, width=width, plain=plain)

    def _list_words(self) -> str:
        marked = len(self.inbox.marked)
        if marked:
            return f" {marked} marked: a takes them, s silences, r resolves, esc clears"
        row = self.inbox.row
        if self.current_pane == INBOX and isinstance(row, Head):
            return " enter opens it" if not row.is_open else " enter folds it"
        return " Details" if self._has_details else ""

    @property
    def _has_details(self) -> bool:
        return any((self.current, self.silence, self.channel, self.notice))

    def _line(self, name: str) -> LinePane:
        return self.query_one(f"#{name}", LinePane)


def _channel_count(fleet: FleetSnapshot) -> str:
    failing = len(channel_words.failing_channels(fleet))
    count = len(fleet.channels)
    return f"{failing} of {count} FAIL" if failing else str(count)
