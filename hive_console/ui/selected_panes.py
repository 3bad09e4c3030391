"""What stands beside the fleet's table: charts, checks and story of the model under the cursor."""

from __future__ import annotations

from datetime import tzinfo

from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.engine.client import EngineClient
from hive_console.ui.model_charts import chart_pane, draw_charts
from hive_console.ui.model_record import ModelRecord
from hive_console.ui.model_story import story_lines
from hive_widgets.chart_pane import ChartPane
from hive_widgets.panes import ListPane


class SelectedPanes:
    """Three panes that follow the cursor; those that are not in sight cost nothing.

    Attributes:
        charts: its response times and error rates.
        checks: its last checks and calls.
        about: what it does, its chain, and what moved its breaker.
    """

    def __init__(self, client: EngineClient, *, is_ascii: bool, zone: tzinfo | None) -> None:
        self._client = client
        self._is_ascii, self._zone = is_ascii, zone
        self._record = ModelRecord("")
        self.charts: ChartPane = chart_pane("side-charts", is_ascii=is_ascii, is_small=True)
        self.checks = ListPane("checks and calls", is_ascii=is_ascii, id="checks")
        self.about = ListPane("model", is_ascii=is_ascii, id="about")

    def draw(self, model: ModelView | None, fleet: FleetSnapshot, now: float) -> None:
        """Draws what is in sight."""
        panes = (self.charts, self.checks, self.about)
        if not any(pane.is_on_screen for pane in panes):
            return
        if model is not None and model.model_id != self._record.model_id:
            self._record = ModelRecord(model.model_id)
        self._record.take(self._client.events(self._record.cursor))
        if self.charts.is_on_screen:
            marks = self._record.marks(now, plain=self._is_ascii)
            self.charts.entitle("" if model is None else model.model_id)
            draw_charts(self.charts, model, marks)
        if self.checks.is_on_screen:
            self.checks.fill(self._record.check_lines(self._zone, plain=self._is_ascii))
        if self.about.is_on_screen and model is not None:
            width = self.about.size.width
            story = story_lines(model, fleet, now, width=width, plain=self._is_ascii)
            self.about.fill((*story, *self._record.story_lines(self._zone, plain=self._is_ascii)))
