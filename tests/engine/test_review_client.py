"""A recording behind `EngineClient`: moves, what screens read of them, and a store that fails, hangs or grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from hive_console.core import events as e
from hive_console.core.command import Command
from hive_console.core.errors import HiveError
from hive_console.core.past import Past
from hive_console.core.states import Action, ModelStatus, Severity
from hive_console.core.store import Gap, GapCause
from hive_console.engine import review_client
from hive_console.engine.refusing import REFUSAL
from hive_console.engine.review_client import MOVES_WAITING, ReviewClient
from hive_console.engine.review_scales import SCALES
from tests.recordings.evening import ReviewedStore, an_evening

BEGIN = 7_200.0
DOWN, UP, END = BEGIN + 1200, BEGIN + 1500, BEGIN + 2400
PATIENCE = 10.0
"""Seconds after which something that must come is held not to come, on a busy machine too."""


def past(client: ReviewClient) -> Past:
    found = client.snapshot().past
    assert found is not None
    return found


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - what is waited for happens in many places
            await asyncio.sleep(0)


def is_shown(client: ReviewClient, at: float) -> Callable[[], bool]:
    """Whether the fleet of that time is what screens read, and nothing is under way."""
    return lambda: client.snapshot().at == at and client.snapshot().sequence > 0 and not past(client).is_loading


@asynccontextmanager
async def reviewing(
    store: ReviewedStore, client: ReviewClient | None = None, *, at: float | None = END
) -> AsyncIterator[ReviewClient]:
    """A client that follows the store and has arrived at `at`; `None` does not wait."""
    client = client or ReviewClient("evening.db", poll=0.001)
    async with asyncio.TaskGroup() as group:
        following = group.create_task(client.follow(store))
        if at is not None:
            await until(is_shown(client, at))
        yield client
        following.cancel()


def evening(**changes: bool | str) -> ReviewedStore:
    gap = Gap(begin=BEGIN + 300, end=BEGIN + 420, cause=GapCause.DISK_FULL, dropped=12)
    return ReviewedStore(*an_evening(BEGIN), gaps=(gap,), **changes)  # type: ignore[arg-type]  # flags by name


def test_before_it_is_open_it_says_that_nothing_is_known() -> None:
    client = ReviewClient("evening.db")

    assert client.snapshot().sequence == 0
    assert past(client).name == "evening.db"
    assert client.events(0).events == ()


async def test_it_begins_at_the_end() -> None:
    async with reviewing(evening()) as client:
        assert client.snapshot().at == END
        assert (past(client).begin, past(client).end) == (BEGIN, END)


async def test_it_begins_where_it_is_told_counted_from_the_end() -> None:
    client = ReviewClient("evening.db", first=lambda end: end - 600)

    async with reviewing(evening(), client, at=END - 600):
        assert client.snapshot().at == END - 600


async def test_steps_add_up_and_stay_within_the_recording() -> None:
    async with reviewing(evening()) as client:
        for _ in range(3):
            client.step(-1)
        client.leap(-1)
        await until(is_shown(client, END - 630))

        client.leap(-100)
        await until(is_shown(client, BEGIN))

        client.step(1)
        await until(is_shown(client, BEGIN + 10))


async def test_it_goes_to_the_begin_to_the_end_and_to_any_time() -> None:
    async with reviewing(evening()) as client:
        for move, at in ((client.to_begin, BEGIN), (client.to_end, END), (lambda: client.to(DOWN + 5), DOWN + 5)):
            move()

            await until(is_shown(client, at))


async def test_it_goes_from_event_to_event() -> None:
    async with reviewing(evening()) as client:
        for is_later, at in ((False, UP), (False, DOWN), (True, UP)):
            client.to_event(is_later=is_later)

            await until(is_shown(client, at))


async def test_it_goes_to_the_events_of_one_model() -> None:
    async with reviewing(evening()) as client:
        client.to_event(is_later=False, models=("deepseek-v3",))

        await until(is_shown(client, BEGIN + 3))


@pytest.mark.parametrize(("is_later", "at", "said"), [(True, END, "later"), (False, BEGIN, "earlier")])
async def test_where_nothing_else_happened_it_stays_and_says_so(*, is_later: bool, at: float, said: str) -> None:
    async with reviewing(evening()) as client:
        client.to(at)
        await until(is_shown(client, at))

        client.to_event(is_later=is_later)

        await until(lambda: past(client).note == f"nothing {said} happened")
        client.step(0)
        await until(lambda: not past(client).note)


async def test_the_fleet_is_as_it_was() -> None:
    async with reviewing(evening()) as client:
        client.to(DOWN + 5)
        await until(is_shown(client, DOWN + 5))

        model = client.snapshot().model("gpt-5")

        assert model is not None
        assert (model.status, model.serving) == (ModelStatus.UNAVAILABLE, "claude-4-sonnet")
        assert [alert.subject for alert in client.snapshot().alerts] == ["gpt-5"]
        assert model.requests == 57 + 40  # calls until a minute before the breaker opened, and all probes
        assert len(model.response_times) == 180
        other = client.snapshot().model("deepseek-v3")
        assert other is not None
        assert other.p95 == pytest.approx(1.5)


async def test_the_log_holds_what_happened_up_to_the_cursor() -> None:
    async with reviewing(evening()) as client:
        client.to(DOWN)
        await until(is_shown(client, DOWN))

        page = client.events(0)

        assert page.is_anew
        assert max(event.at for event in page.events) == DOWN
        assert any(isinstance(event, e.BreakerChanged) for event in page.events)
        assert any(isinstance(event, e.ProbeFinished) for event in page.events)
        assert client.events(page.cursor).events == ()


async def test_another_cursor_gives_another_log() -> None:
    async with reviewing(evening()) as client:
        page = client.events(0)

        client.to(BEGIN)
        await until(is_shown(client, BEGIN))
        earlier = client.events(page.cursor)

        assert earlier.is_anew
        assert [type(event) for event in earlier.events] == [e.EngineStarted]


async def test_the_sequence_grows_with_everything_that_is_shown() -> None:
    async with reviewing(evening()) as client:
        seen = [client.snapshot().sequence]
        for at in (DOWN, UP):
            client.to(at)
            await until(is_shown(client, at))
            seen.append(client.snapshot().sequence)

        assert seen == sorted(set(seen))


async def test_the_line_shows_marks_gaps_and_where_an_engine_ran() -> None:
    async with reviewing(evening()) as client:
        line = past(client).line

        assert (line.begin, line.end) == (7_200.0, 10_800.0)
        assert (DOWN, Severity.CRITICAL) in line.marks
        assert line.gaps == ((BEGIN + 300, BEGIN + 420),)
        assert line.runs == ((BEGIN, END),)


async def test_longer_steps_come_with_a_longer_line_and_end_with_the_longest() -> None:
    async with reviewing(evening()) as client:
        for scales, scale in ((1, SCALES[1]), (9, SCALES[-1]), (-9, SCALES[0])):
            client.zoom(scales)
            await until(lambda scale=scale: past(client).step == scale.step)  # type: ignore[misc]  # bound here
            await until(is_shown(client, END))

            assert past(client).line.end - past(client).line.begin == scale.line


async def test_a_place_that_is_not_whole_says_so() -> None:
    async with reviewing(evening(caution="it was copied without its log")) as client:
        client.to(BEGIN + 350)
        await until(is_shown(client, BEGIN + 350))

        assert past(client).gap == "disk full, 12 events lost"
        assert past(client).caution == "it was copied without its log"


async def test_nothing_can_be_acted_on() -> None:
    client = ReviewClient("evening.db")
    command = Command(Action.TRIP, "gpt-5", "because")

    assert client.preview(command).refusal == REFUSAL
    assert not client.preview(command).is_allowed
    assert client.command(command).result().message == REFUSAL
    assert client.undo().result().message == REFUSAL
    assert client.reload(dry_run=False).result().message == REFUSAL
    assert not client.command(command).result().is_done


# --- a store that fails, hangs or grows ---


async def test_a_store_that_fails_shows_its_error_above_what_was_read_last() -> None:
    store = evening()
    async with reviewing(store) as client:
        store.failure = HiveError("the disk reports an error")
        client.to(DOWN)

        await until(lambda: past(client).problem == "the disk reports an error")
        assert client.snapshot().at == END
        assert len(client.snapshot().models) == 3


async def test_a_store_that_answers_again_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_client, "RETRY", 0.001)
    store = evening()
    async with reviewing(store) as client:
        store.failure = HiveError("busy")
        client.to(DOWN)
        await until(lambda: bool(past(client).problem))

        store.failure = None

        await until(lambda: not past(client).problem and not past(client).is_loading)


async def test_an_error_of_our_own_is_told_by_its_place_and_ends_nothing() -> None:
    store = evening()
    async with reviewing(store) as client:
        store.failure = KeyError("secret")
        client.to(DOWN)

        await until(lambda: past(client).problem.startswith("an error of this program, KeyError at evening.py"))
        assert "secret" not in past(client).problem


async def test_a_store_that_cannot_be_read_from_the_start_shows_why() -> None:
    store = evening()
    store.failure = HiveError("the database file is damaged")
    async with reviewing(store, at=None) as client:
        await until(lambda: past(client).problem == "the database file is damaged")

        assert client.snapshot().sequence > 0


async def test_a_failing_store_is_not_asked_in_a_loop() -> None:
    store = evening()
    async with reviewing(store) as client:
        store.failure = HiveError("busy")
        client.to(DOWN)
        await until(lambda: bool(past(client).problem))
        sequence = client.snapshot().sequence

        for _ in range(1_000):
            await asyncio.sleep(0)

        assert client.snapshot().sequence == sequence


async def test_a_load_under_way_gives_way_to_a_newer_move() -> None:
    class Hanging(ReviewedStore):
        """Hangs on one instant."""

        stuck = 0

        async def state_at(self, at: float):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as the base class has it
            if at == DOWN:
                self.stuck += 1
                await asyncio.Event().wait()
            return await super().state_at(at)

    store = Hanging(*an_evening(BEGIN))
    client = ReviewClient("evening.db", poll=0.001, patience=0.0)
    async with reviewing(store, client):
        client.to(DOWN)
        await until(lambda: store.stuck == 1)
        assert past(client).is_loading
        assert past(client).cursor == DOWN

        client.to(UP)

        await until(is_shown(client, UP))


async def test_moves_that_nobody_carries_out_are_bounded() -> None:
    client = ReviewClient("evening.db", poll=0.001)
    for _ in range(MOVES_WAITING * 3):
        client.step(-1)

    async with reviewing(evening(), client, at=END - MOVES_WAITING * 10):
        assert past(client).cursor == END - MOVES_WAITING * 10


async def test_a_move_may_come_from_another_thread() -> None:
    async with reviewing(evening()) as client:
        await asyncio.to_thread(client.to, DOWN)

        await until(is_shown(client, DOWN))


async def test_a_move_after_the_end_of_the_loop_is_nobodys() -> None:
    client = ReviewClient("evening.db", poll=0.001)

    def review() -> None:
        async def briefly() -> None:
            async with reviewing(evening(), client):
                pass

        asyncio.run(briefly())

    await asyncio.to_thread(review)
    client.step(-1)

    assert client.snapshot().at == END


async def test_at_the_end_of_a_live_recording_it_goes_on_with_it() -> None:
    store = evening(is_live=True)
    async with reviewing(store) as client:
        store.tell(e.EngineStarted(at=END + 60, version="0.1.0", models=("gpt-5",)))

        await until(is_shown(client, END + 60))
        assert past(client).is_live


async def test_elsewhere_in_a_live_recording_it_stays_and_only_its_end_moves() -> None:
    store = evening(is_live=True)
    async with reviewing(store) as client:
        client.to(DOWN)
        await until(is_shown(client, DOWN))
        looked = len(store.looks_at)

        store.tell(e.EngineStarted(at=END + 60, version="0.1.0", models=("gpt-5",)))

        await until(lambda: past(client).end == END + 60)
        assert client.snapshot().at == DOWN
        assert len(store.looks_at) == looked


async def test_an_empty_recording_shows_nothing_until_something_comes() -> None:
    store = ReviewedStore(is_live=True)
    async with reviewing(store, at=0.0) as client:
        client.to(DOWN)
        assert past(client).end is None
        assert client.snapshot().models == ()

        store.tell(*an_evening(BEGIN))

        await until(is_shown(client, DOWN))
