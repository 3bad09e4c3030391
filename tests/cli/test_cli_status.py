"""The status command: what it prints for a fleet, in which width, and with which exit status."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from hive_console.adapters.control_socket import ControlServer, socket_path
from hive_console.adapters.last_look import LastLook
from hive_console.cli import status
from hive_console.cli.missed import NEVER, NOTHING
from hive_console.cli.status import command
from hive_console.cli.status_page import OLD_AFTER, WIDTH, exit_status, status_lines
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import (
    AlertView,
    BreakerView,
    ConsoleView,
    FleetSnapshot,
    HoldView,
    ModelView,
    RecorderView,
    RouteView,
)
from hive_console.core.states import (
    EVERYTHING,
    AlertRule,
    AlertState,
    BreakerState,
    DegradationLevel,
    HoldKind,
    ModelStatus,
    Severity,
)
from hive_console.core.wire import snapshot_from_data
from tests.recordings.evening import an_evening
from tests.storage.store_contract import T0, Life, started
from tests.storage.test_store import recorded

NOW = 1_000_000.0

WELL = ModelView(
    "gpt-4",
    "openai",
    ModelStatus.AVAILABLE,
    NOW - 7200,
    "",
    BreakerView(BreakerState.CLOSED, NOW - 7200, failure_threshold=5, recovery_timeout=20.0),
    last_health_check=NOW - 12,
    p95=1.24,
    error_rate=0.004,
    serving="gpt-4",
)
DOWN = replace(
    WELL,
    model_id="claude-3-opus",
    status=ModelStatus.UNAVAILABLE,
    status_since=NOW - 240,
    status_cause="5 failures in a row",
    breaker=BreakerView(BreakerState.OPEN, NOW - 6, 5, 20.0, consecutive_failures=5, open_until=NOW + 14),
    p95=None,
    error_rate=1.0,
    serving="gpt-4",
)
FLEET = FleetSnapshot(
    sequence=9,
    at=NOW,
    started_at=NOW - 7200,
    models=(WELL, replace(WELL, model_id="gemini", serving="gemini")),
    environment="prod",
    gateway="http://127.0.0.1:8484/v1",
    recorder=RecorderView(recorded=1234, queued=2),
)
ALERT = AlertView(
    "a1",
    AlertRule.MODEL_UNAVAILABLE,
    Severity.CRITICAL,
    "claude-3-opus",
    "claude-3-opus is down",
    AlertState.FIRING,
    NOW - 60,
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: pytest's own temporary ones may be too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="hive") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def _a_second_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's clock: fleets here are of one instant, and an old one is trouble."""
    monkeypatch.setattr(status, "time", SimpleNamespace(time=lambda: NOW + 1))


@contextmanager
def engine_on(folder: Path, fleet: FleetSnapshot) -> Iterator[None]:
    """A control server on a loop of its own, as an engine's is."""
    started, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = ControlServer(socket_path(folder), lambda: fleet)
        await server.start()
        started.set()
        await ended.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: asyncio.Runner(loop_factory=lambda: loop).run(serve()))
    thread.start()
    started.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


def text_of(fleet: FleetSnapshot) -> str:
    return "\n".join(status_lines(fleet))


def test_a_fleet_that_is_well_prints_and_exits_0(folder: Path) -> None:
    with engine_on(folder, FLEET):
        result = CliRunner().invoke(command, ["--data", str(folder)])

    assert result.exit_code == 0
    assert result.output == "\n".join(status_lines(FLEET, now=NOW + 1)) + "\n"
    assert "as of 1970-01-12 13:46:40Z, 1 s ago; p95 and errors of the last 2 m" in result.output


def test_a_fleet_in_trouble_exits_1(folder: Path) -> None:
    with engine_on(folder, replace(FLEET, models=(WELL, DOWN))):
        result = CliRunner().invoke(command, ["--data", str(folder)])

    assert result.exit_code == 1


def test_without_an_engine_it_says_how_to_start_one_and_exits_2(folder: Path) -> None:
    result = CliRunner().invoke(command, ["--data", str(folder)])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "hive-console serve --data" in result.stderr


def test_the_default_folder_is_the_users_own(folder: Path) -> None:
    data = folder / "hive-console"
    data.mkdir()
    with engine_on(data, FLEET):
        result = CliRunner().invoke(command, [], env={"XDG_DATA_HOME": str(folder)})

    assert result.exit_code == 0


def test_json_is_the_whole_snapshot_in_ascii(folder: Path) -> None:
    fleet = replace(FLEET, environment="\x9b2J\x7f é")
    with engine_on(folder, fleet):
        result = CliRunner().invoke(command, ["--data", str(folder), "--json"])

    assert result.output.isascii()
    assert snapshot_from_data(json.loads(result.output)) == fleet


def test_a_row_tells_all_about_its_model() -> None:
    text = text_of(replace(FLEET, models=(WELL, DOWN)))

    assert "● gpt-4                 OK       CLOSED         1.2s   0.4%    12 s gpt-4\n" in text
    assert "✖ claude-3-opus         DOWN     OPEN 0:14         -   100%    12 s gpt-4\n" in text


def test_the_headline_stands_on_top() -> None:
    assert text_of(replace(FLEET, models=(WELL, DOWN))).splitlines()[1].startswith("claude-3-opus DOWN for 4 m")


def test_failures_in_a_row_are_counted_while_the_breaker_is_closed() -> None:
    breaker = replace(WELL.breaker, consecutive_failures=3)

    assert " CLOSED 3/5 " in text_of(replace(FLEET, models=(replace(WELL, breaker=breaker),)))


def row_of(**changes: Any) -> str:  # any field of the view
    return text_of(replace(FLEET, models=(replace(WELL, **changes),)))


@pytest.mark.parametrize(
    ("state", "word"),
    [(BreakerState.METRICS_ONLY, " METRICS "), (BreakerState.DISABLED, " OFF "), (BreakerState.CLOSED, " CLOSED ")],
)
def test_a_breaker_that_stops_nobody_says_which_kind_it_is(state: BreakerState, word: str) -> None:
    assert word in row_of(breaker=replace(WELL.breaker, state=state))


def test_a_recovering_model_tells_its_share_of_the_traffic() -> None:
    said = row_of(ramp=0.25, breaker=replace(WELL.breaker, trips=2))

    assert " RAMP 25% " in said
    assert "\n    recovering, 25 % of its traffic; its breaker tripped 2 times\n" in said


def test_what_hands_or_outliers_hold_back_is_told() -> None:
    still = replace(DOWN.breaker, is_frozen=True, frozen_until=NOW + 2520, trips=1)
    said = row_of(breaker=still, ejected_until=NOW + 25, pinned_to="gemini")

    assert " FROZEN open " in said
    words = " ".join(said.split())
    assert (
        "left alone as an outlier for 25 s more; frozen by hand for 42 m more; traffic sent to gemini by" in words
    )
    assert "frozen by hand; its breaker" in row_of(breaker=replace(still, frozen_until=None))


def test_the_level_of_degradation_is_told() -> None:
    fleet = replace(
        FLEET, is_degraded=True, degraded_since=NOW - 40, level=DegradationLevel.ESSENTIAL, available_share=0.25
    )

    assert "\nDEGRADED MODE for 40 s, level essential, 25.0 % of models available\n" in text_of(fleet)
    assert "background work is turned away" in text_of(fleet).splitlines()[1]


def test_json_tells_level_ramp_trips_and_freeze(folder: Path) -> None:
    breaker = replace(WELL.breaker, state=BreakerState.METRICS_ONLY, trips=2, is_frozen=True, frozen_until=NOW + 9)
    fleet = replace(FLEET, models=(replace(WELL, ramp=0.25, breaker=breaker),), level=DegradationLevel.REDUCED)
    with engine_on(folder, fleet):
        said = json.loads(CliRunner().invoke(command, ["--data", str(folder), "--json"]).output)

    model = said["models"][0]
    assert (said["level"], model["ramp"]) == ("reduced", 0.25)
    told = {name: model["breaker"][name] for name in ("state", "trips", "is_frozen", "frozen_until")}
    assert told == {"state": "metrics-only", "trips": 2, "is_frozen": True, "frozen_until": NOW + 9}


def test_a_model_that_nobody_serves_says_so() -> None:
    assert "NOBODY" in text_of(replace(FLEET, models=(replace(DOWN, serving=None),)))


def test_what_only_a_person_can_mend_is_told() -> None:
    assert "    OPENAI_API_KEY is not set" in text_of(
        replace(FLEET, models=(replace(WELL, fault="OPENAI_API_KEY is not set"),))
    )


def test_alerts_tell_who_has_them() -> None:
    held = replace(ALERT, alert_id="a2", acknowledged_by="anna")
    text = text_of(replace(FLEET, alerts=(ALERT, held)))

    assert "Alerts: 2 firing, 1 nobody has" in text
    assert "✖ CRITICAL 1 m: claude-3-opus is down" in text
    assert "✖ CRITICAL 1 m (✔ anna): claude-3-opus is down" in text


def test_many_alerts_are_counted() -> None:
    assert "  and 5 more" in text_of(replace(FLEET, alerts=(ALERT,) * 15))


def test_a_recorder_that_fails_is_told() -> None:
    assert "Recorder: FAILS: disk full" in text_of(replace(FLEET, recorder=RecorderView(error="disk full")))


@pytest.mark.parametrize(
    "fleet",
    [
        replace(FLEET, is_degraded=True),
        replace(FLEET, models=(DOWN,)),
        replace(FLEET, models=(replace(WELL, status=ModelStatus.DEGRADED),)),
        replace(FLEET, models=(replace(WELL, fault="no key"),)),
        replace(FLEET, alerts=(ALERT,)),
        replace(FLEET, recorder=RecorderView(error="disk full")),
    ],
)
def test_each_kind_of_trouble_is_wrong(fleet: FleetSnapshot) -> None:
    assert exit_status(fleet) == 1


def test_what_is_over_or_not_yet_known_is_not_wrong() -> None:
    resolved = replace(ALERT, state=AlertState.RESOLVED, resolved_at=NOW)
    unknown = replace(WELL, status=ModelStatus.UNKNOWN, last_health_check=None)

    assert exit_status(replace(FLEET, models=(unknown,), alerts=(resolved,))) == 0


@pytest.mark.parametrize(
    "name", ["x" * 200, "模型" * 30, "e\u0301" * 100, "\x1b[2J\x9b\r\n[/b]", "🤖🤖🤖🤖🤖🤖🤖🤖🤖🤖🤖"]
)
def test_no_text_is_too_long_or_too_hostile_for_80_columns(name: str) -> None:
    model = replace(
        DOWN,
        model_id=name,
        serving=name,
        fault=name,
        status_cause=name,
        breaker=replace(DOWN.breaker, open_until=NOW + 86_400),
        last_health_check=NOW - 200_000,
    )
    fleet = replace(
        FLEET, models=(model,), environment=name, alerts=(replace(ALERT, text=name, acknowledged_by=name),)
    )

    for line in status_lines(fleet):
        assert line.isprintable()
        assert cell_len(line) <= WIDTH


def test_a_terminal_without_unicode_gets_ascii() -> None:
    text = "\n".join(status_lines(replace(FLEET, models=(WELL, DOWN)), uses_ascii=True))

    assert text.isascii()
    assert "X claude-3-opus " in text


def test_each_route_says_who_serves_it() -> None:
    views = (
        RouteView("smart", "a", "b", Strategy.SEQUENTIAL, ("a", "b")),
        RouteView("quick", "a", None, Strategy.PARALLEL, ("a", "b")),
    )

    told = text_of(replace(FLEET, routes=views))

    assert "route smart (sequential): served by b\nroute quick (parallel): served by NOBODY\n" in told


def test_json_holds_the_routes(folder: Path) -> None:
    view = RouteView("smart", "a", "b", Strategy.SEQUENTIAL, ("a", "b"))
    with engine_on(folder, replace(FLEET, routes=(view,))):
        result = CliRunner().invoke(command, ["--data", str(folder), "--json"])

    assert json.loads(result.stdout)["routes"] == [
        {"name": "smart", "primary": "a", "serving": "b", "strategy": "sequential", "chain": ["a", "b"]}
    ]


def test_holds_tell_whose_they_are_since_when_for_how_long_and_why() -> None:
    holds = (
        HoldView(HoldKind.PINNED, "gpt-4", "ann", NOW - 240, NOW + 750, "it lies", "gemini"),
        HoldView(HoldKind.SAFE_MODE, EVERYTHING, "bob", NOW - 60),
    )
    pinned = replace(WELL, pinned_to="gemini")

    told = text_of(replace(FLEET, models=(pinned,), holds=holds))

    assert "\nBy hand: 2 held\n  gpt-4: pinned → gemini by ann, 12:30 left, since 4 m: it lies\n" in told
    assert "\n  all models: safe mode by bob, until a word ends it, since 1 m\n" in told
    assert "traffic sent to gemini" not in told


def test_without_holds_that_is_said() -> None:
    assert "\nBy hand: nothing is held\n" in text_of(FLEET)
    assert "  and 5 more" in text_of(
        replace(FLEET, holds=tuple(HoldView(HoldKind.FROZEN, f"m{number}", "ann", NOW) for number in range(15)))
    )


def test_consoles_are_told() -> None:
    consoles = (ConsoleView("ann", "ssh 10.0.0.5", NOW - 7200), ConsoleView("", "", NOW - 60, is_read_only=True))

    told = text_of(replace(FLEET, consoles=consoles))

    assert "\nConsoles: 2\n  ann (ssh 10.0.0.5) for 2 h\n  somebody for 1 m, read-only\n" in told
    assert "\n  and 2 more\n" in text_of(replace(FLEET, consoles=consoles * 6))
    assert "\nConsoles: none\n" in text_of(FLEET)


def test_an_engine_that_tells_nothing_new_is_wrong_and_says_since_when() -> None:
    told = "\n".join(status_lines(FLEET, now=NOW + 120))

    assert "OLD: the engine has told nothing new for 2 m, since 1970-01-12 13:46:40Z" in told
    assert exit_status(FLEET, NOW + OLD_AFTER + 1) == 1
    assert exit_status(FLEET, NOW + OLD_AFTER) == 0


@pytest.mark.parametrize("width", [1, 20, 30, 40, 60, 79, 80, 120, 200, 400])
@pytest.mark.parametrize("uses_ascii", [False, True])
def test_every_line_fits_whatever_the_width(width: int, *, uses_ascii: bool) -> None:
    holds = (HoldView(HoldKind.PINNED, "gpt-4", "ann", NOW, None, "w" * 300, "gemini"),)
    fleet = replace(FLEET, models=(WELL, DOWN), alerts=(ALERT,), holds=holds)

    lines = list(status_lines(fleet, width=width, uses_ascii=uses_ascii))

    assert max(map(cell_len, lines)) <= max(20, min(200, width))
    assert any("DOWN" in line for line in lines if line.startswith(("✖", "X")))
    assert all(line.isascii() for line in lines) or not uses_ascii


def test_a_wide_terminal_shows_whole_names() -> None:
    name = "anthropic/claude-3-opus-20260301-preview"
    fleet = replace(FLEET, models=(replace(WELL, model_id=name, serving=name),))

    assert name in "\n".join(status_lines(fleet, width=120))
    assert name not in text_of(fleet)


def test_the_width_is_that_of_the_terminal(folder: Path) -> None:
    with engine_on(folder, FLEET):
        result = CliRunner().invoke(command, ["--data", str(folder)], env={"COLUMNS": "40"})

    assert max(map(cell_len, result.output.splitlines())) <= 39


def test_ascii_says_arrows_as_arrows() -> None:
    told = "\n".join(status_lines(replace(FLEET, models=(WELL, DOWN)), uses_ascii=True))

    assert "-> traffic on gpt-4" in " ".join(told.split())


def test_json_tells_how_old_it_is(folder: Path) -> None:
    with engine_on(folder, FLEET):
        result = CliRunner().invoke(command, ["--data", str(folder), "--json"])

    assert json.loads(result.stdout)["age"] == 1.0


# --- since you last looked ---------------------------------------------------------------------------


def test_who_never_looked_is_told_so_and_then_what_they_missed(folder: Path) -> None:
    env = {"XDG_STATE_HOME": str(folder / "state")}
    data = folder / "data"
    asyncio.run(recorded(data, Life((started(),), T0 + 10)))
    with engine_on(data, FLEET):
        first, second = (
            CliRunner().invoke(command, ["--data", str(data), "--since-last"], env=env) for _ in range(2)
        )

    assert first.stdout.startswith(f"{NEVER}\n\nhive-console")
    assert second.stdout.startswith(f"{NOTHING}\n\nhive-console")


def test_what_was_missed_is_told_without_an_engine_too(folder: Path) -> None:
    env = {"XDG_STATE_HOME": str(folder / "state")}
    begin = time.time() - 3_600
    data = folder / "data"
    asyncio.run(recorded(data, Life(sorted(an_evening(begin), key=lambda event: event.at), begin + 2_400)))
    LastLook(data, env).note(begin + 60)

    result = CliRunner().invoke(command, ["--data", str(data), "--since-last"], env=env)

    assert result.exit_code == 2
    assert "1 outage: gpt-5 for 5 m" in result.stdout
    assert LastLook(data, env).at() != begin + 60


def test_a_recording_that_cannot_be_read_is_no_look(folder: Path) -> None:
    env = {"XDG_STATE_HOME": str(folder / "state")}
    LastLook(folder, env).note(NOW)

    result = CliRunner().invoke(command, ["--data", str(folder), "--since-last", "--json"], env=env)

    assert (result.exit_code, result.stdout) == (2, "")
    assert LastLook(folder, env).at() == NOW


def test_json_has_what_was_missed(folder: Path) -> None:
    env = {"XDG_STATE_HOME": str(folder / "state")}
    with engine_on(folder, FLEET):
        result = CliRunner().invoke(command, ["--data", str(folder), "--since-last", "--json"], env=env)

    assert json.loads(result.stdout)["missed"] == [NEVER]
