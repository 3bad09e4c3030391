"""A fleet of both dialects, some of it broken, behind the real program: what clients' tests ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hive_console.adapters.control_socket import fetch_snapshot
from hive_console.core.settings import Dialect
from hive_console.core.snapshot import ModelView
from tests.system.program import Headless, Provider, failed_services, set_fault, traffic_of
from tests.system.speakers import Speaker, speaker_of


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the fleet: its dialect, what is wrong with it, who stands in."""

    dialect: Dialect
    fault: str = ""
    fallback: str = ""
    extra: str = ""


MODELS = {
    "gpt": Model(Dialect.OPENAI, fallback="claude"),
    "claude": Model(Dialect.ANTHROPIC, fallback="gpt"),
    "dead-gpt": Model(Dialect.OPENAI, "http:503", "claude", "circuitBreakerThreshold: 1000, maxRetries: 0"),
    "dead-claude": Model(Dialect.ANTHROPIC, "http:529", "gpt", "circuitBreakerThreshold: 1000"),
    "refusing": Model(Dialect.OPENAI, "http:400", "claude"),
    "limited-for-openai": Model(Dialect.OPENAI, "rate-limited:60s", extra="maxRetries: 0"),
    "limited-for-anthropic": Model(Dialect.OPENAI, "rate-limited:60s", extra="maxRetries: 0"),
    "down": Model(
        Dialect.OPENAI, "http:503", extra="maxRetries: 0, circuitBreakerThreshold: 1, recoveryTimeout: 60s"
    ),
    "silent": Model(Dialect.OPENAI, "hang", "claude"),
    "breaking-gpt": Model(Dialect.OPENAI, "cut:3", "claude"),
    "breaking-claude": Model(Dialect.ANTHROPIC, "cut:3", "gpt"),
    "dripping-gpt": Model(Dialect.OPENAI, "drip:100ms", "claude"),
    "dripping-claude": Model(Dialect.ANTHROPIC, "drip:100ms", "gpt"),
}

ANSWERS = {"gpt": "gpt", "claude": "claude", "dead-gpt": "claude", "dead-claude": "gpt"}
"""Who answers for whom: each model for itself, and each for the dead one of the other dialect."""


class Stage:
    """The program, and a provider of each dialect."""

    def __init__(self, engine: Headless, providers: dict[Dialect, Provider]) -> None:
        self.engine = engine
        self.providers = providers
        self.gateway = engine.gateway()

    def speaker(self, dialect: Dialect, *, timeout: float = 60.0) -> Speaker:
        return speaker_of(dialect, self.gateway, timeout=timeout)

    def view(self, model: str) -> ModelView:
        models = asyncio.run(fetch_snapshot(self.engine.data)).models
        return next(view for view in models if view.model_id == model)

    def in_flight(self) -> int:
        return sum(int(traffic_of(provider)["in_flight"]) for provider in self.providers.values())


def write_settings(folder: Path, providers: dict[Dialect, Provider]) -> str:
    lines = ["gateway: {port: 0}", "models:"]
    for name, model in MODELS.items():
        more = f", {model.extra}" if model.extra else ""
        lines.append(
            f"  {name}: {{provider: {name}-inc, endpoint: '{providers[model.dialect].endpoint}', probe: none,"
            f" dialect: {model.dialect.value}, timeout: 20s, fallbacks: [{model.fallback}]{more}}}"
        )
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return str(path)


@contextmanager
def running(folder: Path) -> Iterator[Stage]:
    """The fleet, up until the block ends; its end must be clean."""
    providers = {
        dialect: Provider(
            folder,
            *(name for name, model in MODELS.items() if model.dialect is dialect),
            dialect=dialect.value,
            latency="5ms",
        )
        for dialect in Dialect
    }
    for name, model in MODELS.items():
        if model.fault:
            set_fault(providers[model.dialect], name, model.fault)
    engine = Headless(folder, write_settings(folder, providers))
    try:
        yield Stage(engine, providers)
        assert engine.stop() == 0
        assert "Traceback" not in engine.log()
        assert failed_services(engine.data) == []
    finally:
        engine.kill()
        for provider in providers.values():
            provider.kill()
