"""What a store is asked for a digest, and whose deeds are no news to whom."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.states import Action, ActionPhase, NoticeEnd, NoticeKind
from hive_console.engine import digest_reading
from hive_console.engine.digest_reading import REACH, digest_of, missed_by
from tests.recordings.evening import ReviewedStore, an_evening

T0 = 1_790_000_000.0
NOW = T0 + 3_600


def act(at: float, actor: str, phase: ActionPhase = ActionPhase.DONE) -> e.OperatorActed:
    return e.OperatorActed(at=T0 + at, action_id="1", actor=actor, action=Action.TRIP, phase=phase, target="gpt-5")


@pytest.fixture
def store() -> ReviewedStore:
    acts = (act(1_900, "ann"), act(1_901, "bob", ActionPhase.INTENDED), act(1_902, "bob"))
    return ReviewedStore(*an_evening(T0), *acts)


async def test_what_others_did_is_told_and_ones_own_deeds_are_not(store: ReviewedStore) -> None:
    lines = await digest_of(store, T0 + 60, NOW, actor="ann")

    assert lines[0].startswith("Since you last looked 59 m ago: 1 outage: gpt-5 for 5 m")
    assert lines[1].startswith("by hand: bob trip gpt-5")
    assert "ann" not in " ".join(lines)


async def test_after_the_last_thing_that_happened_there_is_nothing_to_tell(store: ReviewedStore) -> None:
    assert await digest_of(store, T0 + 2_399, NOW, actor="bob") == ()


async def test_an_outage_that_ended_meanwhile_is_told_though_it_was_seen_to_begin(store: ReviewedStore) -> None:
    missed = await missed_by(store, T0 + 1_300, NOW, actor="ann")

    assert [(outage.model, outage.begin) for outage in missed.outages] == [("gpt-5", T0 + 1_200)]


async def test_an_outage_that_was_seen_and_still_lasts_is_no_news(store: ReviewedStore) -> None:
    missed = await missed_by(store, T0 + 1_300, T0 + 1_400, actor="bob")

    assert (missed.outages, missed.alerts) == ((), ())


async def test_a_digest_does_not_reach_back_for_ever(store: ReviewedStore) -> None:
    missed = await missed_by(store, NOW - 2 * REACH, NOW, actor="ann")

    assert (missed.since, missed.told_from) == (NOW - 2 * REACH, NOW - REACH)


@pytest.mark.parametrize("since", [NOW, NOW + 60])
async def test_a_look_in_the_future_missed_nothing(store: ReviewedStore, since: float) -> None:
    assert await digest_of(store, since, NOW, actor="ann") == ()


async def test_more_events_than_one_question_brings_are_said(
    store: ReviewedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest_reading, "ROW_LIMIT", 5)
    monkeypatch.setattr("tests.recordings.memory_store.ROW_LIMIT", 5)

    missed = await missed_by(store, T0 + 60, NOW, actor="ann")

    assert missed.is_cut


async def test_notices_that_were_given_up_are_told(store: ReviewedStore) -> None:
    for number, end in enumerate((NoticeEnd.DELIVERED, NoticeEnd.DEAD)):
        store.record(
            e.NoticeSettled(
                at=T0 + 3_000 + number,
                notice_id=f"N{number}",
                channel="ops",
                end=end,
                kind=NoticeKind.FIRING,
                alert_ids=("al-1",),
            )
        )

    missed = await missed_by(store, T0 + 2_900, NOW, actor="ann")

    assert [notice.notice_id for notice in missed.given_up] == ["N1"]


async def test_a_recording_of_nobody_has_nothing_to_tell() -> None:
    assert await digest_of(ReviewedStore(), T0, NOW, actor="ann") == ()
