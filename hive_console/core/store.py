"""What a recording can be asked, in words that no database is in, so that another one can take SQLite's place.

Times are Unix seconds, models are named by their ids. Windows are `[begin, end)`. Lists are bounded; what did not
fit is reached by asking again from where the answer ended.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from hive_console.core.configured import ModelSetup
from hive_console.core.delivery_log import NoticeRow
from hive_console.core.events import Event, OperatorActed
from hive_console.core.rollup import Sums
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import AlertView, ChannelView, HoldView, SilenceView
from hive_console.core.states import BreakerState, DegradationLevel, ModelStatus

ROW_LIMIT = 5_000
"""Rows one question may bring: more takes the interpreter long enough for a screen to stutter."""


class GapCause(Enum):
    """Why a stretch of a recording is not whole; values are written to the recording and must not change."""

    QUEUE_FULL = "queue full"  # the disk was slower than the events
    WRITE_FAILED = "write failed"  # the disk refused: locked, broken
    ROW_REFUSED = "row refused"  # one event could not be written, whatever the disk
    DISK_FULL = "disk full"  # requests were not kept because the disk had no room for them
    LOG_PINNED = "log pinned"  # a reader held the write-ahead log, so that requests were not kept
    CRASHED = "crashed"  # the engine ended without a word; nothing was recorded until the next one


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch in which events waited longer than they should, were lost, or nobody recorded.

    Attributes:
        begin: Unix seconds.
        end: Unix seconds.
        cause: why.
        dropped: events lost for good; 0 when all of them were written in the end.
        detail: the error in words; empty where there was none.
    """

    begin: float
    end: float
    cause: GapCause
    dropped: int = 0
    detail: str = ""

    def joined(self, other: Gap | None) -> Gap:
        """Both as one; a failing disk explains more than a full queue, so its cause and words win."""
        if other is None:
            return self
        is_better = self.cause is GapCause.QUEUE_FULL and other.cause is not GapCause.QUEUE_FULL
        best = other if is_better else self
        return Gap(
            begin=min(self.begin, other.begin),
            end=max(self.end, other.end),
            cause=best.cause,
            dropped=self.dropped + other.dropped,
            detail=best.detail or self.detail or other.detail,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One engine's life in this recording.

    Attributes:
        run_id: its number.
        started: Unix seconds.
        ended: when it ended, or for a crash the last event on disk; `None` while it lives, or when nobody knows.
        is_clean: whether it ended in order with nothing lost.
        pid: its process.
        host: its machine.
        version: the program's version.
    """

    run_id: int
    started: float
    ended: float | None
    is_clean: bool
    pid: int
    host: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a recording holds.

    Attributes:
        begin: its first event; `None` while there is none.
        end: its last one.
        models: every model it tells of, in the order they were first met.
        is_live: whether somebody records into it now.
        caution: what a person who reads it should know first (it was copied without its log, …); mostly empty.
    """

    begin: float | None
    end: float | None
    models: tuple[str, ...] = ()
    is_live: bool = False
    caution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAt:
    """One model as it was at an instant.

    Attributes:
        model: its id.
        status: its availability; `None` when the recording does not tell.
        status_since: since when.
        status_cause: why.
        breaker: its breaker; `None` when the recording does not tell.
        breaker_since: since when.
        breaker_cause: why.
        open_until: when the next trial was due, while it was open.
        consecutive_failures: failures in a row when the breaker last moved.
        ramp: the share of its traffic that it got while it recovered; `None` when it got all.
        pinned_to: where an operator had sent its traffic.
        is_frozen: whether automatic moves were stopped by hand.
        frozen_until: until when; `None` until a word ends it.
        serving: who answered its requests; `None` when nobody could, its own id where nothing tells otherwise.
        ejected_until: until when it was left alone as an outlier.
        fault: what only a person could mend.
        last_check: when it was last probed.
        last_error: the last failure's message before that instant.
        setup: how it was configured; `None` when the recording does not tell.
    """

    model: str
    status: ModelStatus | None = None
    status_since: float | None = None
    status_cause: str = ""
    breaker: BreakerState | None = None
    breaker_since: float | None = None
    breaker_cause: str = ""
    open_until: float | None = None
    consecutive_failures: int = 0
    ramp: float | None = None
    pinned_to: str | None = None
    is_frozen: bool = False
    frozen_until: float | None = None
    serving: str | None = None
    ejected_until: float | None = None
    fault: str = ""
    last_check: float | None = None
    last_error: str = ""
    setup: ModelSetup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAt:
    """One virtual model as it was at an instant.

    Attributes:
        name: as callers ask for it.
        primary: the model that should answer.
        serving: who answered it; `None` when nobody could.
        fallbacks: its chain behind the primary, where the recording tells.
        strategy: how the chain was used, where the recording tells.
    """

    name: str
    primary: str
    serving: str | None
    fallbacks: tuple[str, ...] = ()
    strategy: Strategy = Strategy.SEQUENTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetAt:
    """The fleet as it was at an instant.

    Attributes:
        at: the instant.
        models: the models that were configured then, in the order of their settings.
        started_at: when the engine of that time started; `None` when none ran.
        is_running: whether an engine ran then, as far as the recording knows.
        environment: its word for the title bar.
        is_degraded: whether it was in degraded mode.
        degraded_since: since when.
        available_share: models not unavailable / all models when that last changed; `None` when it never did.
        degraded_threshold: the share below which degraded mode begins; `None` when the recording does not tell.
        level: how much of the service it could give.
        alerts: firing then, and the latest ones that were resolved before; firing first, newest first.
        routes: virtual models where the recording tells, in the order of their settings.
        gap: the gap that the instant lies in.
        holds: what persons kept as it was, oldest first.
        silences: that held or would, those first that end first.
        channels: that notices had gone by, by name; of what kind they were is not recorded, and of very many
            notices only the latest are counted.
    """

    at: float
    models: tuple[ModelAt, ...] = ()
    started_at: float | None = None
    is_running: bool = False
    environment: str = ""
    is_degraded: bool = False
    degraded_since: float | None = None
    available_share: float | None = None
    degraded_threshold: float | None = None
    level: DegradationLevel = DegradationLevel.FULL
    alerts: tuple[AlertView, ...] = ()
    routes: tuple[RouteAt, ...] = ()
    gap: Gap | None = None
    holds: tuple[HoldView, ...] = ()
    silences: tuple[SilenceView, ...] = ()
    channels: tuple[ChannelView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows of a list are asked for; everything that is left out leaves nothing out.

    Attributes:
        begin: from when.
        end: until when, not included.
        models: about these models only.
        text: rows that hold this text, whatever its case.
        is_bad: of requests, only those that failed, were retried or answered by another model.
        limit: rows at most, the newest ones; never more than `ROW_LIMIT`.
    """

    begin: float = float("-inf")
    end: float = float("inf")
    models: tuple[str, ...] | None = None
    text: str = ""
    is_bad: bool = False
    limit: int = ROW_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row of the audit trail, with its place in the chain.

    Attributes:
        number: its place, from 1.
        act: what was done, by whom, why.
        digest: the chain's digest after it, as hexadecimal.
    """

    number: int
    act: OperatorActed
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheck:
    """What verifying the audit trail found.

    Attributes:
        rows: rows that were looked at.
        first_bad: the number of the first row that is not what was written; `None` when all are.
        problem: what is wrong with it, in words; empty when nothing is.
        head: the digest after the last good row.
        anchors: anchors that were compared.
    """

    rows: int
    first_bad: int | None = None
    problem: str = ""
    head: str = ""
    anchors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What one step of retention did.

    Attributes:
        removed: rows, or files, that went.
        is_done: whether nothing more is due now.
        detail: what went, in words.
    """

    removed: int = 0
    is_done: bool = True
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One model's sums in steps of equal length.

    Attributes:
        begin: when the first step begins.
        step: seconds of a step.
        points: one a step, oldest first; `None` where the recording knows nothing: a gap, drawn as a gap.
    """

    begin: float
    step: float
    points: tuple[Sums | None, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What was recorded after a key.

    Attributes:
        events: oldest first.
        key: pass it to the next call.
        is_all: whether there was nothing more by then; else the next call has the rest.
    """

    events: tuple[Event, ...] = ()
    key: int = 0
    is_all: bool = True


class Store(Protocol):
    """A recording that answers questions. Each answer is one consistent view of what was committed by then.

    Every call raises `HiveError` when the recording cannot be read, or does not answer in time.
    """

    async def holdings(self) -> Holdings:
        """What it holds."""
        ...

    async def series(
        self, models: Sequence[str], begin: float, end: float, *, step: float, with_latency: bool = True
    ) -> Mapping[str, Series]:
        """The sums of each model in steps; `step` is a multiple of ten seconds, and `begin` of the step.

        Without `with_latency` the quantiles are left out, and an answer for many models takes a third of the time.

        The coarsest windows that fit the step are asked; where only longer ones are left, the steps inside are
        `None` except for the one that each of them begins with.
        """
        ...

    async def sketch(self, models: Sequence[str], begin: float, end: float) -> Mapping[str, Sums]:
        """The sums of each model over the whole window, with every latency in them: quantiles come from here.

        The bounds are rounded outwards to the windows that are kept. A model without any is left out.
        """
        ...

    async def state_at(self, at: float) -> FleetAt:
        """The fleet as it was."""
        ...

    async def neighbour(self, at: float, *, is_later: bool, models: tuple[str, ...] | None = None) -> float | None:
        """When the next (or the last) thing happened that moved something: never a mere request or check."""
        ...

    async def transitions(self, wanted: Wanted) -> tuple[Event, ...]:
        """Everything that moved something, oldest first: all events but requests, checks and the audit's own."""
        ...

    async def events(self, wanted: Wanted, kinds: Iterable[type[Event]] | None = None) -> tuple[Event, ...]:
        """All events, oldest first, in the order of the bus; of some kinds only when they are named."""
        ...

    async def alerts(self, wanted: Wanted) -> tuple[AlertView, ...]:
        """Alerts that fired at some time of the window, newest first."""
        ...

    async def notices(self, wanted: Wanted, *, alert_id: str = "", channel: str = "") -> tuple[NoticeRow, ...]:
        """Notices that were queued in the window, with their attempts and ends as they are by now, newest first.

        With `alert_id` those that tell of this alert, with `channel` those that go there. Models are not asked for.
        """
        ...

    async def story(self, name: str, *, raised_at: float | None = None) -> tuple[Event, ...]:
        """What was said of one alert (or silence, or notice), by whom, and who was told of it how; oldest first.

        Of an alert's episodes the one that was raised last, or by `raised_at`; of what is longer than `ROW_LIMIT`
        the newest part. Deeds of persons that name it are in it.
        """
        ...

    async def audit(self, wanted: Wanted) -> tuple[AuditRow, ...]:
        """Rows of the audit trail, oldest first."""
        ...

    async def requests(self, wanted: Wanted) -> tuple[Event, ...]:
        """What came with requests: attempts, operations, failovers; oldest first."""
        ...

    async def gaps(self, begin: float, end: float) -> tuple[Gap, ...]:
        """Stretches that are not whole, oldest first."""
        ...

    async def runs(self, limit: int = ROW_LIMIT) -> tuple[Run, ...]:
        """The newest lives of engines, oldest first."""
        ...

    async def verify(self, anchors: Iterable[tuple[int, str]] = ()) -> AuditCheck:
        """Whether the audit trail is what was written; `anchors` are (number, digest) pairs kept elsewhere."""
        ...

    async def retain(self, budget: float) -> Retention:
        """Removes, for at most `budget` seconds, some of what is older or more than what shall be kept.

        Raises `HiveError` where the recording was opened for reading only.
        """
        ...

    def export(self, wanted: Wanted, kinds: Iterable[type[Event]] | None = None) -> AsyncGenerator[Event, None]:
        """All events of the window, oldest first, however many there are, in little memory."""
        ...

    async def after(self, key: int, wanted: Wanted, *, is_of_requests: bool = False) -> Followed:
        """What was recorded after a key, oldest first, so that a recording that grows is told without loss.

        Begin with 0. Requests are recorded apart from everything else, so that they have keys of their own: an
        answer has either the one or the other. `wanted` must be the same each time but for its limit, which bounds
        the rows read of each table, so that an answer may hold more.
        """
        ...

    async def changed(self) -> int:
        """A number that differs from before when something was recorded since; cheap enough to ask each second."""
        ...

    async def close(self) -> None:
        """Ends it."""
        ...
