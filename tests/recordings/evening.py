"""An evening in which one model goes down and comes back, and a store that holds it while a review reads it."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.configured import configured
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.states import AlertRule, BreakerState, ModelStatus, Severity
from hive_console.core.store import FleetAt, Gap
from tests.recordings.memory_store import MemoryStore


class ReviewedStore(MemoryStore):
    """What engines told, which can fail and grow as a recording on a disk does.

    Set `failure` and every look at it fails; `tell` it more.
    """

    def __init__(
        self, *events: e.Event, gaps: tuple[Gap, ...] = (), is_live: bool = False, caution: str = ""
    ) -> None:
        super().__init__(gap_rows=gaps, is_live=is_live, caution=caution)
        self.failure: Exception | None = None
        self.looks_at: list[float] = []
        self.tell(*events)

    def tell(self, *events: e.Event) -> None:
        """More happened; a life begins with the first event or where an engine says so, and ends so too."""
        for event in sorted(events, key=lambda event: event.at):
            if isinstance(event, e.EngineStarted) or not self.lives:
                self.begin(event.at)
            self.record(event)
            if isinstance(event, e.EngineStopped):
                self.end(event.at)

    async def changed(self) -> int:
        self._fail()
        return await super().changed()

    async def state_at(self, at: float) -> FleetAt:
        self.looks_at.append(at)
        self._fail()
        return await super().state_at(at)

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


_FLEET = (
    ("gpt-5", "openai", ("claude-4-sonnet", "deepseek-v3")),
    ("claude-4-sonnet", "anthropic", ("gpt-5",)),
    ("deepseek-v3", "deepseek", ()),
)


def _model(name: str, provider: str, fallbacks: tuple[str, ...]) -> ModelSettings:
    return ModelSettings(name, provider, "https://models.example/v1", name, fallbacks=fallbacks)


def an_older_evening(begin: float) -> tuple[e.Event, ...]:
    """The same, recorded by a version that did not keep how the fleet was configured."""
    return tuple(event for event in an_evening(begin) if not isinstance(event, e.FleetConfigured))


def an_evening(begin: float) -> tuple[e.Event, ...]:
    """Forty minutes of three models, in which one goes down after twenty minutes and comes back five minutes later.

    A probe of each comes every half minute; the engine ends in order after the forty minutes.
    """
    names = tuple(name for name, *_ in _FLEET)
    down, up, end = begin + 1200, begin + 1500, begin + 2400
    told: list[e.Event] = [
        e.EngineStarted(at=begin, version="0.1.0", models=names, environment="prod"),
        configured(Settings(tuple(_model(*model) for model in _FLEET)), begin),
    ]
    for index, name in enumerate(names):
        told.append(
            e.StatusChanged(
                at=begin + 1 + index,
                model=name,
                old=ModelStatus.UNKNOWN,
                new=ModelStatus.AVAILABLE,
                cause="probe ok",
            )
        )
        for at in range(5 + index, 2400, 30):
            is_down = name == "gpt-5" and down - 60 <= begin + at < up
            kind = OutcomeKind.TIMED_OUT if is_down else OutcomeKind.SUCCESS
            said = "no answer in 10 s" if is_down else ""
            told.append(e.ProbeFinished(at=begin + at, model=name, kind=kind, latency=0.4, message=said))
        told += [
            e.AttemptFinished(
                at=begin + at, operation=f"{name}-{at}", model=name, number=1, kind=OutcomeKind.SUCCESS, latency=1.5
            )
            for at in range(7 + index, 2400, 20)
            if name != "gpt-5" or not down - 60 <= begin + at < up
        ]
    told += [
        e.BreakerChanged(
            at=down,
            model="gpt-5",
            old=BreakerState.CLOSED,
            new=BreakerState.OPEN,
            cause="5 failures: timed out",
            open_until=down + 20,
            consecutive_failures=5,
        ),
        e.StatusChanged(
            at=down,
            model="gpt-5",
            old=ModelStatus.AVAILABLE,
            new=ModelStatus.UNAVAILABLE,
            cause="breaker open: 5 failures",
        ),
        e.TrafficMoved(at=down, model="gpt-5", old="gpt-5", new="claude-4-sonnet"),
        e.AlertRaised(
            at=down,
            alert_id="al-1",
            rule=AlertRule.MODEL_UNAVAILABLE,
            severity=Severity.CRITICAL,
            subject="gpt-5",
            text="gpt-5 is unavailable: 5 failures in a row",
        ),
        e.BreakerChanged(
            at=up, model="gpt-5", old=BreakerState.HALF_OPEN, new=BreakerState.CLOSED, cause="trial succeeded"
        ),
        e.StatusChanged(
            at=up, model="gpt-5", old=ModelStatus.UNAVAILABLE, new=ModelStatus.AVAILABLE, cause="trial succeeded"
        ),
        e.ModelRecovered(at=up, model="gpt-5", down_for=up - down),
        e.TrafficMoved(at=up, model="gpt-5", old="claude-4-sonnet", new="gpt-5"),
        e.AlertResolved(
            at=up, alert_id="al-1", rule=AlertRule.MODEL_UNAVAILABLE, subject="gpt-5", lasted=up - down
        ),
        e.EngineStopped(at=end, cause="quit"),
    ]
    return tuple(told)
