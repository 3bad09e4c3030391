"""A chart of one series over the last half hour, drawn by plotext in the theme's colors."""

from __future__ import annotations

from textual.events import Resize
from textual.strip import Strip
from textual.widget import Widget

from hive_console.core.snapshot import SERIES_BUCKET, SERIES_LENGTH, Series
from hive_widgets.glyphs import GAP, Role
from hive_widgets.pieces import Piece, strip_of
from hive_widgets.plot import SMALLEST, Part, Plot, PlotUnavailable, draw

BRIDGED_BUCKETS = 4
"""Values at most this far apart are joined: with no traffic there is one probe each 30 s (three buckets) and its
jitter, and that is no gap. What lies further apart is."""

_ROLES = {Part.SCALE: Role.MUTED, Part.TRACE: Role.TRACE, Part.THRESHOLD: Role.WARN}

_ASCII = str.maketrans("─│└┬┤┼┈", "-|++++.")
"""Frame signs for terminals without Unicode."""

_ASCII_MARKER = "*"


class Chart(Widget):
    """A title line and a plot below it; plotted again only when its data or its size changed."""

    DEFAULT_CSS = """
    Chart { height: 1fr; width: 1fr; }
    """

    def __init__(
        self,
        title: str,
        *,
        least_top: float,
        is_ascii: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """Shows an empty chart.

        Args:
            title: what is plotted, with its unit.
            least_top: the value that the scale reaches at least.
            is_ascii: whether the terminal has no Unicode.
            id: the widget's id.
        """
        super().__init__(id=id)
        self._title = title
        self._least_top = least_top
        self._is_ascii = is_ascii
        self._values: Series = ()
        self._latest = ""
        self._level: float | None = None
        self._level_name = ""
        self._plotted: tuple[tuple[Piece, ...], ...] | None = None
        self.draws = 0
        """How often plotext was asked: the measure of what the chart costs."""

    @property
    def text(self) -> str:
        """What is shown, as plain text."""
        lines = (self._title_line(), *self._plot_lines())
        return "\n".join("".join(piece.text for piece in line) for line in lines)

    def plot(self, values: Series, *, latest: str = "", level: float | None = None, level_name: str = "") -> None:
        """Shows these values.

        Args:
            values: one a bucket, oldest first; `None` is a gap.
            latest: the newest figure in words, for the title line.
            level: where to draw a level line, or `None`.
            level_name: what that line is.
        """
        if (values, level) != (self._values, self._level):
            self._plotted = None
        elif (latest, level_name) == (self._latest, self._level_name):
            return
        self._values, self._latest, self._level, self._level_name = values, latest, level, level_name
        self.refresh()

    def on_resize(self, _: Resize) -> None:
        """Another size wants another drawing."""
        self._plotted = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line, as the compositor asks for it."""
        lines = self._plot_lines()
        pieces = self._title_line() if y == 0 else lines[y - 1] if y <= len(lines) else ()
        return strip_of(pieces, self.size.width, self.app.theme_variables, base=self.rich_style)

    def _title_line(self) -> tuple[Piece, ...]:
        pieces = [Piece(self._title, Role.ACCENT, is_bold=True)]
        if self._latest:
            pieces.append(Piece(f"  {self._latest}"))
        if self._level is not None:
            dots = ".." if self._is_ascii else "┈┈"
            pieces.append(Piece(f"  {dots} {self._level_name}", Role.WARN))
        return tuple(pieces)

    def _plot_lines(self) -> tuple[tuple[Piece, ...], ...]:
        if self._plotted is None:
            self._plotted = self._plot_anew(self.size.width, self.size.height - 1)
        return self._plotted

    def _plot_anew(self, width: int, height: int) -> tuple[tuple[Piece, ...], ...]:
        if all(value is None for value in self._values):
            gap = GAP.ascii_glyph if self._is_ascii else GAP.glyph
            return _said(f"{gap} no data in the last half hour")
        if width < SMALLEST[0] or height < SMALLEST[1]:
            return _said("no room for a chart")
        plot = Plot(
            values=(None,) * (SERIES_LENGTH - len(self._values)) + self._values,
            bucket=SERIES_BUCKET,
            bridged=BRIDGED_BUCKETS,
            least_top=self._least_top,
            threshold=self._level,
            marker=_ASCII_MARKER if self._is_ascii else "braille",
        )
        self.draws += 1
        try:
            lines = draw(plot, width, height)
        except PlotUnavailable:
            return _said("plotext does not run on this machine: no charts")
        return tuple(
            tuple(Piece(said.translate(_ASCII) if self._is_ascii else said, _ROLES[part]) for said, part in line)
            for line in lines
        )


def _said(text: str) -> tuple[tuple[Piece, ...], ...]:
    return ((Piece(text, Role.MUTED),),)
