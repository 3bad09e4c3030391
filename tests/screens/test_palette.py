"""The palette: what it finds, in which order, why something cannot be done now, and that it only opens dialogs."""

from __future__ import annotations

import time
from dataclasses import replace

from textual.widgets import Input

from hive_console.core.command import Command, Effect
from hive_console.ui.action_dialog import ActionDialog
from hive_console.ui.alerts_screen import AlertsScreen
from hive_console.ui.deeds import DEED_WORDS
from hive_console.ui.emergency_menu import EmergencyMenu
from hive_console.ui.help_screen import HelpScreen
from hive_console.ui.palette import SHOWN, HivePalette
from hive_console.ui.palette_search import Catalog, Found
from hive_console.ui.target_picker import TargetPicker
from tests.screens.alert_scenes import busy
from tests.screens.looking import fleet_screen, selected
from tests.screens.payloads import PAYLOADS, controls_in
from tests.screens.posted import FakeClient, healthy, incident, many, model
from tests.screens.stage import Stage, staged

ACTIONS = ("trip the breaker", "fail over to …", "fail back", "kill: nothing calls it")
CATALOG = Catalog(
    offers=("alerts: the inbox", "filter status:down", "theme hive-light: light"),
    models=("claude-4-sonnet", "gpt-5", "gpt-5-mini"),
    actions=ACTIONS,
    selected=1,
)


def words(found: Found, catalog: Catalog = CATALOG) -> str:
    if found.model < 0:
        return catalog.offers[found.offer]
    name = catalog.models[found.model]
    return name if found.action < 0 else f"{name}: {catalog.actions[found.action]}"


def best(query: str, limit: int = 5) -> list[str]:
    return [words(found) for found in CATALOG.best(query, limit)]


def test_before_anything_is_typed_the_selected_model_can_be_acted_on() -> None:
    assert [words(found) for found in replace(CATALOG, leading=1).best(" ", 3)] == [
        "alerts: the inbox",
        "gpt-5: trip the breaker",
        "gpt-5: fail over to …",
    ]
    assert [words(found) for found in replace(CATALOG, selected=-1).first(1)] == ["alerts: the inbox"]


def test_a_name_goes_to_its_model_and_then_offers_what_can_be_done_to_it() -> None:
    assert best("gpt-5-mini", 3) == ["gpt-5-mini", "gpt-5-mini: trip the breaker", "gpt-5-mini: fail over to …"]


def test_an_action_is_offered_on_the_selected_model_first_and_then_on_every_one() -> None:
    assert best("trip") == [
        "gpt-5: trip the breaker",
        "claude-4-sonnet: trip the breaker",
        "gpt-5-mini: trip the breaker",
    ]


def test_action_and_model_are_typed_in_any_order() -> None:
    assert best("mini kill", 1) == best("kill mini", 1) == ["gpt-5-mini: kill: nothing calls it"]


def test_whole_words_come_before_parts_and_scattered_letters_last() -> None:
    assert best("gpt", 2) == ["gpt-5", "gpt-5-mini"]
    assert best("clsonnet", 1) == ["claude-4-sonnet"]
    assert best("light", 1) == ["theme hive-light: light"]


def test_what_fits_nothing_finds_nothing() -> None:
    assert best("xyzzy") == []


def test_a_query_of_many_words_is_bounded() -> None:
    assert best("gpt-5 " * 500, 1) == ["gpt-5"]


def test_a_key_costs_little_with_500_models() -> None:
    models = tuple(f"vendor-model-{number:03d}" for number in range(500))
    catalog = Catalog(offers=CATALOG.offers, models=models, actions=tuple(f"do {n}" for n in range(17)))
    began = time.process_time()
    found = catalog.best("d o", SHOWN)

    assert len(found) == SHOWN
    assert time.process_time() - began < 0.5  # 7 ms on the machine it was written on


# --- on the screen ---


async def opened(stage: Stage, query: str = "") -> HivePalette:
    await stage.press("colon")
    palette = stage.app.screen
    assert isinstance(palette, HivePalette)
    await stage.write(query)
    return palette


async def test_both_keys_open_it_and_escape_leaves() -> None:
    async with staged(FakeClient(incident())) as stage:
        for key in ("colon", "ctrl+p"):
            await stage.press(key)
            assert isinstance(stage.app.screen, HivePalette), key
            await stage.press("escape")
            assert len(stage.app.screen_stack) == 1


async def test_an_action_on_another_model_opens_its_dialog_and_does_nothing() -> None:
    async with staged(FakeClient(incident())) as stage:
        await opened(stage, "trip llama")
        await stage.press("enter")

        assert isinstance(stage.app.screen, ActionDialog)
        assert "Trip the breaker of llama-4-maverick" in stage.shown
        assert stage.client.said == []


async def test_a_fail_over_asks_where_to() -> None:
    async with staged(FakeClient(incident())) as stage:
        await opened(stage, "over claude-4-sonnet")
        await stage.press("enter")

        assert isinstance(stage.app.screen, TargetPicker)


async def test_what_cannot_be_done_now_says_why_and_stays() -> None:
    async with staged(FakeClient(incident())) as stage:
        palette = await opened(stage, "trip claude-4-sonnet")
        assert "claude-4-sonnet: trip the breaker  its breaker is open already" in stage.shown
        await stage.press("enter")

        assert stage.app.screen is palette
        assert "not now: its breaker is open already" in stage.shown


async def test_a_read_only_console_finds_deeds_and_says_why_not() -> None:
    async with staged(FakeClient(incident()), read_only=True) as stage:
        palette = await opened(stage, "trip llama")
        await stage.press("enter")

        assert stage.app.screen is palette
        assert "not now: this console is read-only" in stage.shown


async def test_screens_menus_and_wide_words_are_found() -> None:
    kinds: dict[str, type[object]] = {
        "alerts": AlertsScreen,
        "emergency": EmergencyMenu,
        "help": HelpScreen,
        "safe mode": ActionDialog,
    }
    async with staged(FakeClient(incident())) as stage:
        for query, kind in kinds.items():
            await opened(stage, query)
            await stage.press("enter")
            assert isinstance(stage.app.screen, kind), query
            stage.app.action_show_fleet()
            await stage.pilot.pause()


async def test_themes_are_found() -> None:
    async with staged(FakeClient(incident())) as stage:
        await opened(stage, "hive-contrast")
        await stage.press("enter")

        assert stage.app.theme == "hive-contrast"


async def test_what_was_typed_is_a_filter_too() -> None:
    async with staged(FakeClient(incident())) as stage:
        await opened(stage, "status:down")
        await stage.press("enter")

        assert len(stage.app.screen_stack) == 1
        assert "[status:down] 2 of 12" in stage.shown
        await opened(stage, "filter off")
        await stage.press("enter")
        assert "2 of 12" not in stage.shown


async def test_arrows_move_while_one_types() -> None:
    async with staged(FakeClient(incident())) as stage:
        await opened(stage, "gpt-5")
        await stage.press("down", "enter")

        assert selected(stage.app) == "gpt-5-mini"
        assert stage.app.screen is fleet_screen(stage.app)


class CountingClient(FakeClient):
    """Counts dry runs."""

    previews = 0

    def preview(self, command: Command) -> Effect:
        self.previews += 1
        return super().preview(command)


async def test_only_what_is_shown_is_tried_in_a_dry_run() -> None:
    client = CountingClient(many(500))
    async with staged(client) as stage:
        await stage.press("colon")
        client.previews = 0
        await stage.press("t")

        assert 0 < client.previews <= 2 * SHOWN


async def test_what_a_deed_was_refused_for_in_the_meantime_is_said() -> None:
    async with staged(FakeClient(incident())) as stage:
        await opened(stage, "acknowledge claude-4-sonnet")
        stage.client.post(replace(incident(), alerts=()))
        await stage.press("enter")

        assert len(stage.app.screen_stack) == 1
        assert stage.client.said == []


async def test_hostile_names_and_queries_reach_no_terminal() -> None:
    fleet = replace(healthy(), models=tuple(model(payload, fallbacks=()) for payload in PAYLOADS))
    async with staged(FakeClient(fleet)) as stage:
        palette = await opened(stage)
        for payload in PAYLOADS:
            palette.query_one(Input).value = ""
            await stage.write(payload)

            assert controls_in(stage.shown) == set()
            assert palette.text != ""


def test_every_action_on_a_model_can_be_found() -> None:
    catalog = replace(CATALOG, actions=tuple(DEED_WORDS.values()))
    for place, text in enumerate(DEED_WORDS.values()):
        found = catalog.best(f"gpt-5-mini {text}", 1)[0]
        assert (found.model, found.action) == (2, place), text


async def test_deeds_on_alerts_silences_and_channels_are_found_by_name() -> None:
    async with staged(FakeClient(busy())) as stage:
        for query, said in (
            ("acknowledge all", "Acknowledge 3 of 3 alerts"),
            ("grok quota-exhausted resolve", "Resolve by hand: the quota of grok-3"),
            ("channel mail send", "Send a test to mail"),
            ("silence provider=deepseek end", "End silence S-1"),
            ("silence write", "Silence …"),
        ):
            await opened(stage, query)
            await stage.press("enter")
            assert said in stage.dialog.text, query
            stage.app.action_show_fleet()
            await stage.pilot.pause()
        await opened(stage, "alerts delivery log")
        await stage.press("enter")
        await stage.until(lambda: "▌━ delivery log" in stage.shown)


async def test_what_cannot_be_done_to_an_alert_says_why() -> None:
    async with staged(FakeClient(busy())) as stage:
        await opened(stage, "breaker-open acknowledge")

        assert "maria has it already" in stage.shown
