"""What changed under `alerts:` between two settings, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hive_console.core import alert_words as words
from hive_console.core.alert_settings import AlertSettings
from hive_console.core.alert_words import Record
from hive_console.core.difference import ChangeKind, Difference
from hive_console.core.settings_words import NOT_SET
from hive_console.core.states import AlertRule
from hive_console.core.text import clean


def alert_changes(old: AlertSettings, new: AlertSettings) -> Iterator[Difference]:
    """Every difference, in the order of the file; none exactly when the two are equal."""
    if old == new:
        return
    yield from _record("", words.general(old), words.general(new))
    yield from _named(
        "channels",
        {one.name: words.channel(one) for one in old.channels},
        {one.name: words.channel(one) for one in new.channels},
    )
    yield from _numbered("routes", list(map(words.route, old.routes)), list(map(words.route, new.routes)))
    yield from _rules(old, new)
    yield from _named(
        "rules",
        {one.name: words.own_rule(one) for one in old.own_rules},
        {one.name: words.own_rule(one) for one in new.own_rules},
    )
    yield from _record(
        "onCall.people",
        {one.name: words.said(words.listed(one.channels)) for one in old.people},
        {one.name: words.said(words.listed(one.channels)) for one in new.people},
    )
    yield from _numbered("onCall.rota", words.rota(old), words.rota(new))
    yield from _numbered("onCall.overrides", words.overrides(old), words.overrides(new))
    yield from _numbered(
        "maintenance", list(map(words.maintenance, old.maintenance)), list(map(words.maintenance, new.maintenance))
    )


def _rules(old: AlertSettings, new: AlertSettings) -> Iterator[Difference]:
    """Default rules are always there: what is said of one for the first time changes its default."""
    named: dict[tuple[AlertRule, str], None] = {}
    for change in (*old.rules, *new.rules):
        named[change.rule, change.group] = None
    for rule, group in named:
        place = f"rules.{rule.value}.groups.{clean(group)}" if group else f"rules.{rule.value}"
        before = words.default_rule(rule, old.rules, group)
        after = words.default_rule(rule, new.rules, group)
        yield from _record(place, before, after)


def _record(subject: str, old: Record, new: Record) -> Iterator[Difference]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if (before and before.whole) == (after and after.whole):
            continue
        is_shown = (before is None or before.is_shown) and (after is None or after.is_shown)
        texts = [one.text if one is not None else NOT_SET for one in (before, after)] if is_shown else []
        yield Difference(ChangeKind.CHANGED, subject, clean(key), *texts)


def _named(part: str, old: Mapping[str, Record], new: Mapping[str, Record]) -> Iterator[Difference]:
    for name, record in new.items():
        place = f"{part}.{clean(name)}"
        if name in old:
            yield from _record(place, old[name], record)
        else:
            yield Difference(ChangeKind.ADDED, place)
    for name in old:
        if name not in new:
            yield Difference(ChangeKind.REMOVED, f"{part}.{clean(name)}")
    if _order(old, new) != _order(new, old):
        yield Difference(ChangeKind.MOVED, part)


def _order(names: Iterable[str], others: Mapping[str, Record]) -> list[str]:
    return [name for name in names if name in others]


def _numbered(part: str, old: Sequence[Record], new: Sequence[Record]) -> Iterator[Difference]:
    """The items of a list by their numbers; what stands the same before and after the change is left out."""
    begin = 0
    while begin < min(len(old), len(new)) and old[begin] == new[begin]:
        begin += 1
    end = 0
    while end < min(len(old), len(new)) - begin and old[-1 - end] == new[-1 - end]:
        end += 1
    before, after = old[begin : len(old) - end], new[begin : len(new) - end]
    for number, pair in enumerate(zip(before, after, strict=False), begin + 1):
        yield from _record(f"{part}.{number}", *pair)
    both = min(len(before), len(after))
    for number in range(begin + both + 1, begin + len(after) + 1):
        yield Difference(ChangeKind.ADDED, f"{part}.{number}")
    for number in range(begin + both + 1, begin + len(before) + 1):
        yield Difference(ChangeKind.REMOVED, f"{part}.{number}")
