"""Incident files: what they mean, and everything that is wrong with one, at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_console.core.errors import ConfigurationError
from hive_console.sim.rehearsal.episodes import Episode, Trouble
from hive_console.sim.rehearsal.incident_file import MAX_BYTES, MAX_PROBLEMS, SEVERITIES, Timeline, read_incidents

PROVIDERS = {"anthropic": ("claude", "haiku"), "openai": ("gpt",)}
HEADING = "provider,model,start,end,severity"
PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"


def read(*lines: str, heading: str = HEADING) -> Timeline:
    return read_incidents("\n".join((heading, *lines)), "days.csv", PROVIDERS)


def problems(*lines: str, heading: str = HEADING) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read(*lines, heading=heading)
    return caught.value.problems


def test_an_incident_hits_a_model_or_all_of_a_provider() -> None:
    timeline = read("anthropic,claude,10,20,outage", "anthropic,*,30,40.5,slow")

    assert timeline.episodes == (
        Episode(10, 20, ("claude",), Trouble.REFUSING, 1.0, "outage at anthropic"),
        Episode(30, 40.5, ("claude", "haiku"), Trouble.SLOW, 4.0, "slow at anthropic"),
    )


def test_dates_count_from_the_midnight_before_the_first_one() -> None:
    timeline = read(
        "openai,gpt,2026-03-02T01:00:00+01:00,2026-03-02T00:30:00Z,minor",
        "openai,*,2026-03-03 06:00,2026-03-03 07:00,critical",
    )

    assert [(one.start, one.end) for one in timeline.episodes] == [(0, 1800), (108_000, 111_600)]
    assert timeline.days == 2


def test_seconds_give_the_days_they_reach_into() -> None:
    assert read("openai,gpt,0,86400,minor").days == 1
    assert read("openai,gpt,0,86401,minor").days == 2


def test_empty_lines_comments_quotes_and_a_byte_order_mark_are_fine() -> None:
    text = f'\ufeff{HEADING}\r\n\r\n# a comment\r\n"openai", gpt , 1 , 2 , Minor \r\n'

    assert len(read_incidents(text, "days.csv", PROVIDERS).episodes) == 1


@pytest.mark.parametrize("word", list(SEVERITIES))
def test_every_severity_is_explained_in_the_docs(word: str) -> None:
    assert f"| `{word}` |" in PAGE.read_text(encoding="utf-8")
    assert read(f"openai,gpt,1,2,{word.upper()}").episodes[0].trouble is SEVERITIES[word][0]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("nobody,gpt,1,2,minor", "days.csv:2: provider: 'nobody' is not in the fleet; there are anthropic, openai"),
        ("openai,claude,1,2,minor", "days.csv:2: model: 'claude' is no model of openai; write one of gpt, *"),
        ("openai,gpt,soon,2,minor", "days.csv:2: start: 'soon' is no time; write 2026-03-01T14:05:00Z or seconds"),
        ("openai,gpt,-1,2,minor", "days.csv:2: start: -1 is out of bounds; must be from 0"),
        ("openai,gpt,nan,2,minor", "days.csv:2: start: nan is out of bounds"),
        ("openai,gpt,2,2,minor", "days.csv:2: end: is not after the start"),
        ("openai,gpt,1,2,awful", "days.csv:2: severity: 'awful' is not known; write one of critical, major"),
        ("openai,gpt,1,2", "days.csv:2: has 4 cells; must have 5: provider,model,start,end,severity"),
        ("openai,gpt,2026-01-01,2037-01-01,minor", "days.csv:2: end: is more than 3660 days after"),
        ("openai,gpt,1,2026-01-01,minor", "days.csv:2: start: mixes dates and seconds"),
        ('openai,"gpt,1,2,minor', "days.csv:2: is no CSV"),
        ("", "days.csv:1: holds no incident"),
    ],
)
def test_a_problem_says_where_it_is_and_what_would_be_right(line: str, problem: str) -> None:
    (found,) = problems(line)

    assert found.startswith(problem)


def test_all_problems_are_told_at_once() -> None:
    found = problems("nobody,gpt,1,2,minor", "openai,gpt,2,1,awful", "openai,gpt,soon,late,minor")

    assert [place.split(": ")[0] for place in found] == ["days.csv:2", "days.csv:3", "days.csv:4", "days.csv:4"]


def test_a_file_of_another_kind_is_told_once() -> None:
    assert problems("1,2,3", heading="a;b;c") == (
        "days.csv:1: the first line must name the columns: provider,model,start,end,severity",
    )


def test_many_problems_are_counted() -> None:
    found = problems(*["openai,gpt,1,2,awful"] * 50)

    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == "days.csv: and 30 further problems"


def test_what_a_file_says_cannot_reach_the_terminal() -> None:
    (found,) = problems("\x1b[31mevil,gpt,1,2,minor")

    assert "\x1b" not in found


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="larger than 8 MiB"):
        read_incidents("x" * (MAX_BYTES + 1), "days.csv", PROVIDERS)


def test_too_many_incidents_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hive_console.sim.rehearsal.incident_file.MAX_INCIDENTS", 2)

    assert problems(*["openai,gpt,1,2,minor"] * 3) == (
        "days.csv:4: there are more than 2 incidents; split the file",
    )
