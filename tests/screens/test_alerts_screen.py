"""The inbox: its order, its details, what takes an alert, and its calm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hive_console.core.command import Command
from hive_console.core.snapshot import AlertView
from hive_console.core.states import Action, AlertRule, AlertState, Severity
from hive_console.ui.alert_dialog import AlertDialog
from hive_console.ui.alert_screen import AlertScreen
from hive_console.ui.alerts_screen import AlertsScreen
from hive_console.ui.deed_dialog import DeedDialog
from hive_console.ui.model_screen import ModelScreen
from hive_console.ui.undo_dialog import UndoDialog
from hive_widgets.alert_list import AlertList
from hive_widgets.inbox_rows import inbox_order, rows_of
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, alert, healthy, incident
from tests.screens.stage import Stage, staged


@pytest.fixture(autouse=True)
def quick_hands() -> Iterator[None]:
    """The hold-off is tested with the dialog; here it only costs time."""
    patch = pytest.MonkeyPatch()
    patch.setattr(DeedDialog, "hold_off", 0.01)
    yield
    patch.undo()


def open_inbox(stage: Stage) -> AlertsScreen:
    screen = AlertsScreen(stage.client, lambda: stage.clock[0])
    stage.push(screen)
    return screen


def inbox(*alerts: AlertView) -> FakeClient:
    return FakeClient(replace(incident(), alerts=alerts))


def many_alerts(count: int) -> tuple[AlertView, ...]:
    return tuple(
        alert(f"al-{place:02d}", raised_at=NOW - place, text=f"trouble {place:02d}") for place in range(count)
    )


# --- the order ---


def test_what_waits_for_somebody_stands_first_and_what_is_over_last() -> None:
    over = alert("over", state=AlertState.RESOLVED, resolved_at=NOW)
    taken = alert("taken", acknowledged_by="maria")
    waiting = alert("waiting", severity=Severity.WARNING)

    assert [view.alert_id for view in inbox_order((over, taken, waiting))] == ["waiting", "taken", "over"]


def test_severe_ones_stand_before_mild_ones_and_new_before_old() -> None:
    mild = alert("mild", severity=Severity.WARNING, raised_at=NOW)
    old = alert("old", raised_at=NOW - 100)
    new = alert("new", raised_at=NOW - 1)

    assert [view.alert_id for view in inbox_order((mild, old, new))] == ["new", "old", "mild"]


# --- the list ---


async def test_the_cursor_is_seen_on_a_marked_line_too() -> None:
    async with staged(inbox(*many_alerts(3))) as stage:
        screen = open_inbox(stage)
        await stage.press("space", "k")
        first = screen.query_one(AlertList).render_line(1)

        strips = stage.app.screen._compositor.render_strips()

        assert any(segment.style is not None and segment.style.reverse for segment in first)
        assert any(segment.style is not None and segment.style.reverse for segment in strips[3])


async def test_a_line_has_severity_age_owner_subject_and_text() -> None:
    async with staged(FakeClient(incident()), size=(150, 40)) as stage:
        open_inbox(stage)
        await stage.pilot.pause()
        _, waiting, _, taken, _, over = stage.app.screen.query_one(AlertList).text.splitlines()

        assert waiting.split()[:6] == ["›✖", "CRITICAL", "14", "m", "FIRING", "claude-4-sonnet"]
        assert "model-unavailable" in waiting
        assert "✔ maria" in taken
        assert "○ CRITICAL 2 h 30 m resolved" in over


async def test_the_details_say_all_there_is_to_know() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_inbox(stage)
        await stage.press("j", "j")

        assert "Alert    breaker of claude-4-sonnet is open" in stage.shown
        assert "Rule     breaker-open, warning, about claude-4-sonnet" in stage.shown
        assert "Told     nobody but this console" in stage.shown
        assert "Since    02:58:44Z, 14 m ago" in stage.shown
        assert "Taken    ✔ maria, 10 m ago: “vendor called”" in stage.shown
        assert "Now      ✖ DOWN for 14 m" in stage.shown


async def test_an_alert_that_is_over_says_how_long_it_lasted() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_inbox(stage)
        await stage.press("G")

        assert "over since 00:57:44Z, lasted 15 m" in stage.shown


async def test_the_summary_counts_what_waits() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_inbox(stage)
        await stage.pilot.pause()

        assert "1 alert waits for somebody, the oldest for 14 m." in stage.shown


async def test_alerts_that_are_all_taken_want_nobody() -> None:
    async with staged(inbox(alert("al-1", acknowledged_by="maria"))) as stage:
        open_inbox(stage)
        await stage.pilot.pause()

        assert "Nothing wants you: all alerts that fire are taken." in stage.shown


async def test_an_empty_inbox_is_calm() -> None:
    async with staged(FakeClient(healthy())) as stage:
        open_inbox(stage)
        await stage.press("a", "enter", "space")

        assert "Nothing wants you: all 12 models are well." in stage.shown
        assert "no alert since the engine started 4 h ago" in stage.shown
        assert "there is no alert under the cursor" in stage.shown


async def test_the_cursor_stays_on_its_alert_when_others_come() -> None:
    async with staged(FakeClient(incident())) as stage:
        screen = open_inbox(stage)
        await stage.press("j", "j")
        newer = alert("al-9", raised_at=NOW)
        stage.client.post(replace(incident(), alerts=(newer, *incident().alerts)))
        screen.tick()
        current = screen.query_one(AlertList).current

        assert current is not None
        assert current.alert_id == "al-2"


async def test_what_is_over_on_the_first_line_does_not_take_the_cursor_along() -> None:
    first, second = alert("al-1"), alert("al-2", severity=Severity.WARNING)
    async with staged(inbox(first, second)) as stage:
        screen = open_inbox(stage)
        await stage.pilot.pause()
        over = replace(first, state=AlertState.RESOLVED, resolved_at=NOW)
        stage.client.post(replace(incident(), alerts=(over, second)))
        screen.tick()
        current = screen.query_one(AlertList).current

        assert current is not None
        assert current.alert_id == "al-2"


async def test_a_long_inbox_scrolls_with_the_cursor() -> None:
    async with staged(inbox(*many_alerts(60))) as stage:
        open_inbox(stage)
        await stage.press("enter", "G")
        last = stage.shown
        await stage.press("g")

        assert "trouble 59" in last
        assert "trouble 00" not in last
        assert "trouble 00" in stage.shown


async def test_pages_and_lines_move_the_cursor() -> None:
    async with staged(inbox(*many_alerts(60))) as stage:
        listed = open_inbox(stage)
        await stage.press("enter", "pagedown", "down", "up", "k")
        current = listed.query_one(AlertList).current

        assert current is not None
        assert current.alert_id == f"al-{listed.query_one(AlertList).size.height - 3:02d}"


async def test_only_lines_that_look_different_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(FakeClient(incident())) as stage:
        screen = open_inbox(stage)
        await stage.pilot.pause()
        sent: list[int] = []
        listed = screen.query_one(AlertList)
        monkeypatch.setattr(listed, "refresh", lambda *regions: sent.extend(region.y for region in regions))
        listed.show(rows_of(incident().alerts), NOW + 1)
        quiet = list(sent)
        listed.show(rows_of(incident().alerts), NOW + 60)

        assert quiet == []
        assert sent == [1, 3, 5]


async def test_a_narrow_pane_keeps_what_matters() -> None:
    async with staged(FakeClient(incident()), size=(50, 24)) as stage:
        screen = open_inbox(stage)
        await stage.pilot.pause()
        _, first, _, second, *_ = screen.query_one(AlertList).text.splitlines()

        assert first.startswith("›✖ 14 m")
        assert "claude-4-sonnet is unavailable" in first
        assert second.endswith("✔ maria")


# --- taking alerts ---


async def test_a_takes_the_alert_under_the_cursor() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_inbox(stage)
        await stage.press("a")
        await stage.ready()
        await stage.write("mine")
        await stage.confirm()

        assert stage.client.said == [Command(Action.ACKNOWLEDGE, "al-1", "mine", parameter="0")]


async def test_an_alert_that_somebody_has_is_not_taken_twice() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_inbox(stage)
        await stage.press("j", "j", "a")

        assert "Refused  maria has it already" in stage.shown


async def test_marked_alerts_are_taken_together() -> None:
    async with staged(inbox(*many_alerts(5))) as stage:
        screen = open_inbox(stage)
        await stage.press("space", "space", "down", "space", "a")
        assert isinstance(stage.app.screen, AlertDialog)
        await stage.confirm()
        await stage.press("enter")

        assert stage.client.said == [Command(Action.ACKNOWLEDGE, "al-00,al-01,al-03")]
        assert screen.query_one(AlertList).marked == ()


async def test_marked_alerts_that_are_over_are_left_alone() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_inbox(stage)
        await stage.press("space", "j", "space", "a")
        await stage.ready()

        assert "Acknowledge 1 of 2 alerts" in stage.shown
        assert "al-2: maria has it already" in stage.shown


async def test_one_marked_alert_is_taken_from_anywhere() -> None:
    async with staged(inbox(*many_alerts(3))) as stage:
        open_inbox(stage)
        await stage.press("space", "G", "a")

        assert isinstance(stage.app.screen, AlertDialog)
        assert "trouble 00" in stage.shown


async def test_escape_takes_marks_away_then_the_filter_then_leaves() -> None:
    async with staged(inbox(*many_alerts(3))) as stage:
        screen = open_inbox(stage)
        await stage.press("slash")
        await stage.write("trouble")
        await stage.press("enter", "space", "escape")
        unmarked = screen.query_one(AlertList).marked == () and "[trouble]" in screen.text
        await stage.press("escape")
        unfiltered = "[trouble]" not in screen.text
        await stage.press("escape")

        assert unmarked
        assert unfiltered
        assert len(stage.app.screen_stack) == 1


async def test_undo_asks_before_it_undoes() -> None:
    async with staged(FakeClient(replace(incident(), undo_until=NOW + 9, undo_text="trip grok-3"))) as stage:
        open_inbox(stage)
        await stage.press("u")

        assert isinstance(stage.app.screen, UndoDialog)


async def test_a_read_only_console_says_why_it_takes_nothing() -> None:
    async with staged(FakeClient(incident()), read_only=True) as stage:
        screen = open_inbox(stage)
        await stage.press("a")

        assert stage.app.screen is screen
        assert "acknowledge: this console is read-only" in stage.shown


# --- going on ---


async def test_enter_opens_the_story_and_o_the_model() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_inbox(stage)
        await stage.press("enter")
        assert isinstance(stage.app.screen, AlertScreen)
        await stage.press("escape", "o")

        assert isinstance(stage.app.screen, ModelScreen)
        assert stage.app.screen.model_id == "claude-4-sonnet"


async def test_an_alert_of_the_fleet_has_no_model_to_open() -> None:
    fleet_wide = alert("al-1", rule=AlertRule.DEGRADED_MODE, subject="", text="degraded mode")
    async with staged(inbox(fleet_wide)) as stage:
        screen = open_inbox(stage)
        await stage.press("o")

        assert stage.app.screen is screen
        assert "this is about no model of the fleet" in stage.shown


async def test_the_filter_narrows_while_one_types() -> None:
    async with staged(FakeClient(incident())) as stage:
        screen = open_inbox(stage)
        await stage.press("slash")
        await stage.write("maria firing")
        typed = screen.query_one(AlertList).text.splitlines()
        await stage.press("enter")

        assert len(typed) == 3
        assert "maria" in typed[2]
        assert "[maria] [firing] esc clears" in stage.shown


async def test_a_filter_that_admits_nothing_says_so() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_inbox(stage)
        await stage.press("slash")
        await stage.write("[/b] nothing")
        await stage.press("enter")

        assert "no alert matches the filter; esc clears it" in stage.shown


async def test_hostile_alerts_reach_no_terminal() -> None:
    alerts = tuple(
        alert(payload, subject=payload, text=payload, acknowledged_by=payload, acknowledged_at=NOW, note=payload)
        for payload in PAYLOADS
    )
    waiting = tuple(alert(f"w-{place}", subject=text, text=text) for place, text in enumerate(PAYLOADS))
    async with staged(inbox(*alerts, *waiting)) as stage:
        open_inbox(stage)
        await stage.press("space", "space", "a")
        asked = stage.shown
        await stage.press("escape")
        for _ in range(2 * len(PAYLOADS)):
            await stage.press("down")

            assert controls_in(stage.shown) == set()
        assert controls_in(asked) == set()


async def test_it_fits_any_terminal() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_inbox(stage)
        for width, height in ((40, 10), (1, 1), (300, 90), (80, 24)):
            await stage.pilot.resize_terminal(width, height)

            assert max(map(len, stage.shown.splitlines())) <= width
