"""The audit trail: who did what, when, why, and whether the chain is whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.states import Action, ActionPhase
from hive_console.core.store import AuditCheck
from hive_console.ui.audit_screen import PAGE, SETTLED, AuditScreen
from hive_console.ui.details_screen import DetailsScreen
from hive_console.ui.model_screen import ModelScreen
from hive_console.ui.undo_dialog import UndoDialog
from tests.screens.evening_events import deed, told
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, healthy, incident
from tests.screens.reviewed import DOWN, evening, reviewed
from tests.screens.stage import Stage, staged
from tests.screens.told_history import ToldHistory


async def opened(stage: Stage) -> AuditScreen:
    await stage.press("5")
    screen = stage.app.screen
    assert isinstance(screen, AuditScreen)
    return screen


def rows(screen: AuditScreen) -> list[str]:
    return screen.lines.text.splitlines()


def deeds(count: int, until: float = NOW - 10_000) -> list[e.OperatorActed]:
    return [row for place in range(count) for row in deed(f"old-{place}", until - 10 * (count - place))]


async def test_intent_and_outcome_are_one_line() -> None:
    async with staged(FakeClient(incident(), told()), size=(120, 40)) as stage:
        first, last = rows(await opened(stage))

        assert first.startswith(" 02:22:44  50m ✔ done      maria      deactivate  mistral-large")
        assert first.rstrip().endswith("“INC-4412 vendor maintenance”")
        assert last.startswith("›03:07:44   5m ✖ refused   joe        fail-over   grok-3 → command-r-plus")


async def test_details_tell_before_after_reason_origin_and_digest() -> None:
    history = ToldHistory(*told())
    async with staged(FakeClient(incident(), told()), size=(120, 40), history=history) as stage:
        screen = await opened(stage)
        await stage.press("g")
        await stage.until(lambda: f"{2:064x}" in screen.text)

        for words in ("closed", "isolated", "INC-4412 vendor maintenance", "ssh 10.0.0.5", "d-1", "1, 2"):
            assert words in screen.text
        await stage.press("enter")
        assert isinstance(stage.app.screen, DetailsScreen)
        assert f"{2:064x}" in stage.app.screen.text


async def test_a_refusal_says_why() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        assert "refused after 400 ms: command-r-plus cannot serve now" in (await opened(stage)).text


async def test_what_can_be_undone_is_offered_with_its_time() -> None:
    fleet = replace(incident(), undo_until=NOW + 42, undo_text="deactivate mistral-large")
    async with staged(FakeClient(fleet, told())) as stage:
        screen = await opened(stage)
        assert "u undoes deactivate mistral-large, for 42 s more" in screen.text
        await stage.press("u")

        assert isinstance(stage.app.screen, UndoDialog)


async def test_a_filter_finds_who_did_what_to_whom() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        screen = await opened(stage)
        await stage.press("slash")
        await stage.write("by:maria action:deactivate model:mistral outcome:done since:1h")
        await stage.press("enter")

        assert len(rows(screen)) == 1
        screen.set_filter("by:nobody")
        assert rows(screen) == [" no deed matches the filter; esc clears it"]


async def test_calm_says_since_when() -> None:
    async with staged(FakeClient(replace(healthy(), started_at=NOW - 7200))) as stage:
        assert rows(await opened(stage)) == [" nothing was done by hand since the engine started 2 h ago"]


async def test_the_recording_comes_before_what_the_feed_tells() -> None:
    history = ToldHistory(*deeds(3), *told())
    async with staged(FakeClient(incident(), told()), history=history) as stage:
        screen = await opened(stage)
        await stage.until(lambda: len(rows(screen)) == 5)
        await stage.press("g", "k")

        assert "the trail begins here" in screen.text


async def test_going_up_reads_on_page_by_page() -> None:
    history = ToldHistory(*deeds(PAGE), *told())
    async with staged(FakeClient(incident(), told()), history=history) as stage:
        screen = await opened(stage)
        await stage.until(lambda: screen.lines.window.stop == 100)
        await stage.press("g")
        await stage.until(lambda: screen.lines.place != 0)
        await stage.press("g")
        await stage.until(lambda: screen.lines.place == 2)

        assert screen.current is not None
        assert screen.current.act.action_id == "old-2"


async def test_a_new_deed_is_shown_at_once_and_its_digest_when_it_is_recorded() -> None:
    history = ToldHistory()
    client = FakeClient(incident(), (e.EngineStarted(at=NOW - 60, version="1", models=()),))
    async with staged(client, size=(120, 40), history=history) as stage:
        screen = await opened(stage)
        await stage.until(lambda: "nothing was ever done by hand" in screen.text)
        intent, done = deed("new", NOW - 1)
        client.publish(intent)
        screen.tick()
        assert "… under way" in screen.text
        client.publish(done)
        screen.tick()
        assert "✔ done" in screen.text
        assert "not chained, or not told yet" in screen.text

        history.happened = [intent, done]
        stage.clock[0] += SETTLED
        screen.tick()
        await stage.until(lambda: f"{2:064x}" in screen.text)


async def test_the_chain_is_verified_when_somebody_asks() -> None:
    history = ToldHistory(*told())
    async with staged(FakeClient(incident(), told()), history=history) as stage:
        screen = await opened(stage)
        assert "chain not verified yet: v verifies" in screen.text
        history.is_holding = True
        await stage.press("v", "v")
        assert "verifying the chain …" in screen.text
        assert history.verified == 1
        history.release()

        await stage.until(lambda: "chain whole: 2 rows, 1 anchors, verified 03:12:44Z" in screen.text)


async def test_a_broken_chain_names_the_row() -> None:
    history = ToldHistory(*told())
    history.check = AuditCheck(rows=3, first_bad=2, problem="it is not what was written")
    async with staged(FakeClient(incident(), told()), history=history) as stage:
        screen = await opened(stage)
        await stage.press("v")

        await stage.until(lambda: "BROKEN at row 2: it is not what was written (03:12:44Z)" in screen.text)


async def test_a_trail_that_cannot_be_judged_is_not_called_broken() -> None:
    history = ToldHistory(*told())
    history.check = AuditCheck(rows=3, problem="the trail is not chained yet")
    async with staged(FakeClient(incident(), told()), history=history) as stage:
        screen = await opened(stage)
        await stage.press("v")

        await stage.until(lambda: "NOT VERIFIED: the trail is not chained yet" in screen.text)


async def test_a_recording_that_cannot_be_read_is_said() -> None:
    history = ToldHistory(*told())
    history.problem = "locked"
    async with staged(FakeClient(incident(), told()), history=history) as stage:
        screen = await opened(stage)
        await stage.until(lambda: "cannot read the trail: locked" in screen.text)
        await stage.press("v")
        await stage.until(lambda: "cannot verify: locked" in screen.text)


async def test_without_a_recording_it_says_so() -> None:
    async with staged(FakeClient(incident(), told())) as stage:
        screen = await opened(stage)
        await stage.press("v")
        assert "there is no recording to verify" in screen.text
        await stage.press("g", "k")
        assert "this is all that the engine still knows" in screen.text


async def test_the_model_that_it_was_done_to_is_one_key_away() -> None:
    async with staged(
        FakeClient(incident(), (*told(), *deed("d-3", NOW - 9, action=Action.ACKNOWLEDGE, target="al-1")))
    ) as stage:
        screen = await opened(stage)
        await stage.press("o")
        assert "this was done to no model of the fleet" in screen.text
        await stage.press("g", "o")

        assert isinstance(stage.app.screen, ModelScreen)
        assert stage.app.screen.model_id == "mistral-large"


@pytest.mark.parametrize("size", [(80, 24), (30, 8)], ids=["80x24", "30x8"])
async def test_hostile_texts_stay_text(size: tuple[int, int]) -> None:
    rows_told = tuple(
        replace(
            row,
            actor=payload,
            target=payload,
            parameter=payload,
            origin=payload,
            before=payload,
            after=payload,
            detail=payload,
        )
        for place, payload in enumerate(PAYLOADS)
        for row in deed(payload, NOW - 100 + place, reason=payload, outcome=ActionPhase.REFUSED)
    )
    async with staged(FakeClient(healthy(), rows_told), size=size) as stage:
        await opened(stage)
        for _ in PAYLOADS:
            await stage.press("k", "enter")
            assert not controls_in(stage.shown)
            await stage.press("escape")
            assert not controls_in(stage.shown)


async def test_a_review_tells_what_was_done_until_its_cursor() -> None:
    store = evening()
    store.tell(*deed("d-1", DOWN + 60, target="gpt-5"))
    async with reviewed(store) as review:
        await review.press("5")
        screen = review.app.screen
        assert isinstance(screen, AuditScreen)
        await review.until(lambda: "deactivate" in screen.text)
        await review.press("v")
        await review.until(lambda: "chain whole" in screen.text)

        review.client.to(DOWN)
        await review.until_at(DOWN)
        await review.until(lambda: rows(screen) == [" nothing was done by hand until then"])
