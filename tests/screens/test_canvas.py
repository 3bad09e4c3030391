"""What is sent makes the terminal show what was composed, whatever it showed before; and in few bytes."""

from __future__ import annotations

import random

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, InlineUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from hive_console.ui.canvas import Canvas
from hive_console.ui.cells import line_of
from hive_console.ui.sgr import between
from tests.screens.emulator import Cell, Emulator

TRUE = ColorSystem.TRUECOLOR

WORDS = ("gpt-5", "OK", "  ", "12.5", "日本", "模型", "▁▂▃▅█", "e\u0301", "→", " ", "x", "DOWN  14m")

STYLES = [
    Style.parse(text)
    for text in (
        "",
        "bold",
        "dim",
        "bold dim",
        "reverse",
        "underline red",
        "red on blue",
        "bold #aabbcc on #101010",
        "#aabbcc on #101010",
        "on #101010",
        "bright_green",
        "color(200) on color(17)",
        "strike italic",
    )
]


def strip_of_width(rng: random.Random, width: int) -> Strip:
    """Random words in random looks, cut to a width."""
    segments: list[Segment] = []
    taken = 0
    while taken < width:
        segments.append(Segment(rng.choice(WORDS), rng.choice(STYLES)))
        taken += segments[-1].cell_length
    return Strip(segments).crop(0, width)


def full(lines: list[Strip], width: int) -> LayoutUpdate:
    return LayoutUpdate([[line] for line in lines], Region(0, 0, width, len(lines)))


def part(y: int, cuts: list[int], strips: dict[int, Strip | None], height: int) -> ChopsUpdate:
    """An update of one line, cut where widgets end."""
    chops: list[dict[int, Strip | None]] = [{} for _ in range(height)]
    chops[y] = strips
    return ChopsUpdate(chops, [(y, 0, cuts[-1])], [cuts[1:] for _ in range(height)])


def drawn_anew(lines: list[Strip], width: int) -> list[list[Cell]]:
    """What a terminal shows that is sent all of the picture."""
    canvas, terminal = Canvas(), Emulator(width, len(lines))
    canvas.put(full(lines, width), TRUE)
    terminal.feed(canvas.frame())
    return terminal.cells


def as_the_library_draws(lines: list[Strip], width: int) -> list[list[Cell]]:
    """What a terminal shows that gets each line as Rich writes it."""
    terminal = Emulator(width, len(lines))
    for y, line in enumerate(lines):
        text = "".join(Strip.render_style(style or Style(), text, TRUE) for text, style, _ in line)
        terminal.feed(f"\x1b[{y + 1}H{text}")
    return terminal.cells


@pytest.mark.parametrize("seed", range(40))
def test_any_number_of_changes_shows_what_drawing_it_anew_shows(seed: int) -> None:
    rng = random.Random(seed)
    width, height = rng.choice(((1, 1), (7, 3), (20, 5), (60, 8)))
    lines = [strip_of_width(rng, width) for _ in range(height)]
    canvas, terminal = Canvas(), Emulator(width, height)
    canvas.put(full(lines, width), TRUE)

    for _ in range(30):
        y = rng.randrange(height)
        cut = rng.randrange(width)
        if not cut or rng.random() < 0.2:
            lines[y] = strip_of_width(rng, width)
            canvas.put(full(lines, width), TRUE)
        else:  # two widgets side by side, of which one or both changed
            left, right = lines[y].divide([cut, width])
            left = left if rng.random() < 0.5 else strip_of_width(rng, cut)
            right = right if rng.random() < 0.5 else strip_of_width(rng, width - cut)
            lines[y] = Strip.join((left, right))
            canvas.put(part(y, [0, cut, width], {0: left, cut: right}, height), TRUE)
        if rng.random() < 0.05:  # others drew
            terminal.feed("\x1b[2J\x1b[7;31m\x1b[H")
            canvas.forget()
        if rng.random() < 0.7:  # otherwise the picture is overtaken before it is sent
            terminal.feed(canvas.frame())
    terminal.feed(canvas.frame())

    assert terminal.cells == drawn_anew(lines, width) == as_the_library_draws(lines, width)
    assert canvas.frame() == ""


def test_another_size_is_drawn_whole() -> None:
    rng = random.Random(1)
    canvas = Canvas()
    for width, height in ((20, 5), (1, 1), (60, 3)):
        lines = [strip_of_width(rng, width) for _ in range(height)]
        canvas.put(full(lines, width), TRUE)
        terminal = Emulator(width, height)

        terminal.feed(canvas.frame())

        assert terminal.cells == drawn_anew(lines, width)


def plain(*lines: str) -> LayoutUpdate:
    strips = [Strip([Segment(line, Style.parse("#e0e0e0 on #121212"))]) for line in lines]
    return full(strips, strips[0].cell_length)


def bytes_for(before: CompositorUpdate, after: CompositorUpdate) -> str:
    canvas = Canvas()
    canvas.put(before, TRUE)
    canvas.frame()
    canvas.put(after, TRUE)
    return canvas.frame()


def test_a_ticking_digit_costs_itself_and_the_way_to_it() -> None:
    assert bytes_for(plain("at 12:00:01 "), plain("at 12:00:02 ")) == "\x1b[1;11H2"


def test_what_changed_and_changed_back_is_not_sent() -> None:
    canvas = Canvas()
    canvas.put(plain("one"), TRUE)
    canvas.frame()

    canvas.put(plain("two"), TRUE)
    canvas.put(plain("one"), TRUE)

    assert canvas.is_behind
    assert canvas.frame() == ""
    assert not canvas.is_behind


def test_of_many_pictures_between_two_frames_only_the_last_is_sent() -> None:
    canvas = Canvas()
    canvas.put(plain("start"), TRUE)
    canvas.frame()

    for word in ("first", "again", "after"):
        canvas.put(plain(word), TRUE)

    assert canvas.frame().endswith("after")


def test_a_column_of_changes_is_walked_down() -> None:
    before, after = plain("a 1.0 z", "b 2.0 z"), plain("a 1.5 z", "b 2.5 z")

    assert bytes_for(before, after) == "\x1b[1;5H5\x1b[B\b5"


def test_small_gaps_are_written_again_and_large_ones_stepped_over() -> None:
    assert bytes_for(plain("a___b"), plain("x___y")) == "\x1b[Hx___y"
    assert bytes_for(plain("a_______b_"), plain("x_______y_")) == "\x1b[Hx\x1b[7Cy"


def test_after_the_cursor_was_put_elsewhere_the_next_change_finds_its_way() -> None:
    canvas, terminal = Canvas(), Emulator(6, 2)
    canvas.put(plain("abc   ", "def   "), TRUE)
    terminal.feed(canvas.frame())

    terminal.feed(canvas.put_cursor(3, 1))
    canvas.put(plain("abc   ", "defg  "), TRUE)
    sent = canvas.frame()
    terminal.feed(sent)

    assert sent == "g"
    assert terminal.lines == ["abc   ", "defg  "]


HOSTILE = "a\x1b[31mb\x9b5mc\x07d\u202ee\u200bf\x1b]0;owned\x07g\ue000h\tk"


def test_no_control_or_hidden_character_gets_past_the_cells() -> None:
    strip = Strip([Segment(HOSTILE, Style(link="https://evil.example", meta={"@click": "quit"}))])

    line = line_of((strip,), TRUE)
    canvas = Canvas()
    canvas.put(LayoutUpdate([[strip]], Region(0, 0, strip.cell_length, 1)), TRUE)
    frame = canvas.frame()

    assert "".join(line.texts) == "a[31mb5mcde" + "f]0;ownedg hk"
    assert "evil" not in frame
    assert not any(bad in frame for bad in ("\x9b", "\x07", "\u202e", "\u200b", "\x1b]"))


def test_joined_emoji_take_the_width_that_the_library_gives_them() -> None:
    family = "👨\u200d👩\u200d👧"
    strip = Strip([Segment(f"{family}ok")])

    line = line_of((strip,), TRUE)

    assert len(line.texts) == strip.cell_length


def test_after_a_wide_character_the_place_is_said() -> None:
    assert bytes_for(plain("....."), plain("日本.")) == "\x1b[H日\x1b[3G本"


def test_an_update_of_an_inline_app_is_refused() -> None:
    with pytest.raises(TypeError, match="InlineUpdate"):
        Canvas().put(InlineUpdate([]), TRUE)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("1;31", "1;31", ""),
        ("1;31", "1;32", "\x1b[32m"),
        ("1;2;38;2;224;224;224", "2;38;2;224;224;224", "\x1b[22;2m"),
        ("7;38;2;224;224;224", "38;2;224;224;224", "\x1b[27m"),
        ("38;5;7;48;2;18;18;18", "48;2;18;18;18", "\x1b[39m"),
        ("38;2;224;224;224;44", "38;2;224;224;224", "\x1b[49m"),
        ("31", "", "\x1b[m"),
        ("", "31", "\x1b[31m"),
        (None, "31", "\x1b[0;31m"),
        (None, "", "\x1b[m"),
        ("1;3;4;9;31", "32", "\x1b[0;32m"),
        ("11", "38;2;1;2;3", "\x1b[0;38;2;1;2;3m"),
    ],
)
def test_a_look_turns_into_another_in_few_bytes(before: str | None, after: str, said: str) -> None:
    assert between(before, after) == said
