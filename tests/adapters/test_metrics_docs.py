"""docs/metrics.md names every family of the page, with its type and its labels."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.core import Metric

from hive_console.adapters.metrics_page import MetricsPage
from hive_console.core.snapshot import ChannelView, MetricsView
from tests.core.samples import every_event, fleet_view, model_view

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")

ROWS = {
    name: (kind, tuple(re.findall(r"`([^`]+)`", labels)))
    for name, kind, labels in re.findall(r"^\| `((?:hive|gen_ai)_\w+)` \| (\w+) \|([^|]*)\|", PAGE, re.MULTILINE)
}


def families() -> dict[str, Metric]:
    """Every family of a page that has counted one event of each kind."""
    model = model_view("model-x", availability=1.0, error_rate=0.0, response_time=1.0, p95=1.0)
    fleet = fleet_view(model, metrics=MetricsView(system_reliability=1.0), channels=(ChannelView("ops", "slack"),))
    page = MetricsPage(lambda: fleet, version="1.2.3")
    for event in every_event():
        page.take(event)
        page.take(event)
    page.counters.retries.add("model-x")
    page.counters.hedges.add("model-x")
    page.counters.count_tokens("model-x", 1, 1)
    return {family.name: family for family in page.collect()}


def test_every_family_is_documented_with_its_type() -> None:
    kinds = {name: "gauge" if family.type == "info" else family.type for name, family in families().items()}

    assert kinds == {name: kind for name, (kind, _) in ROWS.items()}


def test_the_documented_labels_are_those_of_the_samples() -> None:
    told = {
        name: {label for sample in family.samples for label in sample.labels if label != "le"}
        for name, family in families().items()
    }

    assert told == {name: set(labels) for name, (_, labels) in ROWS.items()}


def test_every_metric_of_a_query_exists() -> None:
    queries = PAGE.partition("## Questions")[2]
    samples = {sample.name for family in families().values() for sample in family.samples}

    for name in re.findall(r"(?:hive|gen_ai)_[a-z0-9_]+(?=[{\[ ])", queries):
        assert name in samples
