"""Text from outside in markdown stays text, as a parser of GitHub's dialect sees it."""

from __future__ import annotations

import pytest

from hive_console.core.markdown import block, cell, code, table

HOSTILE = (
    "<script>alert(1)</script>",
    "[press](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "http://evil.example www.evil.example a@evil.example @team #1",
    "`` ` ``` end `",
    "```",
    "~~~",
    "a | b | c",
    "\\| \\` \\",
    "# heading",
    "line\nbreak\r\n\x1b[2J",
    "&lt;b&gt;",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_holds_all_of_it_and_ends_where_it_began(text: str) -> None:
    span = code(text)

    fence = span[: len(span) - len(span.lstrip("`"))]
    inside = span[len(fence) : -len(fence)]
    assert span.endswith(fence)
    assert fence not in inside
    assert not inside.startswith("`")
    assert not inside.endswith("`")
    assert span.isprintable()


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_is_a_dash(text: str) -> None:
    assert code(text) == "-"


def test_a_bar_is_no_border_of_a_cell() -> None:
    rows = table(("a", "b"), [(code("x | y"), "2")])

    assert rows == ("| a | b |", "| --- | --- |", "| `x \\| y` | 2 |")
    assert cell("a|b") == "a\\|b"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_line_ends_its_block(text: str) -> None:
    first, *lines, last = block([text, f"   {text}"])

    assert first == f"{last}text"
    assert set(last) == {"`"}
    assert not any(last in line for line in lines)
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
