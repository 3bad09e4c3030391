"""Matchers of labels, as routes, silences and maintenance write them: `model=gpt-*`, `severity!=info`.

`*` stands for any text and is the only sign with a meaning, so that no pattern can be slow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hive_console.core.errors import SettingsError

LABELS = ("rule", "severity", "subject", "model", "provider", "group", "route", "channel", "key")
"""Labels that alerts bear; a matcher of another one matches nothing and is refused."""

LONGEST_MATCHER = 200
MOST_MATCHERS = 20


@dataclass(frozen=True, slots=True)
class Matcher:
    """One claim about a label.

    Attributes:
        label: its name, one of `LABELS`.
        pattern: what its value must be, with `*` for any text; an alert without the label has it empty.
        is_not: whether the value must not be that.
    """

    label: str
    pattern: str
    is_not: bool = False

    def __post_init__(self) -> None:
        """Raises `SettingsError` for a label that no alert bears."""
        if self.label not in LABELS:
            raise SettingsError("match", f"{self.label[:40]!r} is no label; known are {', '.join(LABELS)}")
        if len(self.pattern) > LONGEST_MATCHER:
            raise SettingsError("match", f"a pattern has {len(self.pattern)} characters; at most {LONGEST_MATCHER}")

    @classmethod
    def parse(cls, text: str) -> Matcher:
        """Reads `label=pattern` or `label!=pattern`; raises `SettingsError` for anything else."""
        label, sign, pattern = text.partition("=")
        if not sign or not pattern.strip():
            raise SettingsError("match", f"{text[:80]!r} is no matcher; write label=pattern or label!=pattern")
        is_not = label.endswith("!")
        return cls(label.removesuffix("!").strip(), pattern.strip(), is_not)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels fulfil it."""
        return _is_like(labels.get(self.label, ""), self.pattern) is not self.is_not

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.label}{'!' if self.is_not else ''}={self.pattern}"


def all_match(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether the labels fulfil every one of them."""
    return all(matcher.matches(labels) for matcher in matchers)


def _is_like(value: str, pattern: str) -> bool:
    """Whether the value is the pattern, whose `*` stand for any text; linear in both."""
    first, *rest = pattern.split("*")
    if not rest:
        return value == pattern
    *middle, last = rest
    if not value.startswith(first) or not value.endswith(last) or len(value) < len(first) + len(last):
        return False
    at, end = len(first), len(value) - len(last)
    for part in middle:
        found = value.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
