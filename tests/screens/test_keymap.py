"""Other keys for actions: what they are called, where they clash, and that they work and are shown."""

from __future__ import annotations

import json
import re
from datetime import UTC
from pathlib import Path

import pytest
from click.testing import CliRunner
from textual.binding import Binding

from hive_console.adapters.config_file import load_text
from hive_console.cli import main
from hive_console.core.errors import ConfigurationError
from hive_console.ui.app import HiveApp
from hive_console.ui.help_screen import HelpScreen
from hive_console.ui.keymap import NoSuchKey, _owners, canonical, clashes, entries, keymap_of, shown
from hive_console.ui.look import Look
from hive_console.wiring.remapped import check_keys, console_settings
from tests.screens import posted
from tests.screens.looking import fleet_screen, pane
from tests.screens.payloads import painted
from tests.screens.posted import NOW, FakeClient

OF_DIALOGS = {
    "app.focus_next",
    "app.focus_previous",
    "cancel",
    "choose",
    "close",
    "dismiss",
    "go_on",
    "move",
    "recall",
    "refuse",
    "turn",
    "undo",
}
"""Actions of dialogs and their fields: moving in them, leaving them, choosing in them."""

MODELS = "models: {gpt-5: {}}\n"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("K", "K"),
        ("?", "question_mark"),
        ("+", "plus"),
        ("ctrl++", "ctrl+plus"),
        (",", "comma"),
        ("ctrl+K", "ctrl+k"),
        ("Esc", "escape"),
        ("F5", "f5"),
        ("shift+right", "shift+right"),
        ("alt+x", "alt+x"),
        ("pgdn", "pagedown"),
        ("ö", "ö"),
    ],
)
def test_keys_are_called_what_people_call_them(written: str, name: str) -> None:
    assert canonical(written) == name
    assert canonical(shown(name)) == name


@pytest.mark.parametrize("written", ["", "shift+k", "hyper+x", "bogus", "\x1b", " ", "ctrl+", "\u0301"])
def test_what_no_terminal_sends_is_no_key(written: str) -> None:
    with pytest.raises(NoSuchKey):
        canonical(written)


def test_every_action_has_a_name_a_key_and_a_screen() -> None:
    for entry in entries():
        assert entry.id, entry
        assert entry.what, entry
        assert entry.keys, entry
        assert entry.screens, entry


def test_what_cannot_be_remapped_moves_within_dialogs_or_leaves_them() -> None:
    nameless = {
        binding.action.partition("(")[0]
        for owner in _owners()
        for base in owner.__mro__
        if base.__module__.startswith("hive_")
        for binding in vars(base).get("BINDINGS", ())
        if isinstance(binding, Binding) and not binding.id
    }

    assert nameless <= OF_DIALOGS


def test_no_two_actions_of_a_screen_clash_as_they_are() -> None:
    assert clashes({}) == ()


def test_two_actions_on_one_key_of_a_screen_are_a_clash() -> None:
    (clash,) = clashes({"fleet.sort": ("p",)})

    assert (clash.key, clash.screen, clash.ids) == ("p", "The fleet", ("fleet.sort", "fleet.pause"))


def test_an_action_of_the_table_clashes_with_one_that_works_everywhere() -> None:
    assert {clash.ids for clash in clashes({"fleet.down": ("T",)})} == {("fleet.down", "theme")}


def test_an_action_of_a_list_clashes_with_one_of_the_screen_it_stands_on() -> None:
    assert ("list.down", "model.trip") in {clash.ids for clash in clashes({"list.down": ("t",)})}


def test_the_examples_of_the_documentation_make_sense() -> None:
    page = (Path(__file__).parents[2] / "docs/configuration.md").read_text()
    (example,) = [found for found in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "console:" in found]
    loaded = load_text(example, "docs", {})

    assert loaded.settings.console.keys
    check_keys(loaded.settings.console.keys, loaded.key_lines, loaded.name)


def test_two_actions_that_change_places_do_not_clash() -> None:
    assert clashes({"fleet.sort": ("p",), "fleet.pause": ("s",)}) == ()


def test_the_same_key_on_screens_that_never_meet_is_no_clash() -> None:
    assert clashes({"alerts.mark": ("p",)}) == ()


def problems(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "hive.yaml"
    path.write_text(MODELS + text)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        console_settings(path)
    return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]


def test_problems_are_told_with_line_and_key(tmp_path: Path) -> None:
    text = "console:\n  keys:\n    flet.sort: o\n    fleet.sort: p\n    quit: hyper+q\n    worst: [W, '!']\n"

    clash = "p is fleet.pause (pause drawing) in 'The fleet'; take another key, or give fleet.pause one"

    assert problems(text, tmp_path) == [
        "4: console.keys.flet.sort: there is no such action; did you mean fleet.sort?",
        "6: console.keys.quit: hyper+q is no key: hyper is none of ctrl, alt and shift",
        f"5: console.keys.fleet.sort: {clash}",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("console: {keys: [a]}", "2: console.keys: is no mapping; write keys: {fleet.sort: o}"),
        ("console: {keys: {quit: yes}}", "2: console.keys.quit: yes is a boolean to YAML; put it in quotes"),
        ("console: {keys: {quit: ~}}", '2: console.keys.quit: has no value; write a key such as K, ctrl+k or "?"'),
        ("console: {keys: {quit: []}}", "2: console.keys.quit: quit has 0 keys; must be from 1 to 4"),
        ("console: {keys: {quit: {a: b}}}", "2: console.keys.quit: holds a list or mapping"),
        ("console: {theme: hive-drak}", '2: console.theme: "hive-drak" is not one of auto'),
        ("console: {refresh: 5}", "2: console.refresh: 5 is out of bounds; must be from 0.1 to 4"),
        ("console: {color: red}", "2: console.color: is no known key"),
    ],
)
def test_what_cannot_be_read_is_told_with_line_and_key(text: str, said: str, tmp_path: Path) -> None:
    assert problems(text, tmp_path)[0].startswith(said)


def test_nothing_is_asked_of_the_screens_where_nothing_is_remapped() -> None:
    check_keys((), {}, "hive.yaml")


async def test_another_key_works_instead_of_the_own_one_and_is_shown() -> None:
    look = Look(keys={"fleet.sort": ("o",), "fleet.filter": ("F6",)})
    app = HiveApp(FakeClient(posted.incident()), now=lambda: NOW, zone=UTC, look=look)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("s")
        own = fleet_screen(app).order.name
        await pilot.press("o")
        other = fleet_screen(app).order.name
        bar = pane(app, "keys")
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        helped = painted(app)

    assert (own, other) == ("worst", "name")
    assert "f6 filter" in bar
    assert "/ filter" not in bar
    assert "o             next order" in helped


async def test_one_action_may_have_several_keys() -> None:
    app = HiveApp(FakeClient(posted.incident()), now=lambda: NOW, look=Look(keys={"quit": ("Q", "f10")}))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        assert app.screen is fleet_screen(app)
        await pilot.press("f10")

        assert app.screen is not fleet_screen(app)


def test_a_keymap_is_made_of_the_librarys_names() -> None:
    assert keymap_of({"help": ("?", "f1")}) == {"help": "question_mark,f1"}


def keys_command(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["keys", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_lists_every_action_and_marks_the_remapped(tmp_path: Path) -> None:
    path = tmp_path / "hive.yaml"
    path.write_text("console: {keys: {fleet.sort: [o, f3]}}")
    path.chmod(0o600)

    lines = keys_command("--config", str(path)).splitlines()
    rows = json.loads(keys_command("--config", str(path), "--json"))

    assert len(lines) == len(rows) + 1 == len(entries()) + 1
    assert [line.split()[:3] for line in lines if "fleet.sort" in line] == [["fleet.sort*", "o", "f3"]]
    assert [row for row in rows if row["isRemapped"]] == [
        {
            "id": "fleet.sort",
            "keys": ["o", "f3"],
            "ownKeys": ["s"],
            "isRemapped": True,
            "what": "next order, sorted now",
            "screens": ["The fleet"],
        }
    ]


def test_the_command_tells_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "hive.yaml"
    path.write_text("console: {keys: {no.such: o}}")
    path.chmod(0o600)

    done = CliRunner().invoke(main, ["keys", "--config", str(path)])

    assert done.exit_code == 1
    assert f"{path}:1: console.keys.no.such: there is no such action" in done.stderr
