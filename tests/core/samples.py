"""Builders of settings, events and views for tests: say what matters, the rest is filled in.

Every builder is deterministic; nothing here asks the clock or draws a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hive_console.core.events import Event, event_types
from hive_console.core.member import Member
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.snapshot import AlertView, BreakerView, FleetSnapshot, ModelView
from hive_console.core.states import AlertRule, AlertState, BreakerState, ModelStatus, Severity

NOW = 10_000.0
"""The instant at which tests begin; a multiple of a series' bucket."""

FAILED = Outcome(OutcomeKind.SERVER_ERROR, status=500, message="boom")
"""An outcome that counts against the model."""


def model_settings(model_id: str = "a", /, **changes: Any) -> ModelSettings:  # any field of the dataclass
    """One model with defaults; `changes` are fields of `ModelSettings`."""
    known: dict[str, Any] = {
        "provider": "acme",
        "endpoint": "http://127.0.0.1:9/v1",
        "wire_name": f"{model_id}-wire",
    }
    return ModelSettings(model_id, **(known | changes))


def fleet_settings(*models: ModelSettings) -> Settings:
    """Settings with these models, or with `a` that falls back to `b` and `c`."""
    chain = (model_settings("a", fallbacks=("b", "c")), model_settings("b"), model_settings("c"))
    return Settings(models or chain)


def members_of(*models: ModelSettings, now: float = NOW) -> dict[str, Member]:
    """Fresh members by id."""
    return {model.id: Member(model, now) for model in models}


def breaker_view(state: BreakerState = BreakerState.CLOSED, /, **changes: Any) -> BreakerView:  # any field of it
    """A breaker's view with BIP-03's numbers."""
    known: dict[str, Any] = {"since": NOW, "failure_threshold": 5, "recovery_timeout": 20.0}
    return BreakerView(state, **(known | changes))


def model_view(model_id: str = "a", /, **changes: Any) -> ModelView:  # any field of the dataclass
    """A well model that serves its own traffic; `changes` are fields of `ModelView`."""
    known: dict[str, Any] = {
        "provider": "acme",
        "status": ModelStatus.AVAILABLE,
        "status_since": NOW,
        "status_cause": "answers in time",
        "breaker": breaker_view(),
        "serving": model_id,
    }
    return ModelView(model_id, **(known | changes))


def alert_view(alert_id: str = "A1", /, **changes: Any) -> AlertView:  # any field of the dataclass
    """A firing alert about model `a`; `changes` are fields of `AlertView`."""
    known: dict[str, Any] = {
        "rule": AlertRule.BREAKER_OPEN,
        "severity": Severity.WARNING,
        "subject": "a",
        "text": "breaker of a is open",
        "state": AlertState.FIRING,
        "raised_at": NOW,
    }
    return AlertView(alert_id, **(known | changes))


def fleet_view(*models: ModelView, **changes: Any) -> FleetSnapshot:  # any field of the dataclass
    """A snapshot of these models; `changes` are fields of `FleetSnapshot`."""
    known: dict[str, Any] = {"sequence": 1, "at": NOW, "started_at": NOW}
    return FleetSnapshot(models=models, **(known | changes))


def sample_event(kind: type[Event], /, **changes: Any) -> Event:  # any field of any event
    """An event of this kind with every field filled (no default, no `None`)."""
    values = {field.name: _values(kind, field)[0] for field in fields(kind)}
    return kind(**(values | changes))


def every_event() -> tuple[Event, ...]:
    """One filled event of each kind."""
    return tuple(sample_event(kind) for kind in event_types())


def every_variant() -> Iterator[Event]:
    """Of each kind: filled, with defaults only, and with each value that an enum or an optional can take."""
    for kind in event_types():
        yield sample_event(kind)
        required = [field for field in fields(kind) if field.default is MISSING]
        yield kind(**{field.name: _values(kind, field)[0] for field in required})
        for field in fields(kind):
            for value in _values(kind, field)[1:]:
                yield sample_event(kind, **{field.name: value})


def _values(kind: type[Event], field: Field[Any]) -> tuple[Any, ...]:  # of the field's own type
    """Values that the field can take, a telling one first."""
    hint = get_type_hints(kind)[field.name]
    wanted = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    return tuple(value for one in wanted for value in _values_of_type(one, field.name))


def _values_of_type(wanted: Any, name: str) -> tuple[Any, ...]:  # a type hint in, its values out
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return tuple(wanted)
    by_type: dict[Any, tuple[Any, ...]] = {
        str: (f"{name}-x",),
        int: (3,),
        float: (NOW if name == "at" else 0.25,),
        bool: (True, False),
        type(None): (None,),
        tuple[str, ...]: (("x", "y"), ()),
    }
    return by_type[wanted]
