"""What it costs to watch for what is wrong: `python -m tests.bench.alert_conditions`.

Per call and per operation, since these come with every request; and per look at 500 models, of which one comes a
second. Goals: 3 µs, 3 µs, 5 ms.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings, Metric, OwnRule
from hive_console.core.alerting.conditions import Conditions
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import Settings
from hive_console.core.snapshot import FleetSnapshot, LimitsView
from hive_console.core.states import OperationResult
from tests.core.samples import model_settings, model_view

MODELS = 500
EVENTS = 20_000
ROUNDS = 7
"""The smallest of so many is taken: what is measured is the code, not what else the machine does."""

NOW = 1_700_000_000.0
END = NOW + EVENTS / 200
_FAIL_EVERY = 1_000


def _settings(own: tuple[OwnRule, ...] = ()) -> Settings:
    names = [f"m{number}" for number in range(MODELS)]
    models = tuple(
        model_settings(name, provider=f"p{number // 20}", fallbacks=(names[(number + 1) % MODELS],), groups=("g",))
        for number, name in enumerate(names)
    )
    return Settings(models, alerts=AlertSettings(own_rules=own))


def _attempts(first_token: float | None) -> list[e.Event]:
    return [
        e.AttemptFinished(
            at=NOW + number / 200,
            operation=f"o{number}",
            model=f"m{number % MODELS}",
            number=1,
            kind=OutcomeKind.SERVER_ERROR if number % _FAIL_EVERY == 0 else OutcomeKind.SUCCESS,
            latency=0.3 + number % 7 / 10,
            first_token=first_token,
            read_tokens=900,
            written_tokens=300,
        )
        for number in range(EVENTS)
    ]


def _operations() -> list[e.Event]:
    return [
        e.OperationFinished(
            at=NOW + number / 200,
            operation=f"o{number}",
            requested=f"m{number % MODELS}",
            result=OperationResult.FAILED if number % _FAIL_EVERY == 0 else OperationResult.ANSWERED,
            latency=0.3 + number % 7 / 10,
            attempts=1,
            served_by=f"m{number % MODELS}",
        )
        for number in range(EVENTS)
    ]


def _least(run: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        begin = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begin)
    return best


def _each(conditions: Conditions, events: Sequence[e.Event]) -> None:
    observe = conditions.observe
    for event in events:
        observe(event)


def _fleet() -> FleetSnapshot:
    models = tuple(
        model_view(f"m{number}", provider=f"p{number // 20}", limits=LimitsView(30.0, 30.0), last_health_check=NOW)
        for number in range(MODELS)
    )
    return FleetSnapshot(sequence=1, at=NOW, started_at=NOW, models=models)


def main() -> None:
    """Prints the three numbers, without and with rules of one's own."""
    own = (OwnRule("dear", Metric.COST, above=1e9), OwnRule("slow", Metric.P95, above=100.0, window=600.0))
    for what, rules in (("the default rules", ()), ("and two rules of one's own on all models", own)):
        conditions = Conditions(_settings(rules), NOW)
        attempt = _least(lambda c=conditions: _each(c, _attempts_plain)) / EVENTS  # type: ignore[misc]
        stream = _least(lambda c=conditions: _each(c, _attempts_streamed)) / EVENTS  # type: ignore[misc]
        operation = _least(lambda c=conditions: _each(c, _ended)) / EVENTS  # type: ignore[misc]
        fleet = _fleet()
        look = _least(lambda c=conditions, f=fleet: c.look(f, END))  # type: ignore[misc]
        print(f"{what}:")
        print(f"  AttemptFinished    {attempt * 1e6:6.2f} µs  (streamed {stream * 1e6:.2f} µs)")
        print(f"  OperationFinished  {operation * 1e6:6.2f} µs")
        print(f"  look at {MODELS} models {look * 1e3:6.2f} ms")


_attempts_plain = _attempts(None)
_attempts_streamed = _attempts(0.2)
_ended = _operations()

if __name__ == "__main__":
    main()
