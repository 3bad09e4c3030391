"""`hive-console alerts`: what it prints, what it asks of the engine, and with which status it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from hive_console.adapters.control_socket import EngineNotReachable
from hive_console.cli import alerts
from hive_console.core.command import Command, CommandResult
from hive_console.core.snapshot import ChannelView, FleetSnapshot, PendingView, SilenceView
from hive_console.core.states import Action, AlertRule, AlertState, Severity
from tests.core.samples import NOW, alert_view, fleet_view, model_view

TEAM = ChannelView("team", "slack", delivered=3)
FLEET = fleet_view(
    model_view("a"),
    alerts=(
        alert_view("A1", acknowledged_by="ada", acknowledged_until=NOW + 3600, told=("team",)),
        alert_view(
            "A2", severity=Severity.CRITICAL, subject="b", text="b is \x1b[2Jdown", untold=("mail",), times=2
        ),
        alert_view("A3", state=AlertState.RESOLVED, resolved_at=NOW, text="it is over", cause="well again"),
        alert_view("A4", silenced_by="S1", is_flapping=True, next_step_at=NOW + 60, text="quiet"),
    ),
    pending=(PendingView(AlertRule.MODEL_ERRORS, "a", "6 % errors", NOW, NOW + 30),),
    silences=(SilenceView("S1", ("model=a",), "ada", "upgrade", NOW, NOW + 600, hides=1, hid=4),),
    channels=(TEAM, ChannelView("mail", "email", is_open=True, last_error="no such host", waiting=2, oldest=NOW)),
    on_call="bo",
)


@dataclass
class Engine:
    """Stands where the control socket leads to."""

    fleets: list[FleetSnapshot] = field(default_factory=lambda: [FLEET])
    result: CommandResult = field(default_factory=lambda: CommandResult(is_done=True, message="done"))
    said: list[Command] = field(default_factory=list)
    is_there: bool = True

    async def fetch(self, folder: Path) -> FleetSnapshot:
        assert folder == Path("data")
        if not self.is_there:
            raise EngineNotReachable("no engine is running")
        return self.fleets.pop(0) if len(self.fleets) > 1 else self.fleets[0]

    async def do(self, folder: Path, command: Command, *, origin: str) -> CommandResult:
        assert (folder, origin.startswith("ssh 10.0.0.5")) == (Path("data"), True)
        if not self.is_there:
            raise EngineNotReachable("no engine is running")
        self.said.append(command)
        return self.result


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.5 52110 10.0.0.9 22")
    there = Engine()
    monkeypatch.setattr(alerts, "fetch_snapshot", there.fetch)
    monkeypatch.setattr(alerts, "ask_to_do", there.do)
    monkeypatch.setattr(alerts, "LOOK", 0.0)
    monkeypatch.setattr("time.time", lambda: NOW + 10)
    return there


def ran(word: str, *options: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(alerts.command, [word, "--data", "data", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


# --- looking -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("engine")
def test_what_wants_somebody_comes_first_with_all_that_stands_in_the_way() -> None:
    status, said, _ = ran("list")
    lines = said.splitlines()

    assert status == 1
    assert lines[0] == "3 firing, 1 want somebody; on call: bo"
    assert lines[1].startswith("A2     critical b: b is ␛[2Jdown [firing for 10 s; again 2 times; NOBODY has it;")
    assert "NOT told yet: mail" in lines[1]
    assert any("ada has it for 59 m" in line and "told team" in line for line in lines)
    assert any("flapping; silenced by S1; next step in 50 s" in line for line in lines)
    assert "pending model-error-rate a: 6 % errors [fires in 20 s]" in lines
    assert any(line.startswith("silence S1 model=a by ada: upgrade [ends in 9 m") for line in lines)
    assert any("channel mail (email): BREAKER OPEN: no such host" in line for line in lines)
    assert "it is over" not in said


@pytest.mark.usefixtures("engine")
def test_all_of_them_and_those_that_match_can_be_asked_for() -> None:
    assert "it is over" in ran("list", "--all")[1]
    status, said, _ = ran("list", "--match", "subject=a", "--match", "severity!=critical", "--json")

    assert status == 0
    assert [alert["alert_id"] for alert in json.loads(said)] == ["A1", "A4"]


@pytest.mark.usefixtures("engine")
def test_a_matcher_that_is_none_is_a_mistake_of_usage() -> None:
    assert ran("list", "--match", "colour=red")[0] == 2


@pytest.mark.usefixtures("engine")
def test_one_alert_is_shown_with_what_to_do() -> None:
    status, said, _ = ran("show", "A3")

    assert status == 0
    assert said.startswith("A3 warning breaker-open: it is over\n")
    assert "  ended     well again" in said
    assert json.loads(ran("show", "A3", "--json")[1])["cause"] == "well again"
    assert ran("show", "A9")[0] == 1


@pytest.mark.usefixtures("engine")
def test_silences_and_channels_are_listed() -> None:
    assert ran("silences")[:2] == (
        0,
        "silence S1 model=a by ada: upgrade [ends in 9 m; hides 1 now, 4 in all]\n",
    )
    assert json.loads(ran("silences", "--json")[1])[0]["hid"] == 4
    status, said, _ = ran("channels")
    assert status == 1
    assert said.splitlines()[0] == "channel team (slack): well [3 delivered, 0 dead, 0 dropped]"
    assert json.loads(ran("channels", "--json")[1])[1]["is_open"] is True


def test_where_nothing_is_configured_that_is_said(engine: Engine) -> None:
    engine.fleets = [fleet_view(model_view("a"))]

    assert ran("silences")[1] == "nothing is silent\n"
    assert ran("channels")[:2] == (0, "no channel is configured; see alerts.channels of the settings\n")
    assert ran("list")[:2] == (0, "0 firing, 0 want somebody\n")


# --- doing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ack", "A1", "A2", "--note", "mine"), Command(Action.ACKNOWLEDGE, "A1,A2", "mine")),
        (("ack", "A1", "--for", "1h30m"), Command(Action.ACKNOWLEDGE, "A1", duration=5400.0)),
        (("unack", "A1"), Command(Action.UNACKNOWLEDGE, "A1")),
        (("escalate", "A1", "--note", "no answer"), Command(Action.ESCALATE, "A1", "no answer")),
        (("resolve", "A1"), Command(Action.RESOLVE, "A1")),
        (("note", "A1", "it was DNS"), Command(Action.NOTE, "A1", "it was DNS")),
        (("unsilence", "S1"), Command(Action.UNSILENCE, "S1")),
        (
            ("silence", "model=a", "rule=breaker-*", "--reason", "upgrade"),
            Command(Action.SILENCE, "model=a, rule=breaker-*", "upgrade", duration=3600.0),
        ),
        (
            ("silence", "A1", "--reason", "x", "--for", "4h", "--until-resolved", "--maintenance"),
            Command(Action.SILENCE, "A1", "x", "maintenance until-resolved", duration=14_400.0),
        ),
        (("test", "team", "--no-wait"), Command(Action.TEST_CHANNEL, "team")),
    ],
)
def test_each_word_is_said_to_the_engine(engine: Engine, words: tuple[str, ...], said: Command) -> None:
    assert ran(*words) == (0, "done\n", "")
    assert engine.said == [said]


def test_what_is_refused_goes_to_the_errors(engine: Engine) -> None:
    engine.result = CommandResult(is_done=False, message="ada has it already")

    assert ran("ack", "A1") == (1, "", "ada has it already\n")
    assert json.loads(ran("ack", "A1", "--json")[1])["is_done"] is False


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("text", ["for ever", "-2h", "0s", "@5"])
def test_a_duration_that_is_none_is_a_mistake_of_usage(text: str) -> None:
    assert ran("ack", "A1", "--for", text)[0] == 2


@pytest.mark.parametrize("words", [("list",), ("ack", "A1"), ("test", "team")])
def test_without_an_engine_the_status_says_so(engine: Engine, words: tuple[str, ...]) -> None:
    engine.is_there = False

    assert ran(*words) == (2, "", "no engine is running\n")


# --- trying a channel ----------------------------------------------------------------------------


def fleets(*channels: ChannelView) -> list[FleetSnapshot]:
    return [fleet_view(model_view("a"), channels=(channel,)) for channel in channels]


def test_a_test_waits_until_it_is_delivered(engine: Engine) -> None:
    engine.fleets = fleets(TEAM, TEAM, replace(TEAM, delivered=4))

    assert ran("test", "team") == (0, "delivered over team\n", "")


def test_a_test_that_fails_says_why(engine: Engine) -> None:
    engine.fleets = fleets(TEAM, replace(TEAM, last_error="404 no_service"))

    assert ran("test", "team") == (1, "", "not delivered: 404 no_service\n")


def test_a_test_that_is_not_heard_of_says_where_to_look(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.fleets = fleets(TEAM)
    monkeypatch.setattr(alerts, "TEST_WAIT", 0.0)

    status, _, said = ran("test", "team")

    assert status == 1
    assert said.startswith("nothing came of it within 0 s")
