"""The screen of one model: its story, its charts, its events and its keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import FleetSnapshot, HoldView, ModelView
from hive_console.core.states import BreakerState, HoldKind, ModelStatus
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.action_menu import ActionMenu
from hive_console.ui.model_record import is_about
from hive_console.ui.model_screen import ModelScreen
from hive_console.ui.model_story import story_lines
from hive_console.ui.target_picker import TargetPicker
from hive_console.ui.undo_dialog import UndoDialog
from hive_widgets.chart import Chart
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, healthy, incident, incident_events, model, returning, unknown
from tests.screens.stage import Stage, staged


def open_model(stage: Stage, model_id: str = "claude-4-sonnet") -> ModelScreen:
    screen = ModelScreen(stage.client, model_id, lambda: stage.clock[0])
    stage.push(screen)
    return screen


def told(view: ModelView, fleet: FleetSnapshot, *, width: int = 140, plain: bool = False) -> str:
    lines = story_lines(view, fleet, NOW, width=width, plain=plain)
    return "\n".join("".join(piece.text for piece in line) for line in lines)


def story_of(model_id: str, fleet: FleetSnapshot) -> str:
    view = fleet.model(model_id)
    assert view is not None
    return told(view, fleet)


# --- the story, without a screen ---


def test_a_model_that_is_down_says_since_when_and_why() -> None:
    assert "Status   ✖ DOWN for 14 m: 5 failures in a row: timed out" in story_of("claude-4-sonnet", incident())


def test_an_open_breaker_counts_down_to_its_probe() -> None:
    said = story_of("claude-4-sonnet", incident())

    assert "Breaker  OPEN for 14 m, next probe in 0:21  5 failures in a row" in said


def test_the_last_failure_has_an_age_a_cause_and_a_message() -> None:
    said = story_of("claude-4-sonnet", incident())

    assert "Failure  39 s ago  timed out after 30 s: upstream timed out after 30 s" in said


def test_the_chain_shows_who_serves() -> None:
    assert "claude-4-sonnet ✖ ═► gpt-5 ● serving ─► deepseek-v3 ▲" in story_of("claude-4-sonnet", incident())


def test_a_model_that_serves_itself_leads_its_chain() -> None:
    assert "Chain    gpt-5 ● serving ─► claude-4-sonnet ●" in story_of("gpt-5", healthy())


def test_a_pinned_target_stands_first_in_the_chain() -> None:
    view = model("gpt-5", fallbacks=("grok-3", "o4-mini"), pinned_to="o4-mini", serving="o4-mini")

    assert "gpt-5 ● ═► o4-mini ● serving ─► grok-3 ●" in told(view, healthy())


def test_nobody_serving_is_said_loudly() -> None:
    assert "NOBODY serves" in told(model("gpt-5", serving=None), healthy())


def test_a_model_without_fallbacks_says_so() -> None:
    assert "no fallback" in told(model("gpt-5", fallbacks=()), healthy())


def test_a_fallback_that_is_not_in_the_fleet_is_unknown() -> None:
    assert "ghost ?" in told(model("gpt-5", fallbacks=("ghost",)), healthy())


def test_another_strategy_is_named() -> None:
    assert "weighted" in told(model("gpt-5", strategy=Strategy.WEIGHTED), healthy())


def test_the_figures_are_all_there() -> None:
    said = story_of("gpt-5", incident())

    for words in ("p95 2.1s", "last answer 1.1s", "errors 0.4 %", "requests 2 412", "in flight 8/10", "99.9 %"):
        assert words in said
    assert "checked 7 s ago" in said


def test_what_was_not_measured_is_a_dash_and_no_zero() -> None:
    said = story_of("gpt-5", unknown())

    assert "UNKNOWN" in said
    assert "p95 —" in said
    assert "errors —" in said
    assert "checked —" in said
    assert "NOBODY" not in said


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (BreakerState.CLOSED, "CLOSED for 4 h"),
        (BreakerState.OPEN, "OPEN for 4 h, the next probe is due"),
        (BreakerState.HALF_OPEN, "HALF-OPEN for 4 h, its trial decides"),
        (BreakerState.ISOLATED, "ISOLATED for 4 h, until somebody activates it"),
    ],
)
def test_every_breaker_state_says_what_comes_next(state: BreakerState, words: str) -> None:
    view = model("gpt-5")

    assert words in told(replace(view, breaker=replace(view.breaker, state=state)), healthy())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("claude-4-sonnet", "CLOSED for 48 s, 25 % of traffic  tripped 2×  0/5 failures in a row"),
        (
            "gpt-5",
            "CLOSED for 48 s, FROZEN for 42 m more at 50 % of traffic  tripped 1×  0/5 failures in a row",
        ),
        ("deepseek-v3", "OPEN for 48 s, FROZEN for 42 m more  tripped 3×  7 failures in a row"),
        ("mistral-large", "METRICS-ONLY for 48 s, it counts and never refuses  2 failures in a row"),
        ("qwen-3-max", "DISABLED for 48 s, it admits everything"),
        ("gemini-2.5-pro", "✖ DOWN for 48 s: fails far more often than the others  ejected 0:25"),
    ],
)
def test_the_way_back_and_what_is_held_still_are_told(name: str, words: str) -> None:
    assert words in story_of(name, returning())


def test_a_freeze_without_an_end_says_what_ends_it() -> None:
    view = model("gpt-5")
    still = replace(view.breaker, is_frozen=True)

    assert "FROZEN until thawed" in told(replace(view, breaker=still), healthy())


def test_a_frozen_ramp_tells_its_share_too() -> None:
    assert "FROZEN for 42 m more at 50 % of traffic" in story_of("gpt-5", returning())


@pytest.mark.parametrize("width", [20, 40, 64, 80, 131])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    view = incident().models[0]

    assert max(len(line) for line in told(view, incident(), width=width).splitlines()) <= width


def test_a_terminal_without_unicode_gets_letters() -> None:
    said = told(incident().models[0], incident(), plain=True).replace("—", "-")

    assert said.isascii()
    assert "claude-4-sonnet X => gpt-5 o serving -> deepseek-v3 !" in said


@pytest.mark.parametrize(
    ("event", "is_so"),
    [
        (e.ProbeFinished(at=NOW, model="a", kind=OutcomeKind.SUCCESS, latency=1), True),
        (e.FailedOver(at=NOW, operation="o", from_model="b", to_model="a", cause="c"), True),
        (
            e.FallbacksExhausted(
                at=NOW, operation="o", requested="a", tried=(), kind=OutcomeKind.REFUSED, cause=""
            ),
            True,
        ),
        (e.RoutePinned(at=NOW, model="b", target="a", cause="c"), True),
        (e.ProbeFinished(at=NOW, model="b", kind=OutcomeKind.SUCCESS, latency=1), False),
        (e.DegradedModeEntered(at=NOW, available_share=0.5, threshold=0.6), False),
    ],
)
def test_an_event_is_about_the_models_it_names(event: e.Event, *, is_so: bool) -> None:
    assert is_about(event, "a") is is_so


# --- the screen ---


async def test_the_screen_shows_story_charts_and_events() -> None:
    async with staged(FakeClient(incident(), incident_events())) as stage:
        open_model(stage)
        await stage.pilot.pause()

        assert "fleet › claude-4-sonnet  anthropic, 1 of 12" in stage.shown
        assert "Response, s" in stage.shown
        assert "Errors, %  now 100" in stage.shown
        assert "-30 min" in stage.shown
        await stage.press("tab")
        assert "02:58:44 ✖ breaker claude-4-sonnet closed → open" in stage.shown
        assert "deepseek-v3 available → degraded" not in stage.shown


async def test_the_countdown_moves_with_the_clock() -> None:
    async with staged(FakeClient(incident())) as stage:
        screen = open_model(stage)
        await stage.pilot.pause()
        stage.clock[0] += 5
        screen.tick()

        assert "next probe in 0:16" in screen.text


async def test_the_charts_have_lines_for_the_bounds_by_which_the_model_is_judged() -> None:
    quiet = model("gpt-5", response_times=(1.0,) * 180, fastest=(), p95s=())
    async with staged(FakeClient(replace(healthy(), models=(quiet,))), size=(120, 40)) as stage:
        open_model(stage, "gpt-5")
        await stage.pilot.pause()

        assert "last 1.1s  p95 2.1s" in stage.shown
        assert "degraded at 5" in stage.shown
        assert "timeout 30s" not in stage.shown  # it would flatten what is measured


async def test_a_bound_in_reach_of_the_values_is_named_on_its_line() -> None:
    slow = model("gpt-5", response_times=(None,) * 90 + (3.0,) * 60, fastest=(), p95s=(), p95=None)
    async with staged(FakeClient(replace(healthy(), models=(slow,))), size=(120, 40)) as stage:
        open_model(stage, "gpt-5")
        await stage.pilot.pause()

        assert "degraded above 4.0s ┈" in stage.shown


async def test_charts_are_plotted_again_only_when_data_or_size_changed() -> None:
    async with staged(FakeClient(healthy())) as stage:
        screen = open_model(stage, "gpt-5")
        await stage.pilot.pause()
        chart = screen.query_one("#charts-times", Chart)
        before = chart.draws
        for _ in range(5):
            stage.clock[0] += 1
            screen.tick()
            await stage.pilot.pause()
        quiet = chart.draws
        newer = (*model("gpt-5").response_times[1:], 9.0)
        stage.client.post(replace(healthy(), models=(model("gpt-5", response_times=newer),)))
        screen.tick()
        await stage.pilot.pause()

        assert quiet == before
        assert chart.draws == before + 1


async def test_an_unmeasured_model_has_empty_charts_that_say_so() -> None:
    async with staged(FakeClient(unknown())) as stage:
        open_model(stage, "gpt-5")
        await stage.pilot.pause()

        assert stage.shown.count("no data in the last half hour") == 2


async def test_brackets_go_round_the_fleet() -> None:
    async with staged(FakeClient(healthy(), incident_events())) as stage:
        screen = open_model(stage)
        await stage.press("right_square_bracket")
        following = screen.model_id
        await stage.press("left_square_bracket", "left_square_bracket")

        assert following == "gpt-5"
        assert screen.model_id == "o4-mini"
        assert "12 of 12" in screen.text


async def test_events_follow_the_model() -> None:
    async with staged(FakeClient(incident(), incident_events())) as stage:
        screen = open_model(stage, "gpt-5")
        await stage.press("right_square_bracket", "tab")

        assert "deepseek-v3 available → degraded" in screen.text
        assert "claude-4-sonnet closed → open" not in screen.text


async def test_a_model_that_left_the_fleet_is_said_to_be_gone() -> None:
    async with staged(FakeClient(healthy())) as stage:
        screen = open_model(stage)
        await stage.pilot.pause()
        stage.client.post(replace(healthy(), models=(model("gpt-5"),)))
        screen.tick()
        await stage.press("c", "right_square_bracket")

        assert "Check" not in screen.text
        assert screen.model_id == "gpt-5"


async def test_escape_goes_back() -> None:
    async with staged(FakeClient(healthy())) as stage:
        open_model(stage)
        await stage.press("escape")

        assert len(stage.app.screen_stack) == 1


async def test_every_action_key_opens_its_dialog_and_does_nothing_by_itself() -> None:
    titles = {
        "t": "Trip the breaker of claude-4-sonnet",
        "b": "Reset the breaker of claude-4-sonnet",
        "d": "Deactivate claude-4-sonnet",
        "e": "Activate claude-4-sonnet",
        "F": "Fail back claude-4-sonnet",
        "c": "Check claude-4-sonnet now",
        "a": "Acknowledge: claude-4-sonnet is unavailable",
    }
    async with staged(FakeClient(incident())) as stage:
        open_model(stage)
        for key, title in titles.items():
            await stage.press(key)
            assert isinstance(stage.app.screen, ActionDialog), key
            assert title in stage.shown
            await stage.press("escape")

        assert stage.client.said == []


async def test_the_other_keys_open_picker_menu_and_undo() -> None:
    fleet = replace(incident(), undo_until=NOW + 50, undo_text="trip grok-3")
    async with staged(FakeClient(fleet)) as stage:
        open_model(stage)
        for key, screen in (("f", TargetPicker), ("x", ActionMenu), ("u", UndoDialog)):
            await stage.press(key)
            assert isinstance(stage.app.screen, screen), key
            await stage.press("escape")


async def test_a_menu_choice_opens_its_dialog() -> None:
    async with staged(FakeClient(incident())) as stage:
        open_model(stage)
        await stage.press("x", "f")

        assert isinstance(stage.app.screen, TargetPicker)


async def test_a_read_only_console_says_why_its_keys_are_gray() -> None:
    async with staged(FakeClient(incident()), read_only=True) as stage:
        screen = open_model(stage)
        await stage.press("t")

        assert stage.app.screen is screen
        assert "this console is read-only" in screen.text
        assert "READ-ONLY" in stage.shown


async def test_an_answer_to_a_key_goes_away_again() -> None:
    async with staged(FakeClient(healthy())) as stage:
        screen = open_model(stage)
        await stage.press("u")
        said = screen.text
        stage.clock[0] += 7
        screen.tick()

        assert "nothing was done that can still be undone" in said
        assert "nothing was done" not in screen.text


async def test_the_demo_is_named_once() -> None:
    async with staged(FakeClient(replace(incident(), environment="DEMO"))) as stage:
        screen = open_model(stage)
        await stage.pilot.pause()

        assert screen.text.count("DEMO") == 1


async def test_old_news_is_said_to_be_old() -> None:
    async with staged(FakeClient(healthy())) as stage:
        screen = open_model(stage)
        await stage.pilot.pause()
        stage.clock[0] += 30
        screen.tick()

        assert "NO NEWS for 30 s" in screen.text


async def test_hostile_texts_reach_no_terminal() -> None:
    models = tuple(
        model(
            payload,
            provider=payload,
            status=ModelStatus.UNAVAILABLE,
            status_cause=payload,
            last_error=payload,
            fault=payload,
            fallbacks=PAYLOADS,
            breaker=replace(model("x").breaker, last_failure=NOW - 3, last_failure_cause=payload),
        )
        for payload in PAYLOADS
    )
    probes = tuple(
        e.ProbeFinished(at=NOW, model=payload, kind=OutcomeKind.SERVER_ERROR, latency=1.0, message=payload)
        for payload in PAYLOADS
    )
    fleet = replace(healthy(), models=models, environment=PAYLOADS[2])
    holds = tuple(
        HoldView(HoldKind.PINNED, payload, payload, NOW, NOW + 60, payload, payload) for payload in PAYLOADS
    )
    deeds = tuple(
        e.BreakerChanged(
            at=NOW, model=payload, old=BreakerState.CLOSED, new=BreakerState.OPEN, cause=f"by {payload}"
        )
        for payload in PAYLOADS
    )
    async with staged(FakeClient(replace(fleet, holds=holds), (*probes, *deeds)), size=(200, 60)) as stage:
        open_model(stage, PAYLOADS[0])
        for _ in PAYLOADS:
            await stage.press("right_square_bracket")

            assert controls_in(stage.shown) == set()


async def test_markup_in_an_error_is_text() -> None:
    view = model("gpt-5", last_error="[/b] [TODO] Q3", breaker=replace(model("x").breaker, last_failure=NOW))
    async with staged(FakeClient(replace(healthy(), models=(view,)))) as stage:
        open_model(stage, "gpt-5")
        await stage.pilot.pause()

        assert "[/b] [TODO] Q3" in stage.shown


async def test_it_fits_any_terminal() -> None:
    async with staged(FakeClient(incident(), incident_events())) as stage:
        open_model(stage)
        for width, height in ((40, 10), (20, 5), (1, 1), (60, 30), (120, 40), (300, 90), (80, 24)):
            await stage.pilot.resize_terminal(width, height)

            await stage.until(lambda: max(map(len, stage.shown.splitlines())) <= width)  # noqa: B023 - in this turn


async def test_a_terminal_without_unicode_gets_charts_of_letters() -> None:
    async with staged(FakeClient(incident()), is_ascii=True) as stage:
        open_model(stage)
        await stage.pilot.pause()

        assert "⠤" not in stage.shown
        assert "****" in stage.shown
