"""What the calls and probes of one model showed: how many, when last, in what time, and with which error."""

from __future__ import annotations

from hive_console.core.peak_ewma import PeakEwma
from hive_console.core.window import Sample, Trend, Window


class TrackRecord:
    """One model's. Nothing here decides; it is what others decide by, and what people see.

    Attributes:
        window: what is judged: calls since the breaker last began to admit.
        trend: the same for the charts, over every such move.
        ewma: how long real calls take.
        requests: calls and probes that ended, however they did.
        last_check: when one last told something of the model.
        last_real_call: when a judged call of real traffic last ended.
        served_at: when one was last answered.
        response_time: seconds of the last answer; a probe's only while no call was answered.
        last_error: the last thing that went wrong, in words.
    """

    __slots__ = (
        "ewma",
        "last_check",
        "last_error",
        "last_real_call",
        "requests",
        "response_time",
        "served_at",
        "trend",
        "window",
    )

    def __init__(self) -> None:
        self.window = Window()
        self.trend = Trend()
        self.ewma = PeakEwma()
        self.requests = 0
        self.last_check: float | None = None
        self.last_real_call: float | None = None
        self.served_at: float | None = None
        self.response_time: float | None = None
        self.last_error = ""

    def add(self, sample: Sample, *, is_late: bool) -> None:
        """Takes a judged call or probe; a late one began before the breaker moved and is of the past."""
        self.trend.add(sample)
        is_real = not sample.is_probe
        if is_real:
            self.last_real_call = sample.at
        if is_late:
            return
        self.window.add(sample)
        if sample.is_failure:
            return
        if is_real:
            self.served_at = sample.at
            self.ewma.add(sample.at, sample.latency)
            self.response_time = sample.latency
        elif not self.window.has_real_answers:
            self.response_time = sample.latency
