"""The look: flags win over the file, the file over what the terminal suggests, NO_COLOR over all."""

from __future__ import annotations

import pytest

from hive_console.core.console_settings import ConsoleSettings, Remap, ThemeChoice
from hive_console.ui.look import SLOW_RATE, Flags, Look, look_of
from hive_console.ui.plain_signs import in_ascii
from hive_console.ui.splash import frame
from hive_console.ui.terminal import Depth
from tests.screens import posted

RICH = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


def look(
    settings: ConsoleSettings | None = None, flags: Flags | None = None, environ: dict[str, str] | None = None
) -> Look:
    return look_of(settings or ConsoleSettings(), flags or Flags(), RICH | (environ or {}))


def test_a_rich_terminal_gets_everything() -> None:
    assert look() == Look()


def test_the_file_chooses_and_the_command_line_chooses_over_it() -> None:
    light = ConsoleSettings(theme=ThemeChoice.LIGHT)

    assert look(light).theme == "hive-light"
    assert look(light, Flags(theme=ThemeChoice.MONO)).theme == "hive-mono"
    assert look(light, Flags(theme=ThemeChoice.AUTO)).theme == "hive-dark"


def test_no_color_wins_over_both() -> None:
    chosen = look(ConsoleSettings(theme=ThemeChoice.LIGHT), Flags(theme=ThemeChoice.DARK), {"NO_COLOR": "1"})

    assert (chosen.theme, chosen.no_color) == ("hive-mono", True)


@pytest.mark.parametrize("far", [{"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, {"SSH_TTY": "/dev/pts/1"}])
def test_the_mouse_is_the_terminals_over_ssh_unless_asked_for(far: dict[str, str]) -> None:
    assert not look(environ=far).has_mouse
    assert look(ConsoleSettings(mouse=True), environ=far).has_mouse
    assert not look(ConsoleSettings(mouse=True), Flags(no_mouse=True), far).has_mouse
    assert not look(ConsoleSettings(mouse=False)).has_mouse


def test_ascii_is_the_files_then_the_terminals() -> None:
    assert look(environ={"TERM": "linux"}).is_ascii
    assert not look(ConsoleSettings(ascii=False), environ={"TERM": "linux"}).is_ascii
    assert look(ConsoleSettings(ascii=False), Flags(is_ascii=True)).is_ascii
    assert look(ConsoleSettings(ascii=True)).is_ascii


def test_a_slow_line_is_spared() -> None:
    slow = look(ConsoleSettings(refresh=4, mouse=True), Flags(is_slow=True))

    assert (slow.refresh_rate, slow.depth, slow.theme, slow.has_mouse) == (
        SLOW_RATE,
        Depth.SIXTEEN,
        "hive-16",
        False,
    )
    assert look(ConsoleSettings(refresh=0.2), Flags(is_slow=True)).refresh_rate == 0.2


def test_bell_and_keys_are_the_files() -> None:
    chosen = look(ConsoleSettings(bell=False, keys=(Remap("quit", ("Q",)),)))

    assert (chosen.has_bell, chosen.keys) == (False, {"quit": ("Q",)})


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("OPEN 0:21 → ✖ …", "OPEN 0:21 > x ~"),
        ("Müller é", "Muller e"),
        ("宽a", "??a"),
        ("␛]52", "?]52"),
        ("a\u0301b", "ab"),
        ("⣿⡇", "??"),
        ("plain", "plain"),
    ],
)
def test_what_ascii_has_nothing_like_keeps_its_width(text: str, plain: str) -> None:
    assert in_ascii(text) == plain


def test_the_very_first_frame_is_ascii_too() -> None:
    fleet = posted.many(3)

    assert frame(fleet, columns=30, rows=24, is_ascii=True).isascii()
