"""Reads one value each: text to seconds, shares, bytes, money, names, choices; each says what would be right.

A reader takes a node and its place, and returns the value or `None` after noting a problem (a setting whose
value is `None` is read as `NONE`). Bounds are not
checked here: `core.settings` owns them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import NamedTuple, TypeVar

from hive_console.adapters.config_file.problems import Place, shown
from hive_console.adapters.config_file.tree import Kind, Listing, Node, Refused, Scalar, Table
from hive_console.core.text import NAME_LIMIT

Value = object
"""What a reader gives; the settings field it belongs to says which type."""

Reader = Callable[[Node, Place], Value | None]


class Word(Enum):
    """A word of the file that stands for a value which no reader can return."""

    NONE = "none"


NONE = Word.NONE
"""The setting is to be `None`, and that is no problem."""

MICRO_DOLLARS = 1_000_000
"""Micro-dollars of a dollar: money is counted in whole ones."""

_Choice = TypeVar("_Choice", bound=Enum)

_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,14})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")
_DURATION = re.compile(r"(-?\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h)")
_MONEY = re.compile(r"\$(\d{1,15}(?:\.\d{1,6})?)")
_SIZE = re.compile(r"(\d{1,15})(B|KiB|MiB|GiB)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


class Name(NamedTuple):
    """A name in a list, with its line: what it refers to is checked when the whole file is known."""

    text: str
    line: int


def scalar(node: Node, place: Place, wanted: str) -> Scalar | None:
    """The node when it is a single value; notes a problem otherwise."""
    match node:
        case Scalar(kind=Kind.NOTHING):
            place.wrong(node.line, f"has no value; write {wanted}, or remove the line")
        case Scalar():
            return node
        case Listing():
            place.wrong(node.line, f"is a list; write {wanted}")
        case Table():
            place.wrong(node.line, f"is a mapping; write {wanted}")
        case Refused():
            pass
    return None


def _mistaken(node: Scalar) -> str:
    """How YAML misreads the value, in words, where that explains the problem."""
    if node.kind is Kind.NUMBER and ":" in node.text:
        return f"{shown(node.text)} is a base-60 number to YAML"
    if node.kind in {Kind.BOOLEAN, Kind.DATE, Kind.NUMBER}:
        return f"{shown(node.text)} is {node.kind.value} to YAML"
    return f'"{shown(node.text)}" is text'


def _number(node: Node, place: Place, *, pattern: re.Pattern[str], wanted: str) -> str | None:
    value = scalar(node, place, wanted)
    if value is None:
        return None
    if value.kind is Kind.NUMBER and pattern.fullmatch(value.text):
        return value.text
    if value.kind is Kind.TEXT and pattern.fullmatch(value.text):
        place.wrong(value.line, f'"{value.text}" is text because of its quotes; write {value.text}')
    elif value.kind is Kind.NUMBER and ":" not in value.text:
        place.wrong(value.line, f"{shown(value.text)} is not {wanted}")
    else:
        place.wrong(value.line, f"{_mistaken(value)}; write {wanted}")
    return None


def whole_number(node: Node, place: Place) -> int | None:
    """A plain decimal number; no octal, no base 60, no underscores."""
    text = _number(node, place, pattern=_WHOLE, wanted="a whole number such as 3")
    return None if text is None else int(text)


def number(node: Node, place: Place) -> float | None:
    """A plain decimal number with or without decimals."""
    text = _number(node, place, pattern=_DECIMAL, wanted="a number such as 1 or 0.5")
    return None if text is None else float(text)


def duration(node: Node, place: Place) -> float | None:
    """Seconds from a number with its unit: 250ms, 30s, 2m, 1h."""
    wanted = "a duration with its unit, such as 250ms, 30s, 2m or 1h"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    match = _DURATION.fullmatch(value.text)
    if match and value.kind is Kind.TEXT:
        return float(match[1]) * _SECONDS[match[2]]
    if _DECIMAL.fullmatch(value.text):
        place.wrong(value.line, f"{value.text} has no unit; write {value.text}s for seconds (or ms, m, h)")
    elif value.kind is Kind.TEXT:
        place.wrong(value.line, f'"{shown(value.text)}" is not a duration; write {wanted}')
    else:
        place.wrong(value.line, f"{_mistaken(value)}; write {wanted}")
    return None


def duration_or_p95(node: Node, place: Place) -> float | Word | None:
    """Seconds like `duration`, or `NONE` for the word p95: as long as the model itself usually takes at most."""
    if isinstance(node, Scalar) and node.kind is Kind.TEXT:
        if node.text == "p95":
            return NONE
        if not _DURATION.fullmatch(node.text) and not _DECIMAL.fullmatch(node.text):
            place.wrong(node.line, f'"{shown(node.text)}" is neither a duration such as 500ms or 2s nor p95')
            return None
    return duration(node, place)


def boolean(node: Node, place: Place) -> bool | None:
    """True or false, by exactly these words: the ten others that YAML knows are easily meant otherwise."""
    wanted = "true or false"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    if value.kind is Kind.BOOLEAN and value.text in {"true", "false"}:
        return value.text == "true"
    if value.kind is Kind.TEXT and value.text in {"true", "false"}:
        place.wrong(value.line, f'"{value.text}" is text because of its quotes; write {value.text}')
    else:
        place.wrong(value.line, f"{_mistaken(value)}; write {wanted}")
    return None


def money(node: Node, place: Place) -> int | None:
    """Micro-dollars from dollars with their sign: $1, $0.0001; at most six decimals."""
    wanted = "dollars with their sign and at most six decimals, such as $1 or $0.0001"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    match = _MONEY.fullmatch(value.text)
    if match:
        return int(Decimal(match[1]) * MICRO_DOLLARS)  # exact: a float would lose the last of them
    if value.kind is Kind.NUMBER and _DECIMAL.fullmatch(value.text):
        place.wrong(value.line, f"{value.text} has no unit; write ${value.text.lstrip('-')} for dollars")
    else:
        place.wrong(value.line, f"{_mistaken(value)}; write {wanted}")
    return None


def in_dollars(micro_dollars: float) -> str:
    """Micro-dollars as `money` reads them, without zeros at the end."""
    whole, part = divmod(round(micro_dollars), MICRO_DOLLARS)
    return f"${whole}.{part:06d}".rstrip("0").removesuffix(".")


def size(node: Node, place: Place) -> int | None:
    """Bytes from a number with its unit: 512KiB, 8MiB."""
    wanted = "a size with its unit, such as 512KiB or 8MiB"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    match = _SIZE.fullmatch(value.text)
    if match:
        return int(match[1]) * _BYTES[match[2]]
    if _WHOLE.fullmatch(value.text):
        place.wrong(value.line, f"{value.text} has no unit; write {wanted}")
    else:
        place.wrong(value.line, f"{_mistaken(value)}; write {wanted}")
    return None


def percent(node: Node, place: Place) -> float | None:
    """A share from a percentage 0..100, with or without the sign (BIP-03 writes `60`)."""
    wanted = "a percentage such as 60 or 60%"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    digits = value.text.removesuffix("%").rstrip()
    is_plain = value.kind is (Kind.TEXT if value.text.endswith("%") else Kind.NUMBER)
    if not is_plain or not _DECIMAL.fullmatch(digits):
        place.wrong(value.line, f"{_mistaken(value)}; write {wanted}")
        return None
    share = float(digits) / 100
    if 0 < share < 0.01 and not value.text.endswith("%"):
        # Nobody means 0.6 %: it is a share where a percentage is asked for.
        place.wrong(value.line, f"{digits} would be {digits} %; write {share * 10_000:g} for {share * 10_000:g} %")
        return None
    return share


def share(node: Node, place: Place) -> float | None:
    """A share from 0.05 or 5%."""
    wanted = "a share such as 5% or 0.05"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    if value.kind is Kind.TEXT and value.text.endswith("%") and _DECIMAL.fullmatch(value.text[:-1].rstrip()):
        return float(value.text[:-1]) / 100
    if value.kind is Kind.NUMBER and _DECIMAL.fullmatch(value.text):
        return float(value.text)
    place.wrong(value.line, f"{_mistaken(value)}; write {wanted}")
    return None


def name(node: Node, place: Place) -> str | None:
    """A name: letters, digits and `._:/@+-`, at most 80 characters."""
    value = scalar(node, place, "a name")
    if value is None:
        return None
    return value.text if is_name(value, place) else None


def is_name(value: Scalar, place: Place) -> bool:
    """Whether the value can be a name; notes a problem otherwise."""
    if value.kind is not Kind.TEXT:
        place.wrong(value.line, f'{_mistaken(value)}; put it in quotes: "{shown(value.text)}"')
        return False
    if len(value.text) > NAME_LIMIT:
        place.wrong(value.line, f"has {len(value.text)} characters; a name has at most {NAME_LIMIT}")
        return False
    if not _NAME.fullmatch(value.text):
        place.wrong(
            value.line,
            f'"{shown(value.text)}" is no name; it begins with a letter or digit and has only those and ._:/@+-',
        )
        return False
    return True


def names(node: Node, place: Place) -> tuple[Name, ...] | None:
    """A list of names, each with its line."""
    match node:
        case Listing():
            items = [scalar(item, place, "a name") for item in node.items]
            return tuple(Name(item.text, item.line) for item in items if item is not None and is_name(item, place))
        case Scalar(kind=Kind.NOTHING):
            place.wrong(node.line, "has no value; write a list such as [gpt-5, grok-3], or remove the line")
        case Scalar():
            place.wrong(node.line, f"is a single value; write a list: [{shown(node.text)}]")
        case Table():
            place.wrong(node.line, "is a mapping; write a list such as [gpt-5, grok-3]")
        case Refused():
            pass
    return None


def choice(kind: type[_Choice]) -> Reader:
    """A reader for one of the wire values of an enum."""
    known = {str(member.value): member for member in kind}
    *others, last = known
    wanted = f"{', '.join(others)} or {last}"

    def read(node: Node, place: Place) -> _Choice | None:
        value = scalar(node, place, wanted)
        if value is None:
            return None
        if value.kind is Kind.TEXT and value.text in known:
            return known[value.text]
        if value.kind is Kind.TEXT:
            place.wrong(
                value.line,
                f'"{shown(value.text)}" is not one of {wanted}{place.suggestion(value.text, known)}',
            )
        else:
            place.wrong(value.line, f"{_mistaken(value)}; write {wanted}")
        return None

    return read
