"""The inbox's order: who stands where, what is put together, and what is folded away; and what each line says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertState, Severity
from hive_widgets.alert_list import AlertList, names_of, next_words, standing_of
from hive_widgets.inbox_rows import Grouping, Head, InboxRow, Section, inbox_order, key_of, rows_of, section_of
from tests.screens.alert_scenes import busy, busy_alerts, storm
from tests.screens.posted import NOW, alert


def told(rows: tuple[InboxRow, ...]) -> list[str]:
    """Alerts by id, heads by their words and count."""
    return [f"{row.words} {row.count}" if isinstance(row, Head) else key_of(row)[1] for row in rows]


def test_each_standing_has_its_section_and_the_muted_ones_are_folded() -> None:
    fleet = busy()

    assert told(rows_of(fleet.alerts, fleet.pending)) == [
        *("A-1", "A-2", "A-3"),
        *("acknowledged 1", "A-4"),
        *("pending 1", "rate-limited"),
        "silenced 2",
        "explained by others 1",
        *("resolved 1", "A-0"),
    ]


def test_a_head_that_was_turned_shows_or_hides_what_is_below() -> None:
    rows = rows_of(busy_alerts(), turned=frozenset({"section silenced", "section over"}))

    assert told(rows)[5:] == ["silenced 2", "A-5", "A-6", "explained by others 1", "resolved 1"][0:5]


def test_whoever_has_it_counts_for_more_than_what_mutes_it() -> None:
    assert section_of(alert("a", acknowledged_by="maria", silenced_by="S-1")) is Section.TAKEN
    assert section_of(alert("a", silenced_by="S-1", inhibited_by="b")) is Section.SILENCED
    assert section_of(alert("a", silenced_by="S-1", state=AlertState.RESOLVED)) is Section.OVER


def test_errors_stand_between_critical_alerts_and_warnings() -> None:
    alerts = [alert(severity.value, severity=severity) for severity in Severity]

    assert [one.alert_id for one in inbox_order(alerts)] == ["critical", "error", "warning", "info"]


@pytest.mark.parametrize(
    ("grouping", "first", "groups"),
    [(Grouping.RULE, "model-unavailable 50", 4), (Grouping.PROVIDER, "anthropic 34", 9)],
)
def test_a_storm_is_a_few_lines_the_gravest_first(grouping: Grouping, first: str, groups: int) -> None:
    rows = rows_of(storm().alerts, grouping=grouping)

    assert told(rows)[0] == first
    assert len(rows) == groups
    assert sum(row.count for row in rows if isinstance(row, Head)) == 200


def test_an_alert_that_is_alone_in_its_group_stands_for_itself() -> None:
    assert told(rows_of(busy_alerts(), grouping=Grouping.RULE))[:3] == ["A-1", "A-2", "A-3"]


def test_what_bears_no_provider_has_a_group_of_its_own() -> None:
    bare = (alert("a"), alert("b"))

    assert told(rows_of(bare, grouping=Grouping.PROVIDER)) == ["no provider 2"]


def test_an_open_group_shows_its_alerts() -> None:
    rows = rows_of(storm(8).alerts, grouping=Grouping.RULE, turned=frozenset({"rule rate-limited"}))

    assert told(rows)[3:] == ["rate-limited 2", "A-003", "A-007"]


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (alert("a"), "FIRING"),
        (alert("a", next_step_at=NOW + 240, next_told=("mail",)), "→ mail in 4 m"),
        (alert("a", next_step_at=NOW + 240, next_told=("mail", "pager")), "→ mail +1 in 4 m"),
        (alert("a", next_step_at=NOW - 1), "→ now"),
        (alert("a", acknowledged_by="maria"), "✔ maria"),
        (alert("a", acknowledged_by="maria", acknowledged_until=NOW + 7200), "✔ maria 2 h"),
        (alert("a", silenced_by="S-1", next_step_at=NOW), "silenced"),
        (alert("a", inhibited_by="b"), "explained"),
        (alert("a", state=AlertState.RESOLVED, acknowledged_by="maria"), "resolved"),
    ],
)
def test_a_line_says_what_comes_next(view: AlertView, words: str) -> None:
    assert next_words(view, NOW) == words


def test_every_sign_has_an_ascii_twin() -> None:
    view = alert("a", next_step_at=NOW + 9, next_told=("mail",))

    assert next_words(view, NOW, is_ascii=True) == "-> mail in 9 s"
    assert standing_of(replace(view, acknowledged_by="jo"), is_ascii=True) == "v jo"


def test_names_are_counted_beyond_the_first() -> None:
    assert names_of(("a", "b", "c")) == "a, b +1"


def test_who_could_not_be_told_is_said_before_who_was() -> None:
    listed = AlertList()
    view = alert("a", told=("slack",), untold=("mail",), times=2, is_flapping=True)

    narrow = "".join(piece.text for piece in listed._alert(view, 80))
    wide = "".join(piece.text for piece in listed._alert(view, 130))

    assert "≈ ×3 NOT TOLD mail claude" in narrow
    assert wide.rstrip().endswith("NOT TOLD mail")
    assert "told slack" in "".join(piece.text for piece in listed._alert(replace(view, untold=()), 130))
    assert "told" not in "".join(piece.text for piece in listed._alert(replace(view, untold=()), 80))
