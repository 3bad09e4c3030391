"""A recording on the ordinary screens: keys move through its time, panes follow, and nothing can be acted on."""

from __future__ import annotations

import pytest

from hive_console.core.errors import HiveError
from hive_console.core.events import EngineStarted
from hive_console.engine.review_client import ReviewClient
from hive_console.ui.jump_dialog import JumpDialog
from hive_console.ui.key_bar import TIME
from hive_console.ui.palette_offers import Offers
from hive_console.ui.review_app import REFUSAL, ReviewApp
from tests.recordings.evening import ReviewedStore, an_evening, an_older_evening
from tests.screens.reviewed import BEGIN, DOWN, END, UP, reviewed

SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_title_says_review_what_is_read_and_the_time_that_is_shown(size: tuple[int, int]) -> None:
    async with reviewed(size=size) as review:
        top = review.shown.splitlines()[0]

        assert "REVIEW incident-7.db" in top
        assert "2026-03-14 02:52:44Z" in top
        assert "LIVE" not in top
        assert "READ-ONLY" not in top


@pytest.mark.parametrize("size", SIZES)
async def test_the_panes_are_those_of_the_time_that_is_shown(size: tuple[int, int]) -> None:
    async with reviewed(size=size) as review:
        await review.press("comma", "comma")
        await review.until_at(DOWN)

        shown = review.shown
        assert "gpt-5 DOWN for 0 s (breaker open: 5 failures)" in shown
        assert "OPEN 0:20" in shown
        assert "breaker gpt-5 closed → open" in shown
        assert "recovered" not in shown
        assert "2026-03-14 02:32:44Z" in shown.splitlines()[0]


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        (("left",), END - 10),
        (("left", "left", "right"), END - 10),
        (("less_than_sign",), END - 600),
        (("less_than_sign", "less_than_sign", "greater_than_sign"), END - 600),
        (("ctrl+left", "ctrl+left", "ctrl+right"), END - 600),
        (("comma",), UP),
        (("shift+left", "shift+left", "shift+right"), UP),
        (("comma", "comma", "full_stop"), UP),
        (("0",), BEGIN),
        (("ctrl+home",), BEGIN),
        (("0", "dollar_sign"), END),
        (("0", "ctrl+end"), END),
        (("minus", "left"), END - 60),
        (("minus", "minus", "plus", "left"), END - 60),
        (("minus", "equals_sign", "left"), END - 10),
    ],
)
async def test_keys_move_through_time(keys: tuple[str, ...], at: float) -> None:
    async with reviewed() as review:
        await review.press(*keys)

        await review.until_at(at)


@pytest.mark.parametrize("screen", ["enter", "2"])
async def test_the_same_keys_move_on_every_screen(screen: str) -> None:
    async with reviewed() as review:
        await review.press(screen)
        await review.press("left")
        await review.until_at(END - 10)

        assert "2026-03-14 02:52:34Z" in review.shown.splitlines()[0]
        assert "◆" in review.shown


async def test_on_a_models_screen_events_are_the_models_own() -> None:
    async with reviewed() as review:
        review.app.go_to("deepseek-v3")
        await review.press("enter", "comma")

        await review.until_at(BEGIN + 3)


async def test_a_models_screen_shows_how_it_was_configured() -> None:
    async with reviewed(size=(120, 40)) as review:
        review.app.go_to("gpt-5")
        await review.press("enter")

        shown = review.shown
        assert "gpt-5 ● serving ─► claude-4-sonnet ● ─► deepseek-v3 ●" in shown
        assert "not recorded" not in shown
        assert "opens at 5 failures in a row" in shown
        assert "in flight —/10" in shown


async def test_models_are_found_by_the_provider_they_had() -> None:
    async with reviewed(size=(120, 24)) as review:
        assert "openai" in review.shown
        await review.press("slash", *"provider:anth", "enter")

        assert "anthropic" in review.shown
        assert "openai" not in review.shown


async def test_a_models_screen_claims_nothing_that_is_not_recorded() -> None:
    async with reviewed(ReviewedStore(*an_older_evening(BEGIN))) as review:
        review.app.go_to("deepseek-v3")
        await review.press("enter")

        shown = review.shown
        assert "its other fallbacks are not recorded" in shown
        assert "in flight —" in shown
        assert "Failure  none recorded" in shown


async def test_where_the_engines_start_is_gone_a_breaker_of_which_nothing_was_said_is_not_known() -> None:
    async with reviewed(ReviewedStore(*an_evening(BEGIN)[1:])) as review:
        review.app.go_to("deepseek-v3")
        await review.press("enter")

        assert "Breaker  no move of it is recorded" in review.shown


async def test_a_models_screen_shows_who_stood_in_and_what_failed() -> None:
    async with reviewed(size=(120, 40)) as review:
        await review.press("comma", "comma")
        await review.until_at(DOWN)
        review.app.go_to("gpt-5")
        await review.press("enter")

        assert "gpt-5 ✖ ═► claude-4-sonnet ● serving" in review.shown
        assert "Failure  no answer in 10 s" in review.shown


async def test_the_inbox_is_of_its_time() -> None:
    async with reviewed() as review:
        await review.press("2", "0")
        await review.until_at(BEGIN)
        assert "no alert is recorded until then" in review.shown

        review.client.to(DOWN + 60)
        await review.until_at(DOWN + 60)
        assert "1 alert waits for somebody, the oldest for 1 m" in review.shown


@pytest.mark.parametrize("key", ["t", "b", "d", "e", "f", "F", "c", "h", "z", "Z", "a", "u"])
async def test_nothing_can_be_acted_on_and_each_key_says_why(key: str) -> None:
    async with reviewed(size=(120, 40)) as review:
        await review.press(key)

        assert len(review.app.screen_stack) == 1
        assert REFUSAL in review.shown


@pytest.mark.parametrize("key", ["a", "u"])
async def test_nor_in_the_inbox(key: str) -> None:
    async with reviewed() as review:
        await review.press("2", key)

        assert REFUSAL in review.shown


async def test_the_menu_of_actions_says_why_not() -> None:
    async with reviewed() as review:
        await review.press("x")

        assert review.shown.count(REFUSAL) >= 10


async def test_neither_pause_nor_reload_nor_a_way_to_become_read_only_is_offered() -> None:
    async with reviewed() as review:
        await review.press("p", "R")
        assert "PAUSED" not in review.shown
        assert not {"p", "R"} & set(review.app.screen.active_bindings)

        review.app.action_reload()
        await review.pilot.pause()
        assert REFUSAL in review.shown


async def test_the_palette_offers_times_and_no_deeds() -> None:
    async with reviewed() as review:
        offers = Offers(review.app)
        everything = offers.catalog.first(1000)
        offered = [offers.offer(found).text for found in (*everything, *offers.catalog.best("gpt-5", 1000))]

        assert "time: jump to a time" in offered
        assert "go to gpt-5" in offered
        assert "quit" in offered
        deeds = ("trip the", "reload", "kill", "freeze", "emergency")
        assert not any(deed in text for text in offered for deed in deeds)


async def test_quitting_asks_nothing() -> None:
    async with reviewed() as review:
        await review.press("q")

        await review.until(lambda: not review.app.is_running)


# --- jumping ---


@pytest.mark.parametrize("key", ["J", "at"])
async def test_a_jump_goes_where_it_is_told(key: str) -> None:
    async with reviewed() as review:
        await review.press(key)
        await review.press(*"02:33", "enter")

        await review.until_at(DOWN + 16)
        assert len(review.app.screen_stack) == 1


async def test_a_jump_is_counted_from_the_cursor() -> None:
    async with reviewed() as review:
        await review.press("J", *"-10m", "enter")

        await review.until_at(END - 600)


async def test_a_jump_past_the_end_goes_to_the_end() -> None:
    async with reviewed() as review:
        await review.press("0")
        await review.until_at(BEGIN)

        await review.press("J", *"+9d", "enter")

        await review.until_at(END)


async def test_what_is_no_time_is_told_what_is_taken() -> None:
    async with reviewed() as review:
        await review.press("J", *"xy", "enter")

        assert isinstance(review.app.screen, JumpDialog)
        assert "'xy' is no time; take 14:05" in review.app.screen.text
        assert "recorded: 2026-03-14 02:12:44Z to 2026-03-14 02:52:44Z" in review.app.screen.text

        await review.press("escape")
        assert len(review.app.screen_stack) == 1
        assert review.client.snapshot().at == END


# --- what is to be known of a place ---


async def test_where_it_is_not_whole_the_sentence_and_the_line_say_so() -> None:
    async with reviewed() as review:
        review.client.to(BEGIN + 350)
        await review.until_at(BEGIN + 350)

        assert "NOT RECORDED WHOLE then: disk full, 12 events lost." in review.shown
        assert "NOT WHOLE" in review.shown
        assert "╱" in review.shown


async def test_after_the_engine_ended_the_sentence_says_so() -> None:
    async with reviewed() as review:
        assert "No engine ran then" in review.shown
        assert "NO ENGINE" in review.shown


async def test_a_store_that_fails_shows_its_line_and_what_was_read_last() -> None:
    async with reviewed(size=(120, 40)) as review:
        review.store.failure = HiveError("the disk reports an error (SQLITE_IOERR)")
        await review.press("comma")
        await review.until(lambda: bool(review.past.problem))
        review.app.look()
        await review.pilot.pause()

        assert "CANNOT READ the recording: the disk reports an error (SQLITE_IOERR)." in review.shown
        assert "What stands below is of 02:52:44Z." in review.shown
        assert "gpt-5" in review.shown


async def test_a_store_that_fails_from_the_start_shows_its_line() -> None:
    store = ReviewedStore()
    store.failure = HiveError("the database file is damaged")
    async with reviewed(store) as review:
        assert "CANNOT READ the recording: the database file is damaged." in review.shown


async def test_an_empty_recording_says_that_it_is() -> None:
    async with reviewed(ReviewedStore()) as review:
        assert "Nothing is recorded yet." in review.shown

        await review.press("J", "left")
        assert len(review.app.screen_stack) == 1


async def test_a_fleet_without_models_says_so() -> None:
    async with reviewed(ReviewedStore(EngineStarted(at=BEGIN, version="0", models=()))) as review:
        assert "No model was known then." in review.shown


async def test_a_recording_that_goes_on_is_followed_and_says_so() -> None:
    store = ReviewedStore(EngineStarted(at=BEGIN, version="0", models=("gpt-5",)), is_live=True)
    async with reviewed(store) as review:
        assert "LIVE END" in review.shown

        store.tell(EngineStarted(at=BEGIN + 30, version="0", models=("gpt-5", "grok-3")))
        await review.until_at(BEGIN + 30)

        assert "grok-3" in review.shown


async def test_before_it_is_open_the_screen_says_so() -> None:
    app = ReviewApp(ReviewClient("incident-7.db"), wall=lambda: 0.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()

        assert "The recording is being opened." in app._fleet_screen.query_one("#sentence").text  # type: ignore[attr-defined]  # a LinePane


# --- keys ---


async def test_the_key_bar_begins_with_time_and_leaves_out_what_never_works() -> None:
    async with reviewed() as review:
        bar = review.shown.splitlines()[-1]

        assert bar.startswith(" ← → step  , . event  < > leap  J jump")
        assert "trip" not in bar
        assert "? help" in bar


async def test_help_tells_the_keys_of_time_and_the_signs_of_the_line() -> None:
    async with reviewed(size=(120, 60)) as review:
        await review.press("question_mark")

        assert "jump to a time" in review.shown
        assert "not recorded whole" in review.shown
        assert "trip the breaker" not in review.shown


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", ["1", "enter", "2"])
async def test_no_screen_takes_a_key_of_time(size: tuple[int, int], screen: str) -> None:
    async with reviewed(size=size) as review:
        await review.press(screen)

        live = review.app.screen.active_bindings
        for binding in ReviewApp.BINDINGS:
            assert not isinstance(binding, tuple)
            for key in binding.key.split(","):
                assert str(live[key].binding.id).startswith(TIME), key


async def test_every_key_with_a_modifier_has_a_plain_one_beside_it() -> None:
    for binding in ReviewApp.BINDINGS:
        assert not isinstance(binding, tuple)
        assert any("+" not in key for key in binding.key.split(",")), binding


async def test_a_terminal_without_unicode_gets_the_line_too() -> None:
    async with reviewed(is_ascii=True) as review:
        await review.press("comma")
        await review.until_at(UP)

        line = review.shown.splitlines()[-2]
        assert line.isascii()
        assert "#" in line


async def test_the_inbox_and_an_alerts_story_are_those_of_the_cursor() -> None:
    async with reviewed() as review:
        await review.until(lambda: not review.past.is_loading)
        await review.press("2")
        await review.until(lambda: "resolved 1" in review.shown)
        await review.press("j", "enter")
        await review.until(lambda: "began to fire" in review.shown)
        whole = review.shown
        await review.press("a")
        refused = review.shown
        review.client.to(UP - 60)
        await review.until_at(UP - 60)
        await review.until(lambda: "resolved after" not in review.shown)

        assert "resolved after" in whole
        assert "this is a recording" in refused
        assert "began to fire" in review.shown


async def test_the_panes_beside_the_inbox_are_there_in_a_review() -> None:
    async with reviewed(size=(120, 40)) as review:
        await review.press("2")
        await review.until(lambda: "no notice was sent yet" in review.shown)

        assert "nothing is silenced" in review.shown
        assert "no channel is configured" in review.shown
