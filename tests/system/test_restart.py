"""Real processes that end and come back: what was open, deactivated or pinned still is, to the same instant."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hive_console import Action, Command, Engine, load_settings
from hive_console.core.states import BreakerState
from tests.system.program import Headless, Provider, environment, eventually, settings_for, status
from tests.system.traffic import Load

RECOVERY = "600s"
"""Longer than any test: an open breaker is open until this is over, whatever else happens."""

SCRIPT = """
import asyncio, os, pathlib, signal, sys
from hive_console import Action, Command, Engine, load_settings

async def main() -> None:
    async with Engine(load_settings(sys.argv[1], {}), data=pathlib.Path(sys.argv[2]), environ={}) as engine:
        for action, target, parameter in ((Action.DEACTIVATE, "beta", ""), (Action.FAIL_OVER, "alpha", "gamma")):
            done = await engine.command(Command(action, target, "a drill", parameter))
            assert done.is_done, done.message
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""

_Fleet = dict[str, dict[str, Any]]  # JSON: what status says of each model


@pytest.fixture
def fleet(tmp_path: Path, provider: Callable[[str], Provider]) -> tuple[str, Provider]:
    """The settings of three models, and the provider of the first."""
    providers = provider("alpha"), provider("beta"), provider("gamma")
    return str(settings_for(tmp_path, *providers, recovery=RECOVERY)), providers[0]


def models_of(data: Path) -> _Fleet:
    return {model["model_id"]: model for model in status(data).get("models", ())}


def breaker_of(data: Path, name: str) -> dict[str, Any]:  # JSON
    return dict(models_of(data).get(name, {}).get("breaker", {}))


def opened(engine: Headless, primary: Provider) -> dict[str, Any]:  # JSON
    """Kills alpha's provider under load until its breaker opens; what status says of it."""
    with Load(engine.gateway(), "alpha", rate=20):
        primary.kill()
        eventually(lambda: breaker_of(engine.data, "alpha").get("state") == "open", what="the breaker opens")
    return breaker_of(engine.data, "alpha")


def is_on_disk(data: Path, model: str, part: str) -> bool:
    with closing(sqlite3.connect(f"file:{data / 'hive.db'}?mode=ro", uri=True)) as recording:
        query = "SELECT count(*) FROM state WHERE model = ? AND instr(body, ?)"
        return bool(recording.execute(query, (model, part)).fetchone()[0])


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_open_breaker_is_open_until_the_same_instant_after_a_restart(
    fleet: tuple[str, Provider], headless: Callable[..., Headless], end: signal.Signals
) -> None:
    config, primary = fleet
    first = headless(config)
    before = opened(first, primary)
    eventually(lambda: is_on_disk(first.data, "alpha", '"state":"open"'), what="the state is on disk")
    first.process.send_signal(end)
    first.process.wait(30)

    again = headless(config)
    again.gateway()
    after = breaker_of(again.data, "alpha")

    assert after["state"] == "open"
    assert after["open_until"] == before["open_until"]
    assert after["trips"] == before["trips"] == 1
    assert after["since"] == before["since"]
    primary.start()  # whole again, and all the same not asked before its time
    with Load(again.gateway(), "alpha", rate=20) as load:
        eventually(lambda: len(load.results) > 20)
    assert "alpha" not in {result.served_by for result in load.results}


async def test_what_an_operator_said_outlives_an_orderly_stop_and_a_kill(
    tmp_path: Path, fleet: tuple[str, Provider], headless: Callable[..., Headless]
) -> None:
    config, _ = fleet
    data = tmp_path / "data"
    async with Engine(load_settings(config, {}), data=data, environ={}) as engine:
        for action, target in ((Action.DEACTIVATE, "beta"), (Action.FREEZE, "gamma")):
            assert (await engine.command(Command(action, target, reason="a drill"))).is_done
        frozen = engine.snapshot().model("gamma")
    assert frozen is not None

    for _ in range(2):
        one = headless(config)
        one.gateway()
        beta, gamma = breaker_of(data, "beta"), breaker_of(data, "gamma")
        one.kill()

        assert beta["state"] == "isolated"
        assert gamma["is_frozen"]
        assert gamma["frozen_until"] == frozen.breaker.frozen_until


def test_word_that_was_confirmed_stands_though_the_process_was_killed_at_once(
    tmp_path: Path, fleet: tuple[str, Provider], headless: Callable[..., Headless]
) -> None:
    config, _ = fleet
    data = tmp_path / "data"
    command = (sys.executable, "-c", SCRIPT, config, str(data))
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(tmp_path))
    assert ran.returncode == -signal.SIGKILL, ran.stderr

    again = headless(config)
    again.gateway()

    models = models_of(data)
    assert models["beta"]["breaker"]["state"] == "isolated"
    assert models["alpha"]["pinned_to"] == "gamma"


ACKNOWLEDGING = """
import asyncio, os, pathlib, signal, sys
from hive_console import Action, Command, Engine, load_settings

async def main() -> None:
    async with Engine(load_settings(sys.argv[1], {}), data=pathlib.Path(sys.argv[2]), environ={}) as engine:
        assert (await engine.command(Command(Action.KILL, "alpha", "a drill"))).is_done
        [alert] = [alert for alert in engine.snapshot().alerts if alert.rule.value == "kill-switch"]
        assert (await engine.command(Command(Action.ACKNOWLEDGE, alert.alert_id, "on it"))).is_done
        print(alert.alert_id, alert.raised_at, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def alerts_of(data: Path) -> dict[str, dict[str, Any]]:  # JSON
    """The alerts about what is killed, by id."""
    listed = status(data).get("alerts", ())
    return {alert["alert_id"]: alert for alert in listed if alert["rule"] == "kill-switch"}


def test_acknowledged_alert_stays_so_under_its_id_though_the_process_was_killed_at_once(
    tmp_path: Path, fleet: tuple[str, Provider], headless: Callable[..., Headless]
) -> None:
    config, _ = fleet
    data = tmp_path / "data"
    command = (sys.executable, "-c", ACKNOWLEDGING, config, str(data))
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(tmp_path))
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    alert_id, raised_at = ran.stdout.split()

    for _ in range(2):
        one = headless(config)
        one.gateway()
        alerts = alerts_of(data)
        one.kill()

        assert set(alerts) == {alert_id}
        assert alerts[alert_id]["state"] == "firing"
        assert alerts[alert_id]["raised_at"] == float(raised_at)
        assert alerts[alert_id]["acknowledged_by"]
        assert alerts[alert_id]["note"] == "on it"
    with closing(sqlite3.connect(data / "hive.db")) as shell:
        raised = shell.execute(
            "SELECT count(*) FROM event WHERE kind = 'AlertRaised' AND instr(body, 'kill-switch')"
        ).fetchone()
    assert raised == (1,)


async def test_engine_without_a_recording_remembers_nothing(fleet: tuple[str, Provider]) -> None:
    settings = load_settings(fleet[0], {})
    async with Engine(settings, environ={}) as engine:
        assert (await engine.command(Command(Action.DEACTIVATE, "beta", reason="a drill"))).is_done

    async with Engine(settings, environ={}) as engine:
        model = engine.snapshot().model("beta")

    assert model is not None
    assert model.breaker.state is BreakerState.CLOSED


def test_recording_that_holds_nonsense_starts_and_says_so(
    fleet: tuple[str, Provider], headless: Callable[..., Headless]
) -> None:
    config, _ = fleet
    first = headless(config)
    first.gateway()
    assert first.stop() == 0
    with closing(sqlite3.connect(first.data / "hive.db")) as shell, shell:
        shell.execute("UPDATE state SET body = '{\"breaker\": 7}' WHERE model = 'alpha'")

    again = headless(config)
    again.gateway()

    assert breaker_of(again.data, "alpha")["state"] == "closed"
    again.stop()
    with closing(sqlite3.connect(again.data / "hive.db")) as shell:
        told = shell.execute("SELECT body FROM event WHERE kind = 'ServiceFailed'").fetchall()
    assert len(told) == 1
    assert "the saved state of alpha" in told[0][0]


def test_demo_leaves_no_state_behind(headless: Callable[..., Headless]) -> None:
    engine = headless("--demo")
    engine.gateway()

    def has_seen_a_model() -> bool:
        with closing(sqlite3.connect(f"file:{engine.data / 'hive.db'}?mode=ro", uri=True)) as recording:
            return bool(recording.execute("SELECT 1 FROM event WHERE kind = 'StatusChanged'").fetchone())

    eventually(has_seen_a_model, what="a model of the demo is checked")
    assert engine.stop() == 0

    with closing(sqlite3.connect(engine.data / "hive.db")) as recording:
        assert recording.execute("SELECT count(*) FROM state").fetchone() == (0,)
