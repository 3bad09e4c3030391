"""What people may read of another side's answer: never an address, a secret, or what was sent to it.

A webhook's URL is a secret: whoever knows it can write. Services repeat it, or a part of it, in what they refuse.
"""

from __future__ import annotations

import base64
from urllib.parse import quote, unquote, urlsplit

from hive_console.core.text import MESSAGE_LIMIT, clean, redact

WITHHELD = "[text withheld: it repeats the notice]"

PAGE = "a page of HTML"
"""Told in place of one: of its first line nobody learns anything."""

_SHORTEST_PART = 8
"""Characters of a part of a path or query that may be a secret; shorter ones are words such as `hooks` and `v2`."""

_LONG_PART = 16
"""Characters from which on a part counts as a secret although it has no digit."""

_RUN = 24
"""Characters in a row that an honest answer shares with a notice only if it repeats it."""

_LOOKED_AT = 1024
"""Characters of an answer that are looked at once its secrets are out: a secret that begins there is whole, because
four times as many were read."""

_SHOWN = 2 * MESSAGE_LIMIT
"""Characters that can get into a message."""


def hidden(text: str, url: str = "", secrets: tuple[str, ...] = (), *, sent: bytes = b"") -> str:
    """One short line of `text`, which came from outside.

    Args:
        text: as it came.
        url: where the request went; neither it nor the parts of it that may be secrets are told.
        secrets: further exact texts that are not told.
        sent: what was sent; an answer that repeats it is withheld.
    """
    # JSON may write a slash as \/, and a URL written so is the same URL.
    plain = redact(text.replace("\\/", "/"), (*parts_of(url), *secrets))
    line = " ".join(plain[:_LOOKED_AT].split())
    if line[:1] == "<":
        return PAGE
    if sent and _repeats(line[:_SHOWN], sent.decode("utf-8", "replace")):
        return WITHHELD
    return clean(line)


def parts_of(url: str) -> tuple[str, ...]:
    """The URL, and what in it may be a secret, in every spelling; the longest first."""
    if not url:
        return ()
    try:
        parts = urlsplit(url)
        host = parts.netloc
    except ValueError:
        return (url,)
    user, at, _ = host.rpartition("@")
    told = [url, url.partition("://")[2], parts.path, *(user.split(":") if at else ())]
    pieces = [*parts.path.split("/"), *(pair.partition("=")[2] for pair in parts.query.split("&"))]
    told += [piece for piece in pieces if _may_be_secret(piece)]
    forms: dict[str, None] = {}
    for part in told:
        for plain in (part, unquote(part)):
            forms |= dict.fromkeys((plain, quote(plain, safe=""), base64.b64encode(plain.encode()).decode()))
    return tuple(sorted(forms, key=len, reverse=True))


def _may_be_secret(part: str) -> bool:
    return len(part) >= _LONG_PART or (len(part) >= _SHORTEST_PART and any(map(str.isdigit, part)))


def _repeats(line: str, sent: str) -> bool:
    return any(line[start : start + _RUN] in sent for start in range(len(line) - _RUN + 1))
