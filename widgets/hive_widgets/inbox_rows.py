"""The inbox in the order in which a person should read it: sections, groups and what is folded away; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from hive_console.core.snapshot import AlertView, PendingView
from hive_console.core.states import AlertState
from hive_widgets.glyphs import ACKNOWLEDGED, INHIBITED, PENDING, RESOLVED, SEVERITY_MARKS, SILENCED, Mark


class Section(Enum):
    """Parts of the inbox, in their order; the value is its word."""

    WAITING = "want somebody"
    TAKEN = "acknowledged"
    PENDING = "pending"
    SILENCED = "silenced"
    INHIBITED = "explained by others"
    OVER = "resolved"


class Grouping(Enum):
    """By what the alerts that want somebody are put together; the value is its word."""

    SEVERITY = "severity"
    RULE = "rule"
    PROVIDER = "provider"


_FOLDED = frozenset({Section.SILENCED, Section.INHIBITED})
"""Sections that are one line until somebody opens them: nobody is told of what is in them."""

_MARKS = {
    Section.TAKEN: ACKNOWLEDGED,
    Section.PENDING: PENDING,
    Section.SILENCED: SILENCED,
    Section.INHIBITED: INHIBITED,
    Section.OVER: RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Head:
    """The line above a section or a group, by which it is folded.

    Attributes:
        key: its name, which stays while it is there.
        mark: of a group that of its gravest alert.
        words: what is below it.
        count: how many.
        is_open: whether they are shown.
        alerts: those below it; none of a section of conditions that are no alerts yet.
        begins: since when the oldest of a group fires; `None` of a section.
    """

    key: str
    mark: Mark
    words: str
    count: int
    is_open: bool
    alerts: tuple[AlertView, ...] = ()
    begins: float | None = None


InboxRow = AlertView | PendingView | Head


def key_of(row: InboxRow) -> tuple[str, ...]:
    """What tells the row from all others and stays while its words change."""
    match row:
        case AlertView():
            return ("alert", row.alert_id)
        case PendingView():
            return ("pending", row.name or row.rule.value, row.subject)
        case Head():
            return ("head", row.key)


def section_of(alert: AlertView) -> Section:
    """Where the alert stands: whoever has it counts for more than what mutes it."""
    if alert.state is AlertState.RESOLVED:
        return Section.OVER
    if alert.acknowledged_by is not None:
        return Section.TAKEN
    if alert.silenced_by:
        return Section.SILENCED
    return Section.INHIBITED if alert.inhibited_by else Section.WAITING


def inbox_order(alerts: Iterable[AlertView]) -> tuple[AlertView, ...]:
    """What wants somebody first; in each section the grave ones, then the new ones. What is over goes by time."""
    places = {section: place for place, section in enumerate(Section)}

    def rank(alert: AlertView) -> tuple[int, int, float, str]:
        is_over = alert.state is AlertState.RESOLVED
        newest = alert.resolved_at if alert.resolved_at is not None else alert.raised_at
        return places[section_of(alert)], 0 if is_over else -alert.severity.rank, -newest, alert.alert_id

    return tuple(sorted(alerts, key=rank))


def rows_of(
    alerts: Iterable[AlertView],
    pending: tuple[PendingView, ...] = (),
    *,
    grouping: Grouping = Grouping.SEVERITY,
    turned: frozenset[str] = frozenset(),
    provider_of: Callable[[AlertView], str] = lambda alert: dict(alert.labels).get("provider", ""),
) -> tuple[InboxRow, ...]:
    """The lines of the inbox from the top.

    Args:
        alerts: in any order.
        pending: what is no alert yet.
        grouping: by what those that want somebody are put together, where two or more belong together.
        turned: keys of heads that somebody folded, or opened where they are folded at first.
        provider_of: names the provider of an alert; empty for none.
    """
    parts: dict[Section, list[AlertView]] = {section: [] for section in Section}
    for alert in inbox_order(alerts):
        parts[section_of(alert)].append(alert)
    rows: list[InboxRow] = []
    for section, members in parts.items():
        if section is Section.WAITING:
            rows += _grouped(members, grouping, turned, provider_of)
        elif section is Section.PENDING:
            rows += _section(section, pending, turned)
        else:
            rows += _section(section, tuple(members), turned)
    return tuple(rows)


def _section(
    section: Section, members: tuple[AlertView, ...] | tuple[PendingView, ...], turned: frozenset[str]
) -> list[InboxRow]:
    if not members:
        return []
    key = f"section {section.name.lower()}"
    is_open = (section not in _FOLDED) is not (key in turned)
    alerts = tuple(member for member in members if isinstance(member, AlertView))
    head = Head(key, _MARKS[section], section.value, len(members), is_open, alerts)
    return [head, *(members if is_open else ())]


def _grouped(
    alerts: list[AlertView],
    grouping: Grouping,
    turned: frozenset[str],
    provider_of: Callable[[AlertView], str],
) -> list[InboxRow]:
    if grouping is Grouping.SEVERITY:
        return list(alerts)
    groups: dict[str, list[AlertView]] = {}
    for alert in alerts:
        name = alert.rule_id if grouping is Grouping.RULE else provider_of(alert) or "no provider"
        groups.setdefault(name, []).append(alert)
    rows: list[InboxRow] = []
    for name, members in groups.items():
        if len(members) == 1:
            rows += members
            continue
        key = f"{grouping.value} {name}"
        is_open = key in turned
        begins = min(member.raised_at for member in members)
        mark = SEVERITY_MARKS[members[0].severity]
        rows.append(Head(key, mark, name, len(members), is_open, tuple(members), begins))
        rows += members if is_open else ()
    return rows
