"""Other settings for a real `serve` under traffic: by command, by signal, by file; broken ones are refused."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from hive_console.wiring.reloading import NO_FILE
from tests.system.program import COMMAND, Headless, Provider, environment, eventually, settings_for, status
from tests.system.traffic import Load

RELOADS = 20


@pytest.fixture
def settings(tmp_path: Path, provider: Callable[[str], Provider]) -> Path:
    return settings_for(tmp_path, provider("alpha"), provider("beta"), provider("gamma"))


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Rewrites the file in one step, as editors do."""
    text = path.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    other = path.with_suffix(".new")
    other.write_text(text)
    other.chmod(0o600)
    other.replace(path)


def reload(engine: Headless, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*COMMAND, "reload", "--data", str(engine.data), *options),
        capture_output=True,
        text=True,
        check=False,
        env=environment(engine.folder),
    )


def models(engine: Headless) -> list[str]:
    return [model["model_id"] for model in status(engine.data).get("models", [])]


def test_twenty_reloads_under_traffic_fail_no_request(settings: Path, headless: Callable[..., Headless]) -> None:
    whole = settings.read_text()
    before_gamma, _, _ = whole.partition("  gamma:")
    without_gamma = before_gamma.replace(", gamma", "")
    engine = headless(str(settings))
    with Load(engine.gateway(), "alpha", rate=20) as load:
        eventually(lambda: len(load.results) >= 10, what="traffic flows")
        for number in range(RELOADS):
            text = whole if number % 2 else without_gamma
            settings.write_text(text.replace("timeout: 5s", f"timeout: {5 + number % 3}s"))
            ran = reload(engine)
            assert ran.returncode == 0, ran.stderr
            assert "applied: " in ran.stdout
    assert load.errors() == []
    assert len(load.results) >= RELOADS
    assert models(engine) == ["alpha", "beta", "gamma"]
    assert engine.stop() == 0
    assert "Traceback" not in engine.log()

    (found,) = engine.data.glob("*.db")
    with sqlite3.connect(found) as database:
        rows = database.execute("select count(*) from audit where action = 'reload' and phase = 'done'").fetchone()
    assert rows == (RELOADS,)


def test_a_broken_file_is_refused_with_its_line_while_traffic_goes_on(
    settings: Path, headless: Callable[..., Headless]
) -> None:
    engine = headless(str(settings))
    with Load(engine.gateway(), "alpha", rate=20) as load:
        edit(settings, ("timeout: 5s", "timeout: 5"))
        ran = reload(engine)

        assert ran.returncode == 1
        assert f"{settings}:7: models.alpha.timeout: 5 has no unit" in ran.stderr
        assert "3 problems; the settings before stay in force" in ran.stderr
        count = len(load.results)
        eventually(lambda: len(load.results) > count + 5, what="traffic goes on")
    assert load.errors() == []
    assert [alert["rule"] for alert in status(engine.data)["alerts"]] == ["config-invalid-on-reload"]

    edit(settings, ("timeout: 5", "timeout: 6s"))
    assert reload(engine).returncode == 0
    assert [alert["state"] for alert in status(engine.data)["alerts"]] == ["resolved"]


def test_a_dry_run_shows_the_difference_and_changes_nothing(
    settings: Path, headless: Callable[..., Headless]
) -> None:
    engine = headless(str(settings))
    engine.gateway()
    edit(settings, ("timeout: 5s", "timeout: 6s"), ("port: 0", "port: 9000"))

    ran = reload(engine, "--dry-run")

    assert ran.returncode == 0
    assert ran.stdout.splitlines() == [
        "models.alpha.timeout: 5s → 6s",
        "models.beta.timeout: 5s → 6s",
        "models.gamma.timeout: 5s → 6s",
        "gateway.port: 0 → 9000 (needs a restart)",
        "would be applied: 4 changes, 1 needs a restart",
    ]
    assert reload(engine, "--dry-run").stdout == ran.stdout


def test_sighup_applies_the_file_and_a_second_one_nothing(
    settings: Path, headless: Callable[..., Headless]
) -> None:
    engine = headless(str(settings))
    gateway = engine.gateway()
    edit(settings, ("  beta:", "  delta:"), ("[alpha, beta]", "[alpha]"), ("beta, gamma", "gamma"))

    engine.process.send_signal(signal.SIGHUP)
    eventually(lambda: "settings applied: " in engine.log(), what="the settings are applied")

    assert models(engine) == ["alpha", "delta", "gamma"]
    listed = httpx.get(f"{gateway}/models", trust_env=False).json()
    assert [model["id"] for model in listed["data"]] == ["alpha", "delta", "gamma"]
    engine.process.send_signal(signal.SIGHUP)
    eventually(lambda: "nothing to change" in engine.log(), what="the second one is answered")
    assert engine.stop() == 0


def test_a_changed_file_is_applied_by_itself_where_the_settings_say_auto(
    settings: Path, headless: Callable[..., Headless]
) -> None:
    settings.write_text("reload: auto\n" + settings.read_text())
    engine = headless(str(settings))
    engine.gateway()

    edit(settings, ("timeout: 5s", "timeout: 6s"))

    eventually(lambda: "settings applied: 3 changes" in engine.log(), what="the file is noticed")


def test_a_changed_file_waits_for_a_person_otherwise(settings: Path, headless: Callable[..., Headless]) -> None:
    engine = headless(str(settings))
    engine.gateway()

    edit(settings, ("timeout: 5s", "timeout: 6s"))

    eventually(lambda: "the settings file changed: 3 changes" in engine.log(), what="the file is noticed")
    assert "settings applied" not in engine.log()


def test_without_an_engine_it_says_how_to_start_one(tmp_path: Path) -> None:
    ran = subprocess.run(
        (*COMMAND, "reload", "--data", str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )

    assert ran.returncode == 2
    assert "no engine is running" in ran.stderr


def test_the_demo_has_no_file_to_reload(tmp_path: Path, headless: Callable[..., Headless]) -> None:
    engine = headless("--demo")
    engine.gateway()

    ran = reload(engine)

    assert (ran.returncode, ran.stderr.strip()) == (1, NO_FILE)
