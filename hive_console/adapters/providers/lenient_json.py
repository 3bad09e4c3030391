"""Reads the few fields of an answer that matter here, as forgivingly as the clients behind us read it."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

Decoded = TypeVar("Decoded")

_HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""A surrogate: servers that cut texts between 16-bit units send the two halves of an emoji in two chunks."""


def understood(decoder: msgspec.json.Decoder[Decoded], data: bytes) -> Decoded | None:
    """What `data` says; halves of characters, which clients read and the decoder does not, are looked past."""
    # Decoding errors can carry the text they failed on; none may hang on the error that is raised for them.
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError):
        patched = _HALF.sub(rb"\\ufffd", data)
    try:
        return None if patched == data else decoder.decode(patched)
    except (ValueError, RecursionError):
        return None


def understood_whole(decoder: msgspec.json.Decoder[Decoded], body: bytes) -> Decoded | None:
    """As `understood`, for a body that is passed on: `None` also where it is no text in UTF-8."""
    try:
        body.decode()  # fields that are skipped are not checked by the decoder, and clients choke on them
    except ValueError:
        return None
    return understood(decoder, body)
