"""A pane of two charts; a module of its own, as drawing them loads more than a first frame may."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Resize

from hive_widgets.chart import Chart
from hive_widgets.line_pane import LinePane
from hive_widgets.panes import CURRENT, heading

SIDE_BY_SIDE = 11
"""Lines of a chart pane below which its charts stand side by side: stacked, each would have too few."""

BROAD = 104
"""Columns from which they stand side by side whatever the height."""


class ChartPane(Container, can_focus=True):
    """Two charts below a heading: one beside the other where the pane is flat, else one above the other."""

    DEFAULT_CSS = """
    ChartPane { layout: vertical; }
    ChartPane > #chart-heading { height: 1; width: 1fr; }
    ChartPane > #chart-pair { layout: vertical; height: 1fr; }
    ChartPane.-flat > #chart-pair { layout: horizontal; }
    """

    BINDING_GROUP_TITLE = "The charts"

    def __init__(self, times: Chart, errors: Chart, *, is_ascii: bool = False, id: str) -> None:  # noqa: A002 - Textual's name
        """Shows these charts.

        Args:
            times: of response times.
            errors: of error rates.
            is_ascii: whether the terminal has no Unicode.
            id: the widget's id.
        """
        super().__init__(id=id)
        self.times, self.errors = times, errors
        self._is_ascii = is_ascii
        self._words = ""
        self._heading = LinePane(id="chart-heading")
        self.aside = ""

    def compose(self) -> ComposeResult:
        """The heading, then both charts."""
        yield self._heading
        with Container(id="chart-pair"):
            yield self.times
            yield self.errors

    def entitle(self, words: str) -> None:
        """Says beside the name whose charts these are."""
        self._words = words
        self._draw()

    def _draw(self) -> None:
        line = heading(
            "charts",
            self.size.width,
            is_focused=self.has_class(CURRENT),
            is_ascii=self._is_ascii,
            aside=self.aside,
            words=self._words,
        )
        self._heading.show((line,))

    def on_resize(self, event: Resize) -> None:
        """Chooses how the charts stand."""
        self.set_class(event.size.height < SIDE_BY_SIDE or event.size.width >= BROAD, "-flat")
        self._draw()

    def mark(self) -> None:
        """The heading tells whether this is the pane that is meant."""
        self._draw()
