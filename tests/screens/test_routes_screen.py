"""The routes: who serves, who is next, what is shared, and acting on the chain under the cursor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core.chains import chains_of, shared_risks
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import FleetSnapshot, HoldView, RouteView
from hive_console.core.states import HoldKind, ModelStatus
from hive_console.ui import routes_lines
from hive_console.ui.model_screen import ModelScreen
from hive_console.ui.routes_screen import RoutesScreen
from hive_console.ui.target_picker import TargetPicker
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import NOW, FakeClient, healthy, incident, model, unknown
from tests.screens.reviewed import reviewed
from tests.screens.stage import Stage, staged

ROUTE = RouteView("fast", "gpt-5-mini", "gpt-5-mini", Strategy.FASTEST, ("gpt-5-mini", "o4-mini", "grok-3"))


def on_top(stage: Stage) -> RoutesScreen:
    screen = stage.app.screen
    assert isinstance(screen, RoutesScreen)
    return screen


async def opened(stage: Stage) -> RoutesScreen:
    await stage.press("4")
    return on_top(stage)


def rows(screen: RoutesScreen) -> list[str]:
    return screen.lines.text.splitlines()


def with_pin(fleet: FleetSnapshot) -> FleetSnapshot:
    hold = HoldView(HoldKind.PINNED, "claude-4-opus", "maria", NOW - 60, NOW + 1450, "INC-4412", "gpt-5")
    return replace(fleet, holds=(hold,))


# --- what is said, without a screen ---


def row(fleet: FleetSnapshot, name: str, *, width: int = 200, plain: bool = False) -> str:
    chain = next(one for one in chains_of(fleet) if one.name == name)
    return "".join(piece.text for piece in routes_lines.row_pieces(chain, width=width, plain=plain))


def details(fleet: FleetSnapshot, name: str) -> str:
    chains = chains_of(fleet)
    chain = next(one for one in chains if one.name == name)
    lines = routes_lines.detail_lines(chain, shared_risks(chains), fleet, now=NOW, width=200, plain=False)
    return "\n".join("".join(piece.text for piece in line) for line in lines)


def test_a_chain_reads_from_the_primary_to_who_is_next() -> None:
    assert row(incident(), "claude-4-sonnet") == (
        "▲ LAST ONE claude-4-sonnet ✖ ═► gpt-5 ● serving 100 % ─► deepseek-v3 ▲"
    )
    assert row(healthy(), "o4-mini") == "● itself   o4-mini ● serving 100 % ─► claude-4-sonnet ● next ─► gpt-5 ●"


def test_a_chain_in_ascii_has_signs_of_every_terminal() -> None:
    assert row(incident(), "claude-4-sonnet", plain=True).isascii()


def test_weights_stand_beside_the_models() -> None:
    assert "gpt-5-mini ● serving 75 %" in row(incident(), "gpt-5-mini")
    assert "gpt-5 ● 25 % next" in row(incident(), "gpt-5-mini")
    assert "shared by weight: gpt-5-mini 3, claude-4-sonnet 1, gpt-5 1" in details(incident(), "gpt-5-mini")


def test_a_route_has_its_name_before_its_primary() -> None:
    fleet = replace(healthy(), routes=(ROUTE,))

    assert row(fleet, "fast").startswith("● itself   fast: gpt-5-mini ● serving ─► o4-mini ● next")
    assert "the faster of two that are ready is asked first" in details(fleet, "fast")


def test_nobody_is_said_in_capitals() -> None:
    down = model("gpt-5", status=ModelStatus.UNAVAILABLE, serving=None, fallbacks=())
    fleet = replace(healthy(), models=(down,))

    assert row(fleet, "gpt-5") == "✖ NOBODY   gpt-5 ✖  NOBODY serves"
    assert "exhausted: its requests fail" in details(fleet, "gpt-5")


def test_how_many_failures_are_left_is_said() -> None:
    assert "exhausted after 1 more failure," in details(incident(), "claude-4-sonnet")
    assert "exhausted after 3 more failures," in details(healthy(), "o4-mini")


def test_a_pin_says_whose_it_is_and_how_long_it_lasts() -> None:
    assert "pinned → gpt-5 by maria, 24:10 left “INC-4412”" in details(with_pin(incident()), "claude-4-opus")


def test_one_model_for_many_is_said_as_a_shared_risk() -> None:
    assert "claude-4-sonnet is the next for 11: shared risk, 24 calls for 10 places" in details(
        healthy(), "o4-mini"
    )


def test_one_provider_for_both_is_said() -> None:
    fleet = replace(healthy(), models=(model("gpt-5", fallbacks=("o4-mini",)), model("o4-mini")))

    assert "gpt-5 and o4-mini are both openai's" in details(fleet, "gpt-5")


def test_why_somebody_cannot_serve_is_said() -> None:
    assert "fault: key refused (401)" in details(incident(), "command-r-plus")


def test_a_strategy_that_asks_all_says_so() -> None:
    fleet = replace(
        healthy(), models=(model("gpt-5", fallbacks=("o4-mini",), strategy=Strategy.PARALLEL), model("o4-mini"))
    )

    assert "all asked at once" in details(fleet, "gpt-5")


def test_what_is_not_in_the_fleet_is_said() -> None:
    fleet = replace(healthy(), models=(model("gpt-5", fallbacks=("gone",)),))

    assert "gone not in the fleet" in details(fleet, "gpt-5")
    assert "gone ?" in row(fleet, "gpt-5")


# --- on the screen ---


async def test_the_gravest_chain_is_on_top_and_the_summary_counts() -> None:
    async with staged(FakeClient(incident())) as stage:
        screen = await opened(stage)

        assert rows(screen)[0].startswith("›▲ LAST ONE claude-4-sonnet")
        assert " 12 chains  5 on the last one  5 moved  gpt-5 is next for 6, more than it takes" in screen.text


async def test_a_calm_fleet_is_said_to_be_calm() -> None:
    async with staged(FakeClient(healthy()), size=(120, 40)) as stage:
        assert "all that is known of serves itself" in (await opened(stage)).text


async def test_before_anything_is_known_nobody_is_said_to_be_missing() -> None:
    async with staged(FakeClient(unknown())) as stage:
        screen = await opened(stage)

        assert all(line[1:].startswith("? unknown") for line in rows(screen))
        assert "NOBODY" not in screen.text


async def test_the_list_follows_the_fleet() -> None:
    client = FakeClient(healthy())
    async with staged(client) as stage:
        screen = await opened(stage)
        client.post(replace(incident(), sequence=99))
        screen.tick()

        assert "LAST ONE" in screen.text


async def test_a_filter_finds_whom_a_model_serves() -> None:
    async with staged(FakeClient(incident())) as stage:
        screen = await opened(stage)
        await stage.press("slash")
        await stage.write("serving:gpt-5 state:last")
        await stage.press("enter")

        assert len(rows(screen)) == 5
        await stage.press("escape")
        assert len(rows(screen)) == 12
        screen.set_filter("no-such")
        assert rows(screen) == [" no route matches the filter; esc clears it"]


async def test_keys_act_on_the_primary_and_enter_opens_it() -> None:
    async with staged(FakeClient(incident())) as stage:
        screen = await opened(stage)
        await stage.press("f")
        await stage.until(lambda: isinstance(stage.app.screen, TargetPicker))
        await stage.press("escape", "enter")

        assert isinstance(stage.app.screen, ModelScreen)
        assert stage.app.screen.model_id == "claude-4-sonnet"
        await stage.press("escape")
        assert on_top(stage) is screen


async def test_brackets_stop_where_something_is_not_as_configured() -> None:
    async with staged(FakeClient(incident())) as stage:
        screen = await opened(stage)
        await stage.press("G", "left_square_bracket")

        assert screen.current is not None
        assert screen.current.name == "claude-4-opus"
        await stage.press("right_square_bracket")
        assert "nothing below that matters" in screen.text


@pytest.mark.parametrize("size", [(80, 24), (30, 8)], ids=["80x24", "30x8"])
async def test_hostile_names_stay_text(size: tuple[int, int]) -> None:
    models = tuple(
        model(payload, provider=payload, status_cause=payload, fault=payload, fallbacks=PAYLOADS[:2])
        for payload in PAYLOADS
    )
    holds = tuple(HoldView(HoldKind.PINNED, name, name, NOW, None, name, name) for name in PAYLOADS)
    fleet = replace(incident(), models=models, holds=holds, alerts=())
    async with staged(FakeClient(fleet), size=size) as stage:
        await opened(stage)
        for _ in PAYLOADS:
            await stage.press("j", "space")
            assert not controls_in(stage.shown)
            await stage.press("escape")
            assert not controls_in(stage.shown)


async def test_a_review_shows_the_chains_of_its_time() -> None:
    async with reviewed() as review:
        await review.press("4")

        assert "gpt-5" in review.shown
        assert "in flight" not in review.shown
