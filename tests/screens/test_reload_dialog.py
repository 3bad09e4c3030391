"""The dialog that reloads the settings: what was shown is what is applied, and nothing without a yes."""

from __future__ import annotations

from hive_console.core.reload_report import ReloadReport
from hive_console.ui.reload_dialog import SHOWN
from tests.screens import posted
from tests.screens.posted import FakeClient
from tests.screens.stage import staged

GOOD = ReloadReport(
    is_good=True,
    message="would be applied: 2 changes",
    changes=("models.gpt-5.timeout: 30s → 25s", "models.grok-3: removed"),
    digest="d1",
)


def client_with(report: ReloadReport) -> FakeClient:
    client = FakeClient(posted.healthy())
    client.report = report
    return client


async def test_the_changes_are_shown_and_exactly_they_are_applied_after_a_yes() -> None:
    client = client_with(GOOD)
    async with staged(client, size=(100, 30)) as stage:
        stage.app.action_reload()
        dialog = await stage.ready()
        assert "models.gpt-5.timeout: 30s → 25s; models.grok-3: removed" in " ".join(dialog.text.split())

        client.report = ReloadReport(is_good=True, message="applied: 2 changes", action_id="op7")
        await stage.press("tab", "enter")
        await stage.until(lambda: "audited as op7" in dialog.text)

        assert client.reloaded == [(True, ""), (False, "d1")]


async def test_a_file_that_takes_a_while_becomes_a_question_when_it_is_read() -> None:
    client = client_with(GOOD)
    client.is_holding = True
    async with staged(client, size=(100, 30)) as stage:
        stage.app.action_reload()
        await stage.until(lambda: "the file is being read" in stage.dialog.text)
        await stage.ready()

        client.is_holding = False
        client.held_reloads[0].set_result(GOOD)
        await stage.until(lambda: "tab and enter do it" in stage.dialog.text)
        await stage.ready()
        client.report = ReloadReport(is_good=True, message="applied: 2 changes", action_id="op7")
        await stage.press("tab", "enter")
        await stage.until(lambda: "audited as op7" in stage.dialog.text)

        assert client.reloaded == [(True, ""), (False, "d1")]


async def test_a_file_that_cannot_be_used_is_refused_with_its_lines() -> None:
    problem = "hive.yaml:3: models.gpt-5.timeout: 30 has no unit"
    client = client_with(ReloadReport(is_good=False, message="refused: 1 problem", problems=(problem,)))
    async with staged(client, size=(100, 30)) as stage:
        stage.app.action_reload()
        await stage.ready()

        assert problem in " ".join(stage.dialog.text.split())
        await stage.press("enter")
        assert client.reloaded == [(True, "")]


async def test_nothing_to_change_is_said() -> None:
    async with staged(
        client_with(ReloadReport(is_good=True, message="would be applied: nothing to change"))
    ) as stage:
        stage.app.action_reload()
        await stage.ready()

        assert "in force already" in stage.dialog.text


async def test_many_changes_are_counted() -> None:
    changes = tuple(f"models.m{number}: added" for number in range(SHOWN + 3))
    async with staged(
        client_with(ReloadReport(is_good=True, message="", changes=changes)), size=(100, 30)
    ) as stage:
        stage.app.action_reload()
        await stage.ready()

        assert "and 3 more" in " ".join(stage.dialog.text.split())


async def test_a_read_only_console_shows_the_changes_and_applies_none() -> None:
    client = client_with(GOOD)
    async with staged(client, read_only=True) as stage:
        stage.app.action_reload()
        await stage.ready()
        await stage.press("tab", "enter")

        assert client.reloaded == [(True, "")]
