"""The timeline: what is on it, how one moves through it, and how it reads on in the recording."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.states import AlertRule
from hive_console.core.store import Gap, GapCause
from hive_console.ui import timeline_book
from hive_console.ui.details_screen import DetailsScreen
from hive_console.ui.model_screen import ModelScreen
from hive_console.ui.timeline_screen import PAGE, TimelineScreen
from tests.screens.evening_events import BEGAN, told
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, healthy, incident
from tests.screens.reviewed import DOWN, reviewed
from tests.screens.stage import Stage, staged
from tests.screens.told_history import ToldHistory


def timeline(stage: Stage) -> TimelineScreen:
    screen = stage.app.screen
    assert isinstance(screen, TimelineScreen)
    return screen


async def opened(stage: Stage) -> TimelineScreen:
    await stage.press("3")
    return timeline(stage)


def rows(screen: TimelineScreen) -> list[str]:
    return screen.lines.text.splitlines()


def returned(at: float, model: str = "gpt-5") -> e.OutlierReturned:
    return e.OutlierReturned(at=at, model=model)


def past(count: int, until: float = NOW - 20_000) -> list[e.Event]:
    """Things that are all different, a second apart."""
    return [returned(until - place, f"m{place}") for place in range(count, 0, -1)]


def quiet_client(*events: e.Event) -> FakeClient:
    return FakeClient(healthy(), (e.EngineStarted(at=NOW - 7200, version="1", models=()), *events))


# --- what is on it ---


async def test_what_happened_stands_in_order_the_newest_last() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        kinds = [line.split()[3] for line in rows(await opened(stage))]

        assert kinds == [
            "engine",
            "by-hand",
            "breaker",
            "status",
            "breaker",
            "status",
            "alert",
            "traffic",
            "breaker",
            "alert",
            "by-hand",
            "status",
            "console",
            "console",
        ]


async def test_a_line_has_time_age_sign_kind_and_words() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        line = rows(await opened(stage))[4]

        assert line.startswith(" 02:58:44  14m ✖ breaker  claude-4-sonnet closed → open (5 failures: timed out)")


async def test_more_of_the_same_is_one_line_with_its_count() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        assert "×14 claude-4-sonnet still down: timed out after 10 s" in rows(await opened(stage))[8]


async def test_what_follows_from_the_line_above_hangs_on_it() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        linked = ["└" in line for line in rows(await opened(stage))]

        assert linked == [False, False, True, True, False, True, True, True, *[False] * 6]


async def test_the_story_goes_from_the_breaker_to_the_person_who_has_the_alert() -> None:
    async with staged(FakeClient(incident(), told()), size=(200, 50)) as stage:
        screen = await opened(stage)
        await stage.press("g", *["j"] * 6)

        story = next(line for line in screen.text.splitlines() if line.startswith(" Story"))
        assert story.index("breaker claude-4-sonnet closed → open") < story.index(
            "[alert claude-4-sonnet is unavail"
        )
        assert "maria has the alert" in screen.text
        assert "+4 m" in screen.text


async def test_details_tell_who_why_and_what_came_of_it() -> None:
    async with staged(FakeClient(incident(), told()), size=(120, 40)) as stage:
        screen = await opened(stage)
        await stage.press("g", "j", "space")

        assert isinstance(stage.app.screen, DetailsScreen)
        for words in ("INC-4412 vendor maintenance", "ssh 10.0.0.5", "isolated", "50 m ago"):
            assert words in stage.app.screen.text
        await stage.press("escape")
        assert timeline(stage) is screen


async def test_calm_is_said_in_a_sentence() -> None:
    client = FakeClient(
        healthy(), (e.FleetConfigured(at=NOW - 7200, model_setups=(), route_setups=(), degraded_threshold=0.6),)
    )
    async with staged(client) as stage:
        assert rows(await opened(stage)) == [" nothing happened in the last 2 h"]


async def test_before_anything_is_known_it_says_so() -> None:
    async with staged(FakeClient(healthy())) as stage:
        assert rows(await opened(stage)) == [" nothing has happened yet"]


async def test_strips_stand_above_the_list_where_there_is_room() -> None:
    async with staged(FakeClient(incident(), told()), size=(120, 40)) as stage:
        await opened(stage)
        strips = [line for line in stage.shown.splitlines() if "▬▬" in line or "██" in line]

        assert strips[0].split()[0] == "mistral-large"
        assert strips[1].split()[0] == "claude-4-sonnet"
        assert "▬█" in strips[1].replace(" ", "")
        assert any("▒" in line for line in stage.shown.splitlines())
    async with staged(FakeClient(incident(), told()), size=(120, 29)) as stage:
        await opened(stage)

        assert "██" not in stage.shown


async def test_strips_follow_the_cursor_into_the_past() -> None:
    history = ToldHistory(returned(NOW - 20_000))
    async with staged(quiet_client(), size=(120, 40), history=history) as stage:
        screen = await opened(stage)
        await stage.until(lambda: "m" in screen.text and len(rows(screen)) == 2)
        await stage.press("g")

        assert "21:09" in stage.shown
        assert "22:09" in stage.shown


async def test_in_ascii_every_sign_is_one_that_all_terminals_have() -> None:
    async with staged(FakeClient(incident(), told()), size=(120, 40), is_ascii=True) as stage:
        screen = await opened(stage)

        assert "x14 " in screen.text
        assert "====" in stage.shown
        assert "####" in stage.shown
        assert not {"└", "×", "▬", "█", "◇", "✖"} & set(screen.lines.text)


@pytest.mark.parametrize("size", [(80, 24), (30, 8)], ids=["80x24", "30x8"])
async def test_hostile_texts_stay_text(size: tuple[int, int]) -> None:
    events = tuple(
        event
        for place, payload in enumerate(PAYLOADS)
        for event in (
            e.OutlierEjected(at=NOW - 100 + place, model=payload, until=NOW, cause=payload),
            e.AlertAcknowledged(
                at=NOW - 100 + place,
                alert_id=payload,
                rule=AlertRule.MODEL_UNAVAILABLE,
                subject=payload,
                actor=payload,
                note=payload,
            ),
        )
    )
    async with staged(FakeClient(healthy(), events), size=size) as stage:
        await opened(stage)
        for _ in PAYLOADS:
            await stage.press("k", "space")
            assert not controls_in(stage.shown)
            await stage.press("escape")
            assert not controls_in(stage.shown)


# --- moving through it ---


async def test_the_newest_is_followed_until_one_goes_up() -> None:
    client = FakeClient(incident(), told())
    async with staged(client) as stage:
        screen = await opened(stage)
        assert "newest last, following" in screen.text
        client.publish(returned(NOW, "gpt-5"))
        screen.tick()
        assert screen.current is not None
        assert screen.current.text.startswith("gpt-5 may be called again")

        await stage.press("k")
        client.publish(returned(NOW + 1, "a"), returned(NOW + 2, "b"))
        screen.tick()

        assert "PAUSED, 2 new below: G follows the newest" in screen.text
        assert screen.current.text.startswith("gpt-5 may") is False
        await stage.press("G")
        assert "newest last, following" in screen.text


async def test_brackets_go_from_one_thing_that_matters_to_the_next() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        screen = await opened(stage)

        await stage.press("left_square_bracket")
        assert screen.current is not None
        assert screen.current.text.startswith("detached: the terminal went away")
        await stage.press("right_square_bracket")
        assert "nothing later that matters" in screen.text


async def test_enter_opens_the_model_at_hand_and_escape_comes_back_to_the_line() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        screen = await opened(stage)
        await stage.press("g", *["j"] * 4, "enter")

        assert isinstance(stage.app.screen, ModelScreen)
        assert stage.app.screen.model_id == "claude-4-sonnet"
        assert "fleet › timeline › claude-4-sonnet" in stage.shown
        await stage.press("escape")
        assert timeline(stage) is screen
        assert screen.current is not None
        assert screen.current.at == BEGAN


async def test_enter_shows_the_details_of_what_is_about_no_model() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        await opened(stage)
        await stage.press("g", "enter")

        assert isinstance(stage.app.screen, DetailsScreen)
        assert "engine: started with 12 models" in stage.app.screen.text


async def test_a_filter_narrows_and_escape_widens() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        screen = await opened(stage)
        await stage.press("slash")
        await stage.write("kind:breaker model:claude since:1h")
        await stage.press("enter")

        assert [line.split()[3] for line in rows(screen)] == ["breaker", "breaker"]
        assert "[kind:breaker]" in screen.text
        assert "2 of 14 moments" in screen.text
        await stage.press("escape")
        assert len(rows(screen)) == 14


async def test_a_filter_that_nothing_fits_says_how_to_get_rid_of_it() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        screen = await opened(stage)
        screen.set_filter("nothing-is-called-so since:soon")

        assert rows(screen) == [" nothing that happened matches the filter; esc clears it"]
        assert "since:soon: write since:15m" in screen.text


# --- the recording ---


async def test_a_screen_that_is_not_full_reads_what_was_before_the_engine() -> None:
    stopped = e.EngineStopped(at=NOW - 9000, cause="quit")
    async with staged(quiet_client(), history=ToldHistory(*past(3), stopped)) as stage:
        screen = await opened(stage)
        await stage.until(lambda: len(rows(screen)) == 6)

        assert "no engine ran for 30 m: nothing was watched" in screen.text
        assert rows(screen)[4].split()[3] == "gap"


async def test_going_up_reads_on_page_by_page_to_the_begin() -> None:
    history = ToldHistory(*past(PAGE + 10))
    async with staged(quiet_client(), history=history) as stage:
        screen = await opened(stage)
        await stage.until(lambda: f"{PAGE + 1} moments" in screen.text)
        await stage.press("g")
        await stage.until(lambda: f"{PAGE + 11} moments" in screen.text)

        assert screen.current is not None
        assert screen.current.models == {f"m{PAGE}"}
        await stage.press("g", "k")
        assert "the recording begins here" in screen.text
        assert max(wanted.limit for wanted in history.asked) == PAGE


async def test_a_model_that_is_asked_for_is_looked_for_in_the_recording() -> None:
    history = ToldHistory(*past(20), returned(NOW - 90_000, "o4-mini"))
    async with staged(quiet_client(returned(NOW - 5, "o4-mini")), history=history) as stage:
        screen = await opened(stage)
        await stage.until(lambda: "23 moments" in screen.text)
        screen.set_filter("model:o4-mini")
        await stage.press("g", "k")
        await stage.until(lambda: len(rows(screen)) == 2)

        assert history.asked[-1].models == ("o4-mini",)
        assert rows(screen)[0].startswith(" 03-13 02:12:44")


async def test_since_bounds_how_far_the_recording_is_read() -> None:
    history = ToldHistory(*past(20))
    async with staged(quiet_client(), history=history) as stage:
        screen = await opened(stage)
        await stage.until(lambda: "21 moments" in screen.text)
        count = len(history.asked)
        screen.set_filter("since:1h")
        await stage.press("g", "k")

        assert len(history.asked) == count


async def test_a_gap_of_the_recording_is_a_line() -> None:
    gap = Gap(begin=NOW - 20_010, end=NOW - 20_005, cause=GapCause.DISK_FULL, dropped=3)
    async with staged(quiet_client(), history=ToldHistory(*past(20), gaps=(gap,))) as stage:
        screen = await opened(stage)
        await stage.until(lambda: "22 moments" in screen.text)
        screen.set_filter("kind:gap")

        assert "╱ gap      not recorded whole for 5 s: disk full, 3 events lost" in screen.text


async def test_a_recording_that_cannot_be_read_is_said_and_asked_again() -> None:
    history = ToldHistory(*past(3))
    history.problem = "cannot read the recording: \x1b[2Jlocked"
    async with staged(quiet_client(), history=history) as stage:
        screen = await opened(stage)
        await stage.until(lambda: "cannot read on: cannot read the recording" in screen.text)
        assert not controls_in(stage.shown)
        history.problem = ""
        await stage.press("k")
        await stage.until(lambda: "4 moments" in screen.text)


async def test_while_the_recording_is_read_the_screen_says_so_and_goes_on() -> None:
    history = ToldHistory(*past(3))
    history.is_holding = True
    client = quiet_client()
    async with staged(client, history=history) as stage:
        screen = await opened(stage)
        assert "reading the recording …" in screen.text
        client.publish(returned(NOW))
        screen.tick()
        assert "2 moments" in screen.text
        history.release()
        await stage.until(lambda: "5 moments" in screen.text)


async def test_without_a_recording_it_says_that_this_is_all() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        screen = await opened(stage)
        await stage.press("g", "k")

        assert "this is all that the engine still knows" in screen.text


async def test_whoever_goes_far_back_lets_go_of_the_newest_and_gets_them_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timeline_book, "KEPT", PAGE + 50)
    client = quiet_client(returned(NOW - 9, "last"))
    async with staged(client, history=ToldHistory(*past(PAGE * 2))) as stage:
        screen = await opened(stage)
        await stage.until(lambda: f"{PAGE + 2} moments" in screen.text)
        await stage.press("g")
        await stage.until(lambda: "PAUSED far back" in screen.text)
        client.publish(returned(NOW, "news"))
        screen.tick()
        assert "PAUSED far back, 1 new: G goes to the newest" in screen.text

        await stage.press("G")
        await stage.until(lambda: "news may be called again" in screen.text)

        assert "following" in screen.text


# --- a review ---


async def test_a_review_tells_what_happened_until_its_cursor() -> None:
    async with reviewed() as review:
        await review.press("3")
        screen = review.app.screen
        assert isinstance(screen, TimelineScreen)
        await review.until(lambda: "engine   stopped: quit" in screen.text)
        assert "not recorded whole for 2 m: disk full, 12 events lost" in screen.text

        review.client.to(DOWN)
        await review.until_at(DOWN)
        await review.until(lambda: "stopped: quit" not in screen.text and "gpt-5 closed → open" in screen.text)

        assert rows(screen)[-1].split()[3] == "alert"


async def test_only_the_screen_on_top_is_drawn() -> None:
    client = FakeClient(incident(), told())
    async with staged(client) as stage:
        screen = await opened(stage)
        await stage.press("1")
        client.publish(returned(NOW, "unseen"))
        screen.tick()
        assert "unseen" not in screen.text

        await stage.press("3")

        assert "unseen may be called again" in screen.text


async def test_a_fleet_without_models_has_no_strips() -> None:
    async with staged(FakeClient(replace(healthy(), models=()), told()), size=(120, 40)) as stage:
        await opened(stage)

        assert "▬▬" not in stage.shown
