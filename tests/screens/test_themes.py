"""Palettes: readable, whole, and what NO_COLOR means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from hive_console.core.console_settings import ConsoleSettings, ThemeChoice
from hive_console.ui.app import HiveApp
from hive_console.ui.look import Flags, look_of
from hive_console.ui.terminal import Depth, depth_of, terminal_problem, wants_ascii, wants_no_color
from hive_console.ui.theming import Colorless, Sixteen, theme_of
from hive_themes.palette import ANSI, GROUNDS, INKS, Palette, PaletteError, contrast
from hive_themes.shelf import ORDER, read, read_all
from hive_widgets.glyphs import (
    ACKNOWLEDGED,
    BREAKER_MARKS,
    GAP,
    RESOLVED,
    SEVERITY_MARKS,
    STATUS_MARKS,
    Mark,
    Role,
)
from hive_widgets.pieces import width_of
from tests.screens import posted
from tests.screens.eyesight import (
    DEUTERANOPIA,
    NORMAL,
    OTHER_TERMINALS,
    PROTANOPIA,
    Sight,
    in_256,
    least_distance,
)
from tests.screens.posted import FakeClient
from tests.screens.stage import staged

READABLE, SEEN, ENHANCED = 4.5, 3.0, 7.0
"""WCAG 2.1: AA for text of normal size, for marks, AAA for text."""

PLAIN, JUST_PLAIN, NOTICED = 30.0, 19.0, 9.0
"""Distances of colours: plain at a glance, plain when looked at, and noticed (where glyph and word tell)."""


@pytest.mark.parametrize("palette", read_all(), ids=ORDER)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", INKS)
def test_every_ink_is_readable_on_every_ground(palette: Palette, ground: str, ink: str) -> None:
    assert contrast(palette.rgb(ink), palette.rgb(ground)) >= READABLE


@pytest.mark.parametrize("palette", read_all(), ids=ORDER)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", INKS)
def test_every_ink_is_readable_with_256_colours(palette: Palette, ground: str, ink: str) -> None:
    assert contrast(in_256(palette.rgb(ink)), in_256(palette.rgb(ground))) >= READABLE


@pytest.mark.parametrize("terminal", OTHER_TERMINALS)
@pytest.mark.parametrize("ink", INKS)
def test_sixteen_colours_are_seen_on_terminals_of_other_taste(terminal: str, ink: str) -> None:
    palette = read("hive-16")
    shown = {name: f"#{color}" for name, color in zip(ANSI, OTHER_TERMINALS[terminal].split(), strict=True)}

    assert contrast(shown[getattr(palette, ink)], shown[palette.ground]) >= SEEN


@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("ground", GROUNDS)
def test_high_contrast_is_what_the_standard_calls_enhanced(ink: str, ground: str) -> None:
    palette = read("hive-contrast")

    assert contrast(palette.rgb(ink), palette.rgb(ground)) >= ENHANCED


@pytest.mark.parametrize("name", [name for name in ORDER if read(name).has_color])
def test_no_two_states_look_alike(name: str) -> None:
    assert least_distance(read(name), NORMAL) >= JUST_PLAIN


@pytest.mark.parametrize("sight", [NORMAL, PROTANOPIA, DEUTERANOPIA], ids=["all", "no red", "no green"])
def test_the_colour_blind_safe_theme_is_plain_to_who_sees_neither_red_nor_green(sight: Sight) -> None:
    assert least_distance(read("hive-colorblind"), sight) >= PLAIN


def test_the_dark_theme_would_not_do_for_them() -> None:
    assert least_distance(read("hive-dark"), PROTANOPIA) < JUST_PLAIN


@pytest.mark.parametrize("name", [name for name in ORDER if read(name).has_color])
@pytest.mark.parametrize("sight", [PROTANOPIA, DEUTERANOPIA], ids=["no red", "no green"])
def test_down_and_well_differ_in_every_theme_for_every_eye(name: str, sight: Sight) -> None:
    assert least_distance(read(name), sight, ("good", "bad")) >= NOTICED


def test_the_file_and_the_shelf_know_the_same_themes() -> None:
    assert tuple(choice.value for choice in ThemeChoice if choice is not ThemeChoice.AUTO) == ORDER


def test_sixteen_colours_are_names_of_the_terminal_and_no_ink_is_black() -> None:
    palette = read("hive-16")

    assert {getattr(palette, ground) for ground in GROUNDS} == {"black"}
    assert "black" not in {getattr(palette, ink) for ink in INKS}
    with pytest.raises(PaletteError, match="bad is '#ff0000'; must be one of black, red"):
        replace(palette, bad="#ff0000")


@pytest.mark.parametrize(
    ("style", "told"),
    [
        (Style(color="#ff5555", bgcolor="#000000", bold=True), "1;91;40"),
        (Style(color="#ff5555", bgcolor="#000000", reverse=True), "7;91;40"),
        (Style(), "97;40"),
        (Style(color="default", bgcolor="default"), "97;40"),
        (Style(color="#f04040", bgcolor="#111111"), "91;40"),
        (Style(color="#ffffff", bgcolor="#55ffff"), "30;106"),
    ],
)
def test_sixteen_colours_leave_by_number(style: Style, told: str) -> None:
    (segment,) = Sixteen(read("hive-16")).apply([Segment("x", style)], Color(0, 0, 0))

    assert segment.style is not None
    assert segment.style.render("x") == f"\x1b[{told}mx\x1b[0m"


@pytest.mark.parametrize(
    ("environ", "depth"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Depth.ALL),
        ({"TERM": "xterm-256color", "COLORTERM": "24bit"}, Depth.ALL),
        ({"TERM": "xterm-256color"}, Depth.MANY),
        ({"TERM": "xterm-kitty"}, Depth.ALL),
        ({"TERM": "xterm-direct"}, Depth.ALL),
        ({"TERM": "tmux-256color", "COLORTERM": "truecolor"}, Depth.ALL),
        ({"TERM": "screen-256color", "COLORTERM": "truecolor", "TMUX": "/tmp/t,1,0"}, Depth.ALL),
        ({"TERM": "screen-256color", "COLORTERM": "truecolor"}, Depth.MANY),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, Depth.SIXTEEN),
        ({"TERM": "linux"}, Depth.SIXTEEN),
        ({"TERM": "xterm"}, Depth.SIXTEEN),
        ({"TERM": "vt220", "COLORTERM": "1"}, Depth.SIXTEEN),
    ],
)
def test_a_terminal_gets_the_colours_it_has(environ: dict[str, str], depth: Depth) -> None:
    assert depth_of(environ) is depth
    automatic = look_of(ConsoleSettings(), Flags(), environ).theme
    assert automatic == ("hive-16" if depth is Depth.SIXTEEN else "hive-dark")


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", read_all(), ids=ORDER)
def test_every_role_is_a_variable_of_every_theme(palette: Palette) -> None:
    variables = theme_of(palette).variables

    assert all(re.fullmatch(r"#[0-9a-f]{6}", variables[role.value]) for role in Role)


def test_a_palette_refuses_what_is_no_colour() -> None:
    with pytest.raises(PaletteError, match="bad is 'red'"):
        replace(read("hive-dark"), bad="red")


def test_an_unknown_theme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PaletteError, match=r"no theme \.\./x; there are hive-dark"):
        read("../x")


def all_marks() -> list[Mark]:
    return [*STATUS_MARKS.values(), *BREAKER_MARKS.values(), *SEVERITY_MARKS.values(), ACKNOWLEDGED, RESOLVED, GAP]


def test_every_glyph_is_one_cell_wide_and_has_an_ascii_twin() -> None:
    assert all(width_of(mark.glyph) == 1 for mark in all_marks())
    assert all(mark.ascii_glyph.isascii() and len(mark.ascii_glyph) == 1 for mark in all_marks())


@pytest.mark.parametrize("marks", [STATUS_MARKS, BREAKER_MARKS, SEVERITY_MARKS])
def test_no_two_states_share_a_glyph_or_a_word(marks: dict[object, Mark]) -> None:
    for part in ("glyph", "ascii_glyph", "word"):
        assert len({getattr(mark, part) for mark in marks.values()}) == len(marks)


def test_colour_can_be_taken_out_and_leaves_bold_and_reverse() -> None:
    style = Style(color="#ff0000", bgcolor="#00ff00", bold=True, reverse=True)

    (segment,) = Colorless().apply([Segment("x", style)], Color(0, 0, 0))

    assert segment.style is not None
    assert segment.style.color is None
    assert segment.style.bgcolor is None
    assert segment.style.bold
    assert segment.style.reverse


async def test_a_terminal_without_unicode_gets_ascii_from_every_screen() -> None:
    client = FakeClient(posted.incident(), posted.incident_events())
    async with staged(client, is_ascii=True) as stage:
        for key in ("question_mark", "escape", "colon", "escape", "enter", "x", "escape", "escape", "2", "q"):
            await stage.press(key)

            foreign = {sign for sign in stage.shown if not sign.isascii()}
            assert not foreign, (key, foreign)


async def test_without_colour_no_widget_sends_any(console: Callable[..., HiveApp]) -> None:
    app = console(FakeClient(posted.incident(), posted.incident_events()), no_color=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()

        strips = app.screen._compositor.render_strips()

        styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
        assert all(style.color is None and style.bgcolor is None for style in styles)
        assert any(style.reverse for style in styles)


async def test_no_color_in_the_environment_means_no_colour(
    console: Callable[..., HiveApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    assert console(FakeClient(posted.incident())).theme == "hive-mono"


@pytest.mark.parametrize(
    ("environ", "isatty", "said"),
    [
        ({"TERM": "xterm-256color"}, True, None),
        ({"TERM": "linux"}, True, None),
        ({"TERM": "dumb"}, True, "TERM=dumb"),
        ({}, True, "TERM is not set"),
        ({"TERM": "xterm"}, False, "not a terminal"),
    ],
)
def test_a_terminal_that_cannot_draw_is_refused_with_a_way_out(
    environ: dict[str, str],
    isatty: bool,  # noqa: FBT001 - pytest passes parameters by name
    said: str | None,
) -> None:
    problem = terminal_problem(environ, isatty)

    if said is None:
        assert problem is None
    else:
        assert problem is not None
        assert said in problem
        assert "hive-console status" in problem


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "linux"}, True),
        ({"TERM": "xterm", "LANG": "en_US.UTF-8"}, False),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-1@euro"}, True),
        ({"TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": "en_US.ISO-8859-15"}, True),
        ({"TERM": "xterm"}, False),
    ],
)
def test_old_terminals_get_ascii(environ: dict[str, str], expected: bool) -> None:  # noqa: FBT001 - as above
    assert wants_ascii(environ) is expected


def test_no_color_counts_only_when_it_says_something() -> None:
    assert wants_no_color({"NO_COLOR": "1"})
    assert not wants_no_color({"NO_COLOR": ""})
    assert not wants_no_color({})
