"""A chart of one series over the last half hour, in the theme's colors: with plotext's axes, or small and cheap."""

from __future__ import annotations

from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hive_console.core.snapshot import SERIES_BUCKET, SERIES_LENGTH, Series
from hive_widgets.glyphs import GAP, Role
from hive_widgets.pieces import Piece, changed_cells, strip_of
from hive_widgets.plot import SMALLEST, PlotUnavailable, draw
from hive_widgets.plot_parts import EventMark, Level, Part, Plot, Stretch
from hive_widgets.small_plot import SMALLEST as SMALLEST_SMALL
from hive_widgets.small_plot import draw_small

BRIDGED_BUCKETS = 4
"""Values at most this far apart are joined: with no traffic there is one probe each 30 s (three buckets) and its
jitter, and that is no gap. What lies further apart is."""

ROLES = {
    Part.SCALE: Role.MUTED,
    Part.TRACE: Role.TRACE,
    Part.THRESHOLD: Role.WARN,
    Part.BAND: Role.MUTED,
    Part.GAP: Role.MUTED,
    Part.TROUBLE: Role.BAD,
    Part.MOVE: Role.WARN,
    Part.HAND: Role.HELD,
    Part.RELIEF: Role.GOOD,
}

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
        is_small: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """Shows an empty chart.

        Args:
            title: what is plotted, with its unit.
            least_top: the value that the scale reaches at least.
            is_ascii: whether the terminal has no Unicode.
            is_small: drawn without plotext, for narrow panes that are drawn often.
            id: the widget's id.
        """
        super().__init__(id=id)
        self._title = title
        self._least_top = least_top
        self._is_ascii = is_ascii
        self._is_small = is_small
        self._latest = ""
        self._plot = self._plot_of(())
        self._plotted: tuple[tuple[Piece, ...], ...] | None = None
        self.draws = 0
        """How often plotext was asked: the measure of what the chart costs."""

    @property
    def text(self) -> str:
        """What is shown, as plain text."""
        lines = (self._title_line(), *self._plot_lines())
        return "\n".join("".join(piece.text for piece in line) for line in lines)

    def plot(
        self,
        values: Series,
        *,
        latest: str = "",
        levels: tuple[Level, ...] = (),
        band: tuple[Series, Series] = ((), ()),
        marks: tuple[EventMark, ...] = (),
    ) -> None:
        """Shows these values.

        Args:
            values: one a bucket, oldest first; `None` is a gap.
            latest: the newest figure in words, for the title line.
            levels: level lines.
            band: lower and upper edge of the band around the values.
            marks: what happened, by the place in the whole half hour.
        """
        plot = self._plot_of(values, levels, band, marks)
        if plot == self._plot and latest == self._latest:
            return
        before = (self._title_line(), *(self._plotted or ()))
        if plot != self._plot:
            self._plotted = None
        self._plot, self._latest = plot, latest
        if len(before) == 1 or not self.is_on_screen:
            self.refresh()
            return
        self._send_changes(before, (self._title_line(), *self._plot_lines()))

    def _send_changes(self, before: tuple[tuple[Piece, ...], ...], after: tuple[tuple[Piece, ...], ...]) -> None:
        """Only the cells that differ: a new value moves the right end of few lines."""
        for y in range(self.size.height):
            old, new = (lines[y] if y < len(lines) else () for lines in (before, after))
            if old != new:
                start, count = changed_cells(old, new, max(1, self.size.width))
                self.refresh(Region(start, y, count, 1))

    def _plot_of(
        self,
        values: Series,
        levels: tuple[Level, ...] = (),
        band: tuple[Series, Series] = ((), ()),
        marks: tuple[EventMark, ...] = (),
    ) -> Plot:
        return Plot(
            values=_whole(values),
            bucket=SERIES_BUCKET,
            bridged=BRIDGED_BUCKETS,
            least_top=self._least_top,
            levels=levels,
            marker=_ASCII_MARKER if self._is_ascii else "braille",
            low=_whole(band[0]),
            high=_whole(band[1]),
            marks=marks,
            is_ascii=self._is_ascii,
        )

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
        return tuple(pieces)

    def _plot_lines(self) -> tuple[tuple[Piece, ...], ...]:
        if self._plotted is None:
            self._plotted = self._plot_anew(self.size.width, self.size.height - 1)
        return self._plotted

    def _plot_anew(self, width: int, height: int) -> tuple[tuple[Piece, ...], ...]:
        if all(value is None for value in self._plot.values):
            gap = GAP.ascii_glyph if self._is_ascii else GAP.glyph
            return _said(f"{gap} no data in the last half hour")
        smallest = SMALLEST_SMALL if self._is_small else SMALLEST
        if width < smallest[0] or height < smallest[1]:
            return _said("no room for a chart")
        self.draws += 1
        try:
            lines = (draw_small if self._is_small else draw)(self._plot, width, height)
        except PlotUnavailable:
            return _said("plotext does not run on this machine: no charts")
        return tuple(tuple(self._piece(stretch) for stretch in line) for line in lines)

    def _piece(self, stretch: Stretch) -> Piece:
        text, part = stretch
        return Piece(text.translate(_ASCII) if self._is_ascii else text, ROLES[part])


def _whole(values: Series) -> Series:
    """The series of the whole half hour: nothing was measured before it began."""
    return (None,) * (SERIES_LENGTH - len(values)) + values


def _said(text: str) -> tuple[tuple[Piece, ...], ...]:
    return ((Piece(text, Role.MUTED),),)
