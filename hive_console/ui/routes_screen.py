"""Routes: who serves whose traffic, who is next, and which failure would hit several at once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from hive_console.core.chains import Chain, SharedRisk, chains_of, shared_risks
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.engine.client import EngineClient
from hive_console.ui import routes_lines
from hive_console.ui.app_traits import Now, is_ascii, zone_of
from hive_console.ui.list_filter import Query, parse
from hive_console.ui.place_screen import PlaceScreen, place_keys
from hive_widgets.glyphs import Role
from hive_widgets.line_list import Draw
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece


class RoutesScreen(PlaceScreen):
    """Each model's and each route's chain; the keys act on the primary of the one under the cursor."""

    DEFAULT_CSS = """
    RoutesScreen.-tall #place-details { height: 9; }
    """

    BINDING_GROUP_TITLE = "The routes"
    BINDINGS: ClassVar[list[BindingType]] = [
        *place_keys("routes"),
        Binding("space", "details", "details", id="routes.details"),
        Binding(
            "right_square_bracket", "matter(1)", "what matters", id="routes.next", key_display="[ ]", show=False
        ),
        Binding("left_square_bracket", "matter(-1)", id="routes.previous", show=False),
    ]

    place_name = "routes"
    hint = routes_lines.HINT

    def __init__(self, client: EngineClient, now: Now | None = None) -> None:
        """The routes of this engine, or of a recording."""
        super().__init__(client, now)
        self._query: Query[Chain] = Query()
        self._sequence = -1
        self._chains: tuple[Chain, ...] = ()
        self._risks: tuple[SharedRisk, ...] = ()
        self._shown: tuple[Chain, ...] = ()

    def filter_changed(self) -> None:
        """Other words narrow the list."""
        self._query = parse(self.filter_text, routes_lines.GRAMMAR, now=self.now(), zone=zone_of(self.app))

    def refresh_lines(self, fleet: FleetSnapshot, now: float) -> tuple[Sequence[Hashable], Draw, str]:
        """The chains that the filter admits, the gravest first."""
        del now
        if fleet.sequence != self._sequence or not self._chains:
            self._sequence = fleet.sequence
            self._chains = chains_of(fleet)
            self._risks = shared_risks(self._chains)
        self._shown = shown = tuple(chain for chain in self._chains if self._query.admits(chain))
        plain = is_ascii(self.app)

        def draw(place: int, width: int) -> Pieces:
            return routes_lines.row_pieces(shown[place], width=width, plain=plain)

        empty = "no route matches the filter; esc clears it" if self._chains else "no model is known"
        return [(chain.name, chain.is_virtual) for chain in shown], draw, empty

    def summary_pieces(self, fleet: FleetSnapshot, now: float) -> Pieces:
        """How many are served by whom, and the largest shared risk."""
        del fleet, now
        chips = [Piece(f"  [{word}]", Role.HELD, is_bold=True) for word in self._query.words]
        problems = [Piece(f"  {problem}", Role.WARN) for problem in self._query.problems]
        return (*routes_lines.summary_words(self._chains, self._risks), *chips, *problems)

    def detail_lines(self, fleet: FleetSnapshot, now: float, width: int) -> tuple[Pieces, ...]:
        """All about the chain under the cursor."""
        chain = self.current
        if chain is None:
            return ()
        return routes_lines.detail_lines(chain, self._risks, fleet, now=now, width=width, plain=is_ascii(self.app))

    @property
    def current(self) -> Chain | None:
        """The chain under the cursor."""
        place = self.lines.place
        return self._shown[place] if place is not None and place < len(self._shown) else None

    @property
    def selected(self) -> ModelView | None:
        """Its primary."""
        chain = self.current
        return None if chain is None else self.client.snapshot().model(chain.primary)

    def on_line_list_opened(self) -> None:
        """Shows the model whose traffic it is."""
        model = self.selected
        if model is None:
            self.open_details()
        else:
            self.open_model(model.model_id)

    def action_details(self) -> None:
        """All details of the chain under the cursor."""
        if self.current is not None:
            self.open_details()

    def action_matter(self, direction: int) -> None:
        """To the next chain, or the last one before, that is not as the settings have it."""
        self.go_to_next(
            [
                routes_lines.STANDING_MARKS[shown.standing].role not in {Role.GOOD, Role.MUTED}
                for shown in self._shown
            ],
            direction,
        )
        self.say(f"nothing {'below' if direction > 0 else 'above'} that matters")
