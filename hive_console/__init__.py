"""hive-console keeps AI-model traffic flowing while models fail (BIP-03, the AI Model Resilience Framework).

    from hive_console import Engine, Task, load_settings

    async with Engine(load_settings("hive.yaml")) as engine:
        reply = await engine.execute(Task.chat("claude-4-sonnet", "hello"))
        print(reply.text, "from", reply.served_by)

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hive_console.version import VERSION

if TYPE_CHECKING:
    from hive_console.adapters.gateway.in_process import AsyncOpenAITransport
    from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TrialRule, TripRule
    from hive_console.core.command import Command, CommandResult
    from hive_console.core.errors import (
        ConfigurationError,
        HiveError,
        OperationFailed,
        SettingsError,
        StreamBroken,
        UnknownModel,
    )
    from hive_console.core.gateway_settings import GatewaySettings, NetworkSettings
    from hive_console.core.keeping import Keeping
    from hive_console.core.retry import Jitter, RetryPolicy
    from hive_console.core.settings import (
        ModelSettings,
        Replay,
        ResilienceSettings,
        RouteSettings,
        Settings,
        Strategy,
    )
    from hive_console.core.snapshot import FleetSnapshot
    from hive_console.core.states import Action, BreakerState, ModelStatus, OperationClass, Priority
    from hive_console.core.task import Reply, ReplyStream, Task
    from hive_console.engine.guard import CallRefused, Guard
    from hive_console.engine.task_stream import TaskStream
    from hive_console.wiring.engine import Engine, load_settings

__version__ = VERSION

_HOMES = {
    "Action": "hive_console.core.states",
    "AsyncOpenAITransport": "hive_console.adapters.gateway.in_process",
    "BreakerPolicy": "hive_console.core.breaker_policy",
    "BreakerState": "hive_console.core.states",
    "CallRefused": "hive_console.engine.guard",
    "Command": "hive_console.core.command",
    "CommandResult": "hive_console.core.command",
    "ConfigurationError": "hive_console.core.errors",
    "Engine": "hive_console.wiring.engine",
    "FleetSnapshot": "hive_console.core.snapshot",
    "GatewaySettings": "hive_console.core.gateway_settings",
    "Guard": "hive_console.engine.guard",
    "HiveError": "hive_console.core.errors",
    "Jitter": "hive_console.core.retry",
    "Keeping": "hive_console.core.keeping",
    "ModelSettings": "hive_console.core.settings",
    "ModelStatus": "hive_console.core.states",
    "NetworkSettings": "hive_console.core.gateway_settings",
    "OpenTime": "hive_console.core.breaker_policy",
    "OperationClass": "hive_console.core.states",
    "OperationFailed": "hive_console.core.errors",
    "Priority": "hive_console.core.states",
    "Replay": "hive_console.core.settings",
    "Reply": "hive_console.core.task",
    "ReplyStream": "hive_console.core.task",
    "ResilienceSettings": "hive_console.core.settings",
    "RetryPolicy": "hive_console.core.retry",
    "RouteSettings": "hive_console.core.settings",
    "Settings": "hive_console.core.settings",
    "SettingsError": "hive_console.core.errors",
    "Strategy": "hive_console.core.settings",
    "StreamBroken": "hive_console.core.errors",
    "Task": "hive_console.core.task",
    "TaskStream": "hive_console.engine.task_stream",
    "TrialRule": "hive_console.core.breaker_policy",
    "TripRule": "hive_console.core.breaker_policy",
    "UnknownModel": "hive_console.core.errors",
    "load_settings": "hive_console.wiring.engine",
}

__all__ = [
    "Action",
    "AsyncOpenAITransport",
    "BreakerPolicy",
    "BreakerState",
    "CallRefused",
    "Command",
    "CommandResult",
    "ConfigurationError",
    "Engine",
    "FleetSnapshot",
    "GatewaySettings",
    "Guard",
    "HiveError",
    "Jitter",
    "Keeping",
    "ModelSettings",
    "ModelStatus",
    "NetworkSettings",
    "OpenTime",
    "OperationClass",
    "OperationFailed",
    "Priority",
    "Replay",
    "Reply",
    "ReplyStream",
    "ResilienceSettings",
    "RetryPolicy",
    "RouteSettings",
    "Settings",
    "SettingsError",
    "Strategy",
    "StreamBroken",
    "Task",
    "TaskStream",
    "TrialRule",
    "TripRule",
    "UnknownModel",
    "__version__",
    "load_settings",
]


def __getattr__(name: str) -> Any:  # whatever the public name stands for
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)
