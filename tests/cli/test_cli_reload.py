"""`hive-console reload`: what it prints where, and with which status it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from hive_console.adapters.control_socket import EngineNotReachable
from hive_console.cli import reload
from hive_console.core.reload_report import ReloadReport

GOOD = ReloadReport(
    is_good=True, message="applied: 1 change", changes=("models.a: added",), warnings=("w: careful",)
)
BAD = ReloadReport(is_good=False, message="refused: 1 problem", problems=("hive.yaml:3: \x1b[2Jx",))


def ran(monkeypatch: pytest.MonkeyPatch, answer: ReloadReport | Exception, *options: str) -> tuple[int, str, str]:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.5 52110 10.0.0.9 22")

    async def answered(folder: Path, *, dry_run: bool, origin: str) -> ReloadReport:
        assert (folder, dry_run) == (Path("data"), "--dry-run" in options)
        assert origin.startswith("ssh 10.0.0.5")
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(reload, "ask_to_reload", answered)
    result = CliRunner().invoke(reload.command, ["--data", "data", *options])
    return result.exit_code, result.stdout, result.stderr


def test_what_was_applied_goes_out_with_its_changes_and_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran(monkeypatch, GOOD) == (0, "models.a: added\napplied: 1 change\n", "w: careful\n")


def test_a_dry_run_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran(monkeypatch, GOOD, "--dry-run")[0] == 0


def test_problems_are_errors_and_move_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran(monkeypatch, BAD) == (1, "", "hive.yaml:3: ␛[2Jx\nrefused: 1 problem\n")


def test_no_engine_is_another_status(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran(monkeypatch, EngineNotReachable("no engine is running")) == (2, "", "no engine is running\n")
