"""Writes one model's name over another's in JSON that is passed on otherwise untouched.

The fast way changes the bytes of one value, and is taken only where it is proven to be the right one: the object
is known to have the field, the text `"model"` stands in it once, and no letter of it can be spelled as an escape.
Quotation marks inside strings are escaped, so that once is really once. Whatever leaves a doubt is taken apart
and put together again, with every other value's bytes kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

_KEY = b'"model"'
_ESCAPED_LETTER = b"\\u006"
"""m, o, d, e and l are all U+006x: without this escape the key can be spelled in one way only."""

_VALUE = re.compile(rb'"model"[ \t\r\n]*:[ \t\r\n]*("(?:[^"\\]|\\.)*")', re.DOTALL)

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def quoted(name: str) -> bytes:
    """The name as a JSON string."""
    return msgspec.json.encode(name)


def spliced(raw: bytes, name: bytes) -> bytes | None:
    """`raw` with `name` (a JSON string) as the value of its only `model` field; `None` when in doubt.

    Args:
        raw: JSON whose decoded form is known to have, at the place that is meant, a `model` that is a string.
        name: what to write.
    """
    found = _value_in(raw)
    return None if found is None else raw[: found[0]] + name + raw[found[1] :]


def with_fields(raw: bytes, changes: Mapping[str, bytes | None]) -> bytes | None:
    """The object in `raw` with these fields set (JSON) or taken out (`None`), all others' bytes kept.

    `None` when `raw` is no JSON object. Duplicate keys become one: the last, as every decoder reads them.
    """
    try:
        fields = _FIELDS.decode(raw)
    except (ValueError, RecursionError):
        return None
    for key, value in changes.items():
        if value is None:
            fields.pop(key, None)
        else:
            fields[key] = msgspec.Raw(value)
    return msgspec.json.encode(fields)


class Renamer:
    """Names the model in the chunks of one stream; remembers how the last one began.

    Chunks of one stream mostly begin alike up to and with the model's name. What begins with the same bytes has
    the field at the same place, so that only the rest must be searched for another.
    """

    def __init__(self, name: str) -> None:
        self._name = quoted(name)
        self._old = b""
        self._new = b""

    def renamed(self, raw: bytes) -> bytes | None:
        """`raw`, an event known to have a `model` that is a string, with our name; `None` when in doubt."""
        old = self._old
        if old and raw.startswith(old):
            rest = len(old)
            if raw.find(_KEY, rest) < 0 and raw.find(_ESCAPED_LETTER, rest) < 0:
                return self._new + raw[rest:]
            return None
        found = _value_in(raw)
        if found is None:
            return None
        start, end = found
        self._old, self._new = raw[:end], raw[:start] + self._name
        return self._new + raw[end:]

    def rewritten(self, data: bytes) -> bytes | None:
        """The object in `data` with our name, in whatever way it was named; `None` when it is no object."""
        return with_fields(data, {"model": self._name})

    def rewritten_within(self, data: bytes, field: str) -> bytes | None:
        """As `rewritten`, for the object that is the value of `field`."""
        try:
            inner = _FIELDS.decode(data).get(field)
        except (ValueError, RecursionError):
            return None
        named = None if inner is None else self.rewritten(bytes(inner))
        return None if named is None else with_fields(data, {field: named})


def _value_in(raw: bytes) -> tuple[int, int] | None:
    at = raw.find(_KEY)
    if at < 0 or raw.find(_KEY, at + len(_KEY)) >= 0 or _ESCAPED_LETTER in raw:
        return None
    found = _VALUE.match(raw, at)
    return None if found is None else found.span(1)
