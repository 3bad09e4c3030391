"""Which model shall take over: fallbacks first, each with how it stands."""

from __future__ import annotations

from hive_console.core.command import Command
from hive_console.core.states import Action
from hive_console.engine.client import EngineClient
from hive_console.ui.app_traits import is_ascii
from hive_console.ui.choice_dialog import ChoiceDialog
from hive_console.ui.deeds import candidates_for
from hive_console.ui.model_story import glyph_of
from hive_widgets.choice_list import Choice
from hive_widgets.fleet_cells import p95_cell
from hive_widgets.glyphs import STATUS_MARKS, Role
from hive_widgets.pieces import Piece, fit

_NAME = 24
_STATUS = 9
_P95 = 11


class TargetPicker(ChoiceDialog[str]):
    """Closes with the id of the model that was chosen; nothing is done here."""

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

    def choices(self) -> tuple[Choice, ...]:
        """One line a model; those that cannot take over are muted and say why."""
        fleet = self._client.snapshot()
        return tuple(self._choice(name) for name in candidates_for(fleet, self._model_id))

    def chosen(self, name: str) -> str:
        """The model's id."""
        return name

    def _choice(self, name: str) -> Choice:
        fleet = self._client.snapshot()
        model, target = fleet.model(self._model_id), fleet.model(name)
        if target is None:
            return Choice(name, (Piece(name, Role.MUTED),), "it is not in the fleet any more")
        refusal = self._client.preview(Command(Action.FAIL_OVER, self._model_id, parameter=name)).refusal
        fallbacks = () if model is None else model.fallbacks
        place = f"fallback {fallbacks.index(name) + 1}" if name in fallbacks else "not in its chain"
        mark = STATUS_MARKS[target.status]
        glyph = f"{glyph_of(mark, plain=is_ascii(self.app))} "
        if refusal:
            said = refusal.removeprefix(f"{name} ")
            return Choice(name, (Piece(f"{glyph}{fit(name, _NAME)}{said}", Role.MUTED),), refusal)
        pieces = (
            Piece(glyph, mark.role),
            Piece(fit(name, _NAME)),
            Piece(fit(mark.word, _STATUS), mark.role),
            Piece(fit(f"p95 {p95_cell(target).text}", _P95), Role.MUTED),
            Piece(place, Role.MUTED),
        )
        return Choice(name, pieces)
