"""A model's numbers as charts: what is drawn, in which scale, and by which lines it is judged."""

from __future__ import annotations

from hive_console.core.snapshot import ModelView, Series
from hive_console.core.wording import latency, percent
from hive_widgets.chart import Chart
from hive_widgets.chart_pane import ChartPane
from hive_widgets.plot_parts import EventMark, Level

LEAST_SECONDS = 0.5
"""The response time's scale reaches at least this far: below it nobody waits."""

LEAST_PERCENT = 5.0
"""The error rate's scale reaches at least this far: BIP-03's default bound for a degraded model."""


def chart_pane(name: str, *, is_ascii: bool, is_small: bool) -> ChartPane:
    """An empty pane of both charts.

    Args:
        name: the pane's id.
        is_ascii: whether the terminal has no Unicode.
        is_small: whether they are drawn without the plotting library.
    """
    times = Chart("Response, s", least_top=LEAST_SECONDS, is_ascii=is_ascii, is_small=is_small, id=f"{name}-times")
    errors = Chart("Errors, %", least_top=LEAST_PERCENT, is_ascii=is_ascii, is_small=is_small, id=f"{name}-errors")
    return ChartPane(times, errors, is_ascii=is_ascii, id=name)


def draw_charts(pane: ChartPane, model: ModelView | None, marks: tuple[EventMark, ...] = ()) -> None:
    """Shows the model's last half hour; empty charts where there is no model."""
    if model is None:
        pane.times.plot(())
        pane.errors.plot(())
        return
    figures = (("last", model.response_time), ("p95", model.p95))
    last = "  ".join(f"{name} {latency(value)}" for name, value in figures if value is not None)
    limits = model.limits
    levels = (
        *_level(limits.timeout, f"timeout {latency(limits.timeout)}"),
        *_level(limits.slow_above, f"degraded above {latency(limits.slow_above)}"),
        *_level(model.p95 or 0.0, f"p95 {latency(model.p95 or 0.0)}"),
    )
    pane.times.plot(model.response_times, latest=last, levels=levels, band=(model.fastest, model.p95s), marks=marks)
    share = "" if model.error_rate is None else f"now {percent(model.error_rate)}"
    bounds = (
        *_level(100 * limits.trip_error_rate, f"trips at {percent(limits.trip_error_rate)} %"),
        *_level(100 * limits.degraded_error_rate, f"degraded at {percent(limits.degraded_error_rate)} %"),
    )
    pane.errors.plot(_percent(model.error_rates), latest=share, levels=bounds, marks=marks)


def _level(value: float, name: str) -> tuple[Level, ...]:
    """The line, where there is one: zero is no bound."""
    return (Level(value, name),) if value > 0 else ()


def _percent(shares: Series) -> Series:
    return tuple(None if share is None else 100 * share for share in shares)
