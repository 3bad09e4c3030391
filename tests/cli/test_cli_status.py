"""The status command: what it prints for a fleet, in which width, and with which exit status."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from hive_console.adapters.control_socket import ControlServer, socket_path
from hive_console.cli.status import WIDTH, command, exit_status, status_lines
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import (
    AlertView,
    BreakerView,
    FleetSnapshot,
    ModelView,
    RecorderView,
    RouteView,
)
from hive_console.core.states import AlertRule, AlertState, BreakerState, DegradationLevel, ModelStatus, Severity
from hive_console.core.wire import snapshot_from_data

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
    assert result.output == text_of(FLEET) + "\n"


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
