"""Palettes: readable, whole, and what NO_COLOR means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from hive_console.ui.app import HiveApp
from hive_console.ui.terminal import terminal_problem, wants_ascii, wants_no_color
from hive_console.ui.theming import Colorless, theme_of
from hive_themes.palette import GROUNDS, INKS, Palette, PaletteError, contrast
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
from tests.screens.posted import FakeClient
from tests.screens.stage import staged

READABLE = 4.5
"""WCAG 2.1 AA for text of normal size."""


@pytest.mark.parametrize("palette", read_all(), ids=ORDER)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", INKS)
def test_every_ink_is_readable_on_every_ground(palette: Palette, ground: str, ink: str) -> None:
    assert contrast(getattr(palette, ink), getattr(palette, ground)) >= READABLE


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
