"""Prometheus' page: what the engine did since it started, and how the fleet stands, in the text formats."""

from hive_console.adapters.metrics_page.page import MetricsPage

__all__ = ["MetricsPage"]
