"""Going between the panes of a screen and zooming one: tab, `+` and back with `_` or escape."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.widget import Widget

from hive_console.ui.app_traits import is_review
from hive_console.ui.operator_keys import OperatorKeys
from hive_widgets.panes import CURRENT, Marked

WIDE_FROM, VAST_FROM = 110, 160
"""Columns from which panes stand in two columns, and in three."""

SHORT_FROM, TALL_FROM, HIGH_FROM = 18, 30, 50
"""Lines from which there are two panes one above the other, two columns of them, and three."""

ZOOMED = "-zoomed"
"""The class of a screen while one pane has all of the body."""

PANE_BINDINGS: list[BindingType] = [
    Binding("tab", "pane(1)", "pane", id="pane.next", key_display="tab", show=False, tooltip="next pane"),
    Binding("shift+tab", "pane(-1)", "previous pane", id="pane.previous", show=False),
    Binding("plus", "zoom('+')", "zoom the pane", id="pane.zoom", show=False, key_display="+"),
    Binding("underscore", "zoom('_')", "zoom the pane, or back", id="pane.back", show=False, key_display="_"),
]


class PaneKeys(OperatorKeys):
    """A screen with a selected model, whose body (`#body`) is a grid of panes.

    The pane that is meant is kept here, not the focus: a pane that a small terminal hides cannot have the focus
    before it is shown.
    """

    DEFAULT_CSS = """
    PaneKeys #body { layout: grid; height: 1fr; }
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE_FROM, "-wide"), (VAST_FROM, "-vast")]  # noqa: RUF012 - declared so by the library
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (SHORT_FROM, "-short"), (TALL_FROM, "-tall"), (HIGH_FROM, "-high")]  # noqa: RUF012 - as above
    BINDINGS: ClassVar[list[BindingType]] = PANE_BINDINGS

    AUTO_FOCUS = ""  # the pane that is meant gets it
    current_pane = ""

    def panes(self) -> tuple[Widget, ...]:
        """The panes that tab goes to, in its order, whether they are in sight or not."""
        raise NotImplementedError

    def on_pane_changed(self) -> None:
        """Another pane is meant, or the body has another shape: draw what depends on it."""

    @property
    def is_zoomed(self) -> bool:
        """Whether one pane has all of the body."""
        return self.has_class(ZOOMED)

    def go_to_pane(self, name: str) -> None:
        """Means this pane, shows it and gives it the focus."""
        self.current_pane = name
        if self.focused is not None and self.focused.id != name:
            self.set_focus(None)  # else the focus jumps to some other pane when this one is hidden
        for pane in self.panes():
            pane.set_class(pane.id == name, CURRENT)
            if isinstance(pane, Marked):
                pane.mark()
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        """Gives the focus to the pane that is meant, now that it is shown; the keys that work are others then."""
        for pane in self.panes():
            if pane.id == self.current_pane:
                self.set_focus(pane, scroll_visible=False)
        self.on_pane_changed()

    def action_pane(self, places: int) -> None:
        names = [pane.id or "" for pane in self.panes()]
        at = names.index(self.current_pane) if self.current_pane in names else 0
        self.go_to_pane(names[(at + places) % len(names)])

    def action_zoom(self, key: str = "") -> None:
        del key
        self.set_class(not self.is_zoomed, ZOOMED)
        # Here and not in the style sheet: a grid's size takes no `!important` there.
        grid = self.query_one("#body").styles
        if self.is_zoomed:
            grid.grid_size_columns = grid.grid_size_rows = 1
            grid.grid_columns = grid.grid_rows = "1fr"
        else:
            for rule in ("grid_size_columns", "grid_size_rows", "grid_columns", "grid_rows"):
                grid.clear_rule(rule)
        self.go_to_pane(self.current_pane)

    def unzoom(self) -> bool:
        """Goes back to all panes; tells whether one was zoomed."""
        was_zoomed = self.is_zoomed
        if was_zoomed:
            self.action_zoom()
        return was_zoomed

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a recording `+` makes the line of time shorter; the other key zooms there too."""
        if action == "zoom" and parameters == ("+",) and is_review(self.app):
            return False
        return super().check_action(action, parameters)

    def on_click(self, event: Click) -> None:
        """A click means a pane as well."""
        panes = self.panes()
        for node in () if event.widget is None else event.widget.ancestors_with_self:
            if node in panes and node.id != self.current_pane:
                self.go_to_pane(str(node.id))
