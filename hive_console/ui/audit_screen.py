"""The audit trail: who did what, when, why, what came of it, and whether the trail is what was written."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from hive_console.core.events import OperatorActed
from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.store import AuditCheck, AuditRow, Wanted
from hive_console.core.trail import Deed, Trail
from hive_console.core.wording import span
from hive_console.engine.client import EngineClient
from hive_console.ui import audit_lines
from hive_console.ui.app_traits import Now, history_of, is_ascii, wall_clock, zone_of
from hive_console.ui.asked import LOOK, Asked
from hive_console.ui.list_filter import Query, parse
from hive_console.ui.operator_keys import OperatorKeys
from hive_console.ui.place_screen import PlaceScreen, place_keys
from hive_console.ui.timeline_lines import needs_day
from hive_widgets.glyphs import Role
from hive_widgets.line_list import Draw
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece

PAGE = 200
"""Rows of one page: a hundred deeds, more than a screen."""

KEPT = 4_000
"""Deeds kept at most; beyond it, whoever goes back lets go of the newest."""

SETTLED = 1.0
"""Seconds after a deed until the recording is asked for its rows and digests."""

_JUST_AFTER = 1e-6  # windows end before their end; what happened at the very instant belongs to it


class AuditScreen(PlaceScreen, inherit_bindings=False):
    """The newest deeds at the bottom, from the feed and the recording; going up reads on."""

    DEFAULT_CSS = """
    AuditScreen #place-details { height: 6; }
    AuditScreen.-tall #place-details { height: 10; }
    """

    BINDING_GROUP_TITLE = "The audit trail"
    BINDINGS: ClassVar[list[BindingType]] = [
        *place_keys("audit"),
        Binding("v", "verify", "verify", id="audit.verify", tooltip="is the trail what was written?"),
        Binding(
            "o", "model", "its model", id="audit.model", show=False, tooltip="open the model that it was done to"
        ),
        *(key for key in OperatorKeys.BINDINGS if isinstance(key, Binding) and key.action == "undo"),
    ]

    place_name = "audit"
    hint = audit_lines.HINT
    follows = True

    def __init__(self, client: EngineClient, now: Now | None = None) -> None:
        """The trail of this engine, or of a recording."""
        super().__init__(client, now)
        self._trail = Trail()
        self._query: Query[Deed] = Query()
        self._shown: tuple[Deed, ...] = ()
        self._cursor = 0
        self._rows: Asked[tuple[AuditRow, ...]] = Asked()
        self._check: Asked[AuditCheck] = Asked()
        self._checked: tuple[AuditCheck, float] | None = None
        self._ask_at: float | None = None
        self._past_at: float | None = None
        self._is_all = False

    def on_mount(self) -> None:
        """Begins to look for answers of the recording."""
        self.set_interval(LOOK, self._look)

    # --- what is in the trail --------------------------------------------------------------------------

    def refresh_lines(self, fleet: FleetSnapshot, now: float) -> tuple[Sequence[Hashable], Draw, str]:
        """The deeds that the filter admits."""
        if past_of(fleet) is None:
            self._take_news()
        else:
            self._follow_the_past(fleet)
        self._shown = shown = tuple(deed for deed in self._trail.deeds if self._query.admits(deed))
        zone, plain = zone_of(self.app), is_ascii(self.app)
        with_day = bool(shown) and needs_day(shown[0].at, now)

        def draw(place: int, width: int) -> Pieces:
            return audit_lines.row_pieces(
                shown[place], now=now, zone=zone, width=width, with_day=with_day, plain=plain
            )

        return [deed.act.action_id for deed in shown], draw, self._empty_words(fleet, now)

    def _empty_words(self, fleet: FleetSnapshot, now: float) -> str:
        if self._rows.is_waiting:
            return "reading the recording …"
        if self._trail.deeds:
            return "no deed matches the filter; esc clears it"
        if past_of(fleet) is not None:
            return "nothing was done by hand until then"
        if self._is_all:
            return "nothing was ever done by hand"
        return f"nothing was done by hand since the engine started {span(now - fleet.started_at)} ago"

    def _take_news(self) -> None:
        is_first = self._cursor == 0
        page = self.client.events(self._cursor)
        self._cursor = page.cursor
        acts = [event for event in page.events if isinstance(event, OperatorActed)]
        for act in acts:
            self._trail.put(act)
        wall = wall_clock(self.app, self.now)
        if is_first and page.cursor:
            self._ask(Wanted(limit=PAGE), is_older=True)
        elif acts:
            self._ask_at = wall + SETTLED
        if self._ask_at is not None and wall >= self._ask_at and not self._rows.is_waiting:
            self._ask_at = None
            self._ask(Wanted(limit=PAGE), is_older=False)

    def _follow_the_past(self, fleet: FleetSnapshot) -> None:
        past = past_of(fleet)
        if past is None or past.is_loading or not fleet.sequence or fleet.at == self._past_at:
            return
        self._past_at = fleet.at
        self._trail = Trail()
        self._is_all = False
        self._ask(Wanted(end=fleet.at + _JUST_AFTER, limit=PAGE), is_older=True)

    def filter_changed(self) -> None:
        """Other words narrow the list."""
        self._query = parse(self.filter_text, audit_lines.GRAMMAR, now=self.now(), zone=zone_of(self.app))

    def _ask(self, wanted: Wanted, *, is_older: bool) -> None:
        history = history_of(self.app)
        if history is None:
            return

        def put(rows: tuple[AuditRow, ...]) -> None:
            for row in rows:
                self._trail.put(row.act, number=row.number, digest=row.digest)
            if is_older:
                self._is_all = len(rows) < wanted.limit
                self._trail.keep_oldest(KEPT)
            else:
                self._trail.keep_newest(KEPT)

        self._rows.ask(history.audit(wanted), put)

    def _look(self) -> None:
        """Takes what the recording has answered."""
        if self._rows.look():
            if self._rows.problem:
                self.say(f"cannot read the trail: {self._rows.problem}")
            self.tick()
        if self._check.look():
            if self._check.problem:
                self.say(f"cannot verify: {self._check.problem}")
            self.tick()

    def on_line_list_reached_first(self) -> None:
        """Whoever goes up at the top wants what came before."""
        deeds = self._trail.deeds
        if history_of(self.app) is None:
            self.say("this is all that the engine still knows")
        elif self._is_all:
            self.say("the trail begins here")
        elif deeds and not self._rows.is_waiting:
            self._ask(Wanted(end=deeds[0].at, limit=PAGE), is_older=True)

    # --- what is said of it ----------------------------------------------------------------------------

    def summary_pieces(self, fleet: FleetSnapshot, now: float) -> Pieces:
        """Whether the chain is whole, what can be undone, and what is left out."""
        pieces = [Piece(" "), self._chain_piece()]
        below = self.lines.below
        if below:
            pieces.append(Piece(f"  {below} new below: G goes there", Role.WARN, is_bold=True))
        undo = audit_lines.undo_words(fleet, now)
        if undo:
            pieces.append(Piece(f"  {undo}", Role.HELD))
        pieces += [Piece(f"  [{word}]", Role.HELD, is_bold=True) for word in self._query.words]
        pieces += [Piece(f"  {problem}", Role.WARN) for problem in self._query.problems]
        return tuple(pieces)

    def _chain_piece(self) -> Piece:
        if self._check.is_waiting:
            return Piece("verifying the chain …", Role.MUTED)
        if self._checked is None:
            words = (
                "no recording to verify" if history_of(self.app) is None else "chain not verified yet: v verifies"
            )
            return Piece(words, Role.MUTED)
        return audit_lines.check_words(*self._checked, zone_of(self.app))

    def detail_lines(self, fleet: FleetSnapshot, now: float, width: int) -> tuple[Pieces, ...]:
        """All of the deed under the cursor."""
        deed = self.current
        if deed is None:
            return ()
        is_last = deed is self._trail.deeds[-1]
        return audit_lines.detail_lines(deed, fleet, now=now, zone=zone_of(self.app), width=width, is_last=is_last)

    # --- keys ------------------------------------------------------------------------------------------

    @property
    def current(self) -> Deed | None:
        """The deed under the cursor."""
        place = self.lines.place
        return self._shown[place] if place is not None and place < len(self._shown) else None

    @property
    def selected(self) -> ModelView | None:
        """The model that it was done to."""
        deed = self.current
        return None if deed is None else self.client.snapshot().model(deed.act.target)

    def on_line_list_opened(self) -> None:
        """All details of the deed."""
        if self.current is not None:
            self.open_details()

    def action_model(self) -> None:
        """Shows the model that the deed was done to."""
        model = self.selected
        if model is None:
            self.say("this was done to no model of the fleet")
        else:
            self.open_model(model.model_id)

    def action_verify(self) -> None:
        """Looks at the whole trail in the background."""
        history = history_of(self.app)
        if history is None:
            self.say("there is no recording to verify")
            return
        if self._check.is_waiting:
            return

        def keep(check: AuditCheck) -> None:
            self._checked = (check, wall_clock(self.app, self.now))

        self._check.ask(history.verify(), keep)
        self.draw_around(self.client.snapshot(), self.now())
