"""Posted fleets: a client that shows whatever a test posts, and builders for realistic snapshots."""

from __future__ import annotations

import math
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from hive_console.core import events as e
from hive_console.core.command import Command, CommandResult, Effect, effect_of
from hive_console.core.outcome import OutcomeKind
from hive_console.core.reload_report import ReloadReport
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import (
    AlertView,
    BreakerView,
    FleetSnapshot,
    HoldView,
    LimitsView,
    MetricsView,
    ModelView,
    RecorderView,
)
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    AlertState,
    BreakerState,
    DegradationLevel,
    HoldKind,
    ModelStatus,
    Severity,
)
from hive_console.engine.client import EventPage

NOW = 1_773_457_964.0
"""2026-03-14 03:12:44 UTC: the frozen clock of all screen tests."""

PROVIDERS = {
    "claude-4-sonnet": "anthropic",
    "gpt-5": "openai",
    "deepseek-v3": "deepseek",
    "grok-3": "xai",
    "claude-4-opus": "anthropic",
    "gpt-5-mini": "openai",
    "gemini-2.5-pro": "google",
    "mistral-large": "mistral",
    "llama-4-maverick": "meta",
    "qwen-3-max": "alibaba",
    "command-r-plus": "cohere",
    "o4-mini": "openai",
}


class FrozenClock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> float:
        return self.at


class FakeClient:
    """Fits `EngineClient`; shows what was posted, notes what was said.

    `is_holding` keeps futures of commands open until `release` is called, as a busy engine does.
    """

    def __init__(self, fleet: FleetSnapshot | None = None, events: tuple[e.Event, ...] = ()) -> None:
        self.fleet = fleet if fleet is not None else healthy()
        self.log: list[e.Event] = list(events)
        self.lost = 0
        self.said: list[Command] = []
        self.undone = 0
        self.stopped: list[str] = []
        self.result = CommandResult(is_done=True, message="done", action_id="a-1")
        self.is_holding = False
        self.held: list[Future[CommandResult]] = []
        self.report = ReloadReport(is_good=True, message="would be applied: no change")
        self.reloaded: list[tuple[bool, str]] = []
        self.held_reloads: list[Future[ReloadReport]] = []

    def post(self, fleet: FleetSnapshot) -> None:
        """The next reading shows this fleet."""
        self.fleet = fleet

    def publish(self, *events: e.Event) -> None:
        """The next reading brings these events."""
        self.log.extend(events)

    def release(self) -> None:
        """Ends all held futures with `result`."""
        for future in self.held:
            future.set_result(self.result)
        self.held.clear()

    def snapshot(self) -> FleetSnapshot:
        return self.fleet

    def events(self, after: int) -> EventPage:
        return EventPage(events=tuple(self.log[after:]), cursor=len(self.log), lost=self.lost)

    is_read_only = False
    trouble = ""
    session = 0.0

    def become_read_only(self) -> None:
        self.is_read_only = True

    def preview(self, command: Command) -> Effect:
        return effect_of(command, self.fleet)

    def command(self, command: Command) -> Future[CommandResult]:
        self.said.append(command)
        return self._answer()

    def stop(self, reason: str) -> Future[CommandResult]:
        self.stopped.append(reason)
        future: Future[CommandResult] = Future()
        future.set_result(self.result)
        return future

    def undo(self) -> Future[CommandResult]:
        self.undone += 1
        return self._answer()

    def reload(self, *, dry_run: bool, expected: str = "") -> Future[ReloadReport]:
        self.reloaded.append((dry_run, expected))
        future: Future[ReloadReport] = Future()
        if self.is_holding:
            self.held_reloads.append(future)
        else:
            future.set_result(self.report)
        return future

    def _answer(self) -> Future[CommandResult]:
        future: Future[CommandResult] = Future()
        if self.is_holding:
            self.held.append(future)
        else:
            future.set_result(self.result)
        return future


def wave(length: int, low: float, high: float, *, phase: float = 0.0) -> tuple[float | None, ...]:
    """A gentle series between two values."""
    middle, swing = (low + high) / 2, (high - low) / 2
    return tuple(middle + swing * math.sin(phase + index / 5) for index in range(length))


def model(model_id: str, **changes: Any) -> ModelView:  # Any: replace() takes any field of the view
    """A model that is well, with the given fields changed."""
    phase = float(sum(map(ord, model_id)) % 7)
    view = ModelView(
        model_id=model_id,
        provider=PROVIDERS.get(model_id, "acme"),
        status=ModelStatus.AVAILABLE,
        status_since=NOW - 4 * 3600,
        status_cause="probe ok",
        breaker=BreakerView(
            state=BreakerState.CLOSED, since=NOW - 4 * 3600, failure_threshold=5, recovery_timeout=20.0
        ),
        last_health_check=NOW - 7,
        response_time=1.1,
        p95=2.1,
        error_rate=0.004,
        failure_count=1,
        requests=2412,
        in_flight=2,
        serving=model_id,
        fallbacks=tuple(name for name in PROVIDERS if name != model_id)[:2],
        availability=0.9991,
        response_times=wave(180, 0.9, 2.2, phase=phase),
        error_rates=(0.0,) * 180,
        fastest=wave(180, 0.6, 1.4, phase=phase),
        p95s=wave(180, 1.4, 3.1, phase=phase),
        limits=LimitsView(check_interval=30.0, timeout=30.0, slow_above=4.0, degraded_error_rate=0.05),
    )
    return replace(view, **changes)


def healthy() -> FleetSnapshot:
    """Twelve models, all well."""
    return _fleet(tuple(model(name) for name in PROVIDERS))


def unknown() -> FleetSnapshot:
    """What a client shows before its engine is up: sequence 0, nothing known."""
    models = tuple(
        ModelView(
            model_id=name,
            provider=provider,
            status=ModelStatus.UNKNOWN,
            status_since=NOW,
            status_cause="not checked yet",
            breaker=BreakerView(state=BreakerState.CLOSED, since=NOW, failure_threshold=5, recovery_timeout=20.0),
        )
        for name, provider in PROVIDERS.items()
    )
    return FleetSnapshot(sequence=0, at=NOW, started_at=NOW, models=models, environment="prod")


def down_model() -> ModelView:
    """claude-4-sonnet, down for 14 minutes, its breaker open for 21 more seconds."""
    return model(
        "claude-4-sonnet",
        status=ModelStatus.UNAVAILABLE,
        status_since=NOW - 14 * 60,
        status_cause="5 failures in a row: timed out",
        breaker=BreakerView(
            state=BreakerState.OPEN,
            since=NOW - 14 * 60,
            failure_threshold=5,
            recovery_timeout=60.0,
            consecutive_failures=5,
            last_failure=NOW - 39,
            last_failure_cause="timed out after 30 s",
            open_until=NOW + 21,
        ),
        last_health_check=NOW - 39,
        response_time=None,
        p95=None,
        error_rate=1.0,
        failure_count=31,
        serving="gpt-5",
        fallbacks=("gpt-5", "deepseek-v3"),
        availability=0.942,
        response_times=(*wave(96, 1.0, 4.0), *(None,) * 84),
        error_rates=(*(0.0,) * 90, *(0.2, 0.4, 0.6, 0.8, 1.0, 1.0), *(1.0, None) * 42),
        fastest=(*wave(96, 0.7, 2.5), *(None,) * 84),
        p95s=(*wave(96, 1.6, 5.5), *(None,) * 84),
        last_error="upstream timed out after 30 s",
    )


def half_open_model() -> ModelView:
    """deepseek-v3, degraded, its breaker probing."""
    return model(
        "deepseek-v3",
        status=ModelStatus.DEGRADED,
        status_since=NOW - 190,
        status_cause="error rate 12.5 %",
        breaker=BreakerView(
            state=BreakerState.HALF_OPEN,
            since=NOW - 1,
            failure_threshold=5,
            recovery_timeout=20.0,
            last_failure=NOW - 30,
            last_failure_cause="server error (503)",
        ),
        last_health_check=NOW - 11,
        p95=4.8,
        error_rate=0.125,
        serving="gpt-5",
        fallbacks=("gpt-5",),
        response_times=tuple(1 + 4 * index / 180 for index in range(180)),
        fastest=tuple(0.7 + 2 * index / 180 for index in range(180)),
        p95s=tuple(1.5 + 4.5 * index / 180 for index in range(180)),
        error_rates=tuple(0.125 if index > 120 else 0.0 for index in range(180)),
    )


def counting_model() -> ModelView:
    """grok-3, throttled, its breaker closed and counting 3 of 5."""
    return model(
        "grok-3",
        status=ModelStatus.DEGRADED,
        status_since=NOW - 75,
        status_cause="p95 3.9 s",
        breaker=BreakerView(
            state=BreakerState.CLOSED,
            since=NOW - 4000,
            failure_threshold=5,
            recovery_timeout=20.0,
            consecutive_failures=3,
            last_failure=NOW - 8,
            last_failure_cause="overloaded (529)",
        ),
        last_health_check=NOW - 19,
        p95=3.9,
        error_rate=0.08,
        throttled_until=NOW + 12,
    )


def incident() -> FleetSnapshot:
    """One model down, two degraded, one isolated by hand, one pinned, one with a fault, six well."""
    special = {
        "claude-4-sonnet": down_model(),
        "deepseek-v3": half_open_model(),
        "grok-3": counting_model(),
        "gpt-5": model("gpt-5", in_flight=8),
        "mistral-large": model(
            "mistral-large",
            status=ModelStatus.UNAVAILABLE,
            status_since=NOW - 3000,
            status_cause="deactivated by hand",
            breaker=BreakerView(
                state=BreakerState.ISOLATED, since=NOW - 3000, failure_threshold=5, recovery_timeout=20.0
            ),
            serving="gpt-5",
            p95=None,
            error_rate=None,
            last_health_check=NOW - 3001,
        ),
        "claude-4-opus": model("claude-4-opus", pinned_to="gpt-5", serving="gpt-5"),
        "command-r-plus": model("command-r-plus", fault="key refused (401)", serving="gpt-5"),
        "gpt-5-mini": model("gpt-5-mini", strategy=Strategy.WEIGHTED, weight=3.0),
    }
    models = tuple(special.get(name) or model(name) for name in PROVIDERS)
    return _fleet(models, alerts=incident_alerts(), available_share=10 / 12)


def returning() -> FleetSnapshot:
    """After an outage of half the fleet: ramps, frozen breakers, an outlier, breakers that only count, levels."""

    def breaker(state: BreakerState = BreakerState.CLOSED, /, **changes: Any) -> BreakerView:  # any field of it
        known: dict[str, Any] = {"since": NOW - 48, "failure_threshold": 5, "recovery_timeout": 5.0}
        return BreakerView(state, **(known | changes))

    frozen: dict[str, Any] = {"is_frozen": True, "frozen_until": NOW + 2520}
    down = {"status": ModelStatus.UNAVAILABLE, "status_since": NOW - 48, "p95": None, "error_rate": 1.0}
    special: dict[str, dict[str, Any]] = {
        "claude-4-sonnet": {
            "breaker": breaker(trips=2),
            "ramp": 0.25,
            "status_since": NOW - 8,
            "status_cause": "recovered, gets 25 % of its traffic",
        },
        "gpt-5": {"breaker": breaker(trips=1, **frozen), "ramp": 0.5},
        "deepseek-v3": {
            **down,
            "breaker": breaker(BreakerState.OPEN, open_until=NOW + 9, trips=3, consecutive_failures=7, **frozen),
            "status_cause": "connection refused",
            "serving": "gpt-5",
        },
        "grok-3": {"breaker": breaker(consecutive_failures=3, **frozen)},
        "claude-4-opus": {
            **down,
            "breaker": breaker(BreakerState.OPEN, open_until=NOW + 12, trips=3),
            "status_cause": "connection refused",
            "serving": None,
        },
        "gemini-2.5-pro": {
            **down,
            "ejected_until": NOW + 25,
            "status_cause": "fails far more often than the others",
            "serving": "gpt-5",
        },
        "mistral-large": {"breaker": breaker(BreakerState.METRICS_ONLY, consecutive_failures=2)},
        "qwen-3-max": {"breaker": breaker(BreakerState.DISABLED)},
    }
    models = tuple(model(name, **special.get(name, {})) for name in PROVIDERS)
    return _fleet(
        models,
        is_degraded=True,
        degraded_since=NOW - 40,
        level=DegradationLevel.ESSENTIAL,
        available_share=0.25,
    )


def alert(alert_id: str, **changes: Any) -> AlertView:  # Any: replace() takes any field of the view
    """A firing critical alert on claude-4-sonnet, with the given fields changed."""
    view = AlertView(
        alert_id=alert_id,
        rule=AlertRule.MODEL_UNAVAILABLE,
        severity=Severity.CRITICAL,
        subject="claude-4-sonnet",
        text="claude-4-sonnet is unavailable: 5 failures in a row",
        state=AlertState.FIRING,
        raised_at=NOW - 14 * 60,
    )
    return replace(view, **changes)


def incident_alerts() -> tuple[AlertView, ...]:
    """Two firing, one of them acknowledged, and one resolved."""
    return (
        alert(
            "al-2",
            rule=AlertRule.BREAKER_OPEN,
            severity=Severity.WARNING,
            text="breaker of claude-4-sonnet is open",
            acknowledged_by="maria",
            acknowledged_at=NOW - 600,
            note="vendor called",
        ),
        alert("al-1"),
        alert(
            "al-0",
            subject="grok-3",
            text="grok-3 was unavailable",
            state=AlertState.RESOLVED,
            raised_at=NOW - 9000,
            resolved_at=NOW - 8100,
        ),
    )


def incident_events() -> tuple[e.Event, ...]:
    """What led to `incident`, oldest first."""
    began = NOW - 14 * 60
    return (
        e.EngineStarted(at=NOW - 4 * 3600, version="0.1.0", models=tuple(PROVIDERS), environment="prod"),
        e.ProbeFinished(at=began - 31, model="gpt-5", kind=OutcomeKind.SUCCESS, latency=0.41),
        e.ProbeFinished(
            at=began - 1,
            model="claude-4-sonnet",
            kind=OutcomeKind.TIMED_OUT,
            latency=10.0,
            message="no answer in 10 s",
        ),
        e.BreakerChanged(
            at=began,
            model="claude-4-sonnet",
            old=BreakerState.CLOSED,
            new=BreakerState.OPEN,
            cause="5 failures: timed out",
            open_until=began + 20,
        ),
        e.StatusChanged(
            at=began,
            model="claude-4-sonnet",
            old=ModelStatus.AVAILABLE,
            new=ModelStatus.UNAVAILABLE,
            cause="5 failures in a row: timed out",
        ),
        e.AlertRaised(
            at=began,
            alert_id="al-1",
            rule=AlertRule.MODEL_UNAVAILABLE,
            severity=Severity.CRITICAL,
            subject="claude-4-sonnet",
            text="claude-4-sonnet is unavailable: 5 failures in a row",
        ),
        e.FailedOver(
            at=began + 0.1, operation="op-1", from_model="claude-4-sonnet", to_model="gpt-5", cause="breaker open"
        ),
        e.StatusChanged(
            at=NOW - 190,
            model="deepseek-v3",
            old=ModelStatus.AVAILABLE,
            new=ModelStatus.DEGRADED,
            cause="error rate 12.5 %",
        ),
    )


def model_events() -> tuple[e.Event, ...]:
    """What happened to claude-4-sonnet: calls and checks that failed, trips, trials, and an operator's hand."""
    began = NOW - 14 * 60
    name = "claude-4-sonnet"
    opened, half = BreakerState.OPEN, BreakerState.HALF_OPEN
    calls = tuple(
        e.AttemptFinished(
            at=began - 50 + 8 * place,
            operation=f"op-{place}",
            model=name,
            number=1,
            kind=kind,
            latency=took,
            status=status,
            message=message,
        )
        for place, (kind, took, status, message) in enumerate(
            (
                (OutcomeKind.SUCCESS, 1.42, 200, ""),
                (OutcomeKind.OVERLOADED, 0.21, 529, "overloaded_error: Overloaded"),
                (OutcomeKind.TIMED_OUT, 30.0, None, "no answer within 30 s"),
                (OutcomeKind.SERVER_ERROR, 0.44, 503, "upstream connect error, key sk-\u2026 redacted"),
                (OutcomeKind.RATE_LIMITED, 0.09, 429, "rate limit of 50 requests a minute"),
            )
        )
    )
    trials = tuple(
        event
        for at in (began + 20, began + 41, began + 82)
        for event in (
            e.BreakerChanged(at=at, model=name, old=opened, new=half, cause="its open time is over"),
            e.ProbeFinished(
                at=at + 10,
                model=name,
                kind=OutcomeKind.TIMED_OUT,
                latency=10.0,
                message="no answer in 10 s",
                is_recovery=True,
            ),
            e.BreakerChanged(at=at + 10, model=name, old=half, new=opened, cause="timed out", open_until=at + 30),
        )
    )
    deed = e.OperatorActed(
        at=NOW - 300,
        action_id="a-9",
        actor="maria",
        action=Action.HALF_OPEN,
        phase=ActionPhase.DONE,
        target=name,
        reason="vendor says it is mended",
    )
    moved = e.TrafficMoved(at=began, model=name, old=name, new="gpt-5")
    by_hand = e.BreakerChanged(at=NOW - 300, model=name, old=opened, new=half, cause="by maria: vendor says so")
    again = e.BreakerChanged(at=NOW - 290, model=name, old=half, new=opened, cause="timed out", open_until=NOW + 21)
    return tuple(
        sorted((*incident_events(), *calls, *trials, moved, deed, by_hand, again), key=lambda event: event.at)
    )


def held() -> FleetSnapshot:
    """The incident with hands on it: a pin, a freeze and a weight with owners, and a provider's kill switch."""
    holds = (
        HoldView(HoldKind.PINNED, "claude-4-opus", "maria", NOW - 1050, NOW + 750, "INC-4412", "gpt-5"),
        HoldView(HoldKind.FROZEN, "grok-3", "bob", NOW - 60, NOW + 3540, "deploy"),
        HoldView(HoldKind.WEIGHTED, "gpt-5-mini", "bob", NOW - 60, None, "cheaper", "3"),
        HoldView(HoldKind.KILLED, "provider:mistral", "maria", NOW - 3000, None, "leaks prompts"),
    )
    fleet = incident()
    models = tuple(
        replace(view, breaker=replace(view.breaker, is_frozen=True, frozen_until=NOW + 3540))
        if view.model_id == "grok-3"
        else view
        for view in fleet.models
    )
    return replace(fleet, models=models, holds=holds)


def many(count: int = 50) -> FleetSnapshot:
    """A large fleet in which every tenth model is down and every seventh degraded."""
    models: list[ModelView] = []
    for index in range(count):
        name = f"model-{index:03d}"
        if index % 10 == 3:
            models.append(replace(down_model(), model_id=name, provider="acme"))
        elif index % 7 == 2:
            models.append(replace(counting_model(), model_id=name, provider="umbra"))
        else:
            models.append(model(name))
    return _fleet(tuple(models))


def _fleet(models: tuple[ModelView, ...], **changes: Any) -> FleetSnapshot:  # Any: fields of the snapshot
    fleet = FleetSnapshot(
        sequence=77,
        at=NOW,
        started_at=NOW - 4 * 3600,
        models=models,
        environment="prod",
        gateway="http://127.0.0.1:8787/v1",
        metrics=MetricsView(
            model_availability=tuple((view.model_id, view.availability or 1.0) for view in models),
            failover_events=212,
            recovery_time=18.4,
            system_reliability=0.9993,
            operations=51_204,
        ),
        recorder=RecorderView(recorded=81_223),
    )
    return replace(fleet, **changes)
