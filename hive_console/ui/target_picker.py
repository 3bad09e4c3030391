"""Which model shall take over: fallbacks first, each with how it stands, what it carries, and why it cannot."""

from __future__ import annotations

from hive_console.core.command import Command
from hive_console.core.snapshot import ModelView
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import is_ascii
from hive_console.ui.choice_dialog import ChoiceDialog
from hive_console.ui.deeds import candidates_for
from hive_console.ui.model_story import glyph_of
from hive_widgets.choice_list import Choice
from hive_widgets.fleet_cells import p95_cell
from hive_widgets.glyphs import STATUS_MARKS, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit

_NAME = 20
_STATUS = 9
_LOAD = 7
_P95 = 6


class TargetPicker(ChoiceDialog[str]):
    """Closes with the id of the model that was chosen; nothing is done here."""

    look_again = 1.0  # each candidate is tried in a dry run: of 500 models that costs 20 ms

    def __init__(self, client: EngineClient, model_id: str) -> None:
        """Offers the models that traffic could be sent to.

        Args:
            client: the engine.
            model_id: whose traffic.
        """
        super().__init__()
        self._client = client
        self._model_id = model_id

    def title_text(self) -> str:
        """Names the model."""
        return f"Send the traffic of {self._model_id} to …"

    def header(self) -> Pieces:
        """The names of the columns."""
        words = (
            f"   {'MODEL':<{_NAME}}{'STATE':<{_STATUS}}{'CALLS':<{_LOAD}}{'P95':<{_P95}}WHERE IT STANDS, OR WHY NOT"
        )
        return (Piece(words, Role.MUTED),)

    def choices(self) -> tuple[Choice, ...]:
        """One line a model; those that cannot take over are muted and say why."""
        fleet = self._client.snapshot()
        model = fleet.model(self._model_id)
        fallbacks = () if model is None else model.fallbacks
        views = {view.model_id: view for view in fleet.models}
        names = candidates_for(fleet, self._model_id)
        return tuple(self._choice(views[name], fallbacks) for name in names if name in views)

    def chosen(self, name: str) -> str:
        """The model's id."""
        return name

    def _choice(self, target: ModelView, fallbacks: tuple[str, ...]) -> Choice:
        name = target.model_id
        refusal = self._client.preview(Command(Action.FAIL_OVER, self._model_id, parameter=name)).refusal
        mark = STATUS_MARKS[target.status]
        last = f"fallback {fallbacks.index(name) + 1}" if name in fallbacks else "not in its chain"
        said = refusal.removeprefix(f"{name} ") if refusal else last

        def role(of: Role) -> Role:
            return Role.MUTED if refusal else of

        pieces = (
            Piece(f"{glyph_of(mark, plain=is_ascii(self.app))} ", role(mark.role)),
            Piece(fit(name, _NAME - 1) + " ", role(Role.PLAIN)),
            Piece(fit(mark.word, _STATUS), role(mark.role)),
            Piece(fit(f"{target.in_flight}/{target.max_in_flight}", _LOAD), role(Role.PLAIN)),
            Piece(fit(p95_cell(target).text.strip(), _P95), role(Role.PLAIN)),
            Piece(said, Role.MUTED),
        )
        return Choice(name, pieces, refusal)
