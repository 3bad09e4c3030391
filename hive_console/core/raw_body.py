"""A request as its caller wrote it: bytes that are decoded only when somebody looks inside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any


class RawBody(Mapping[str, Any]):
    """A JSON object that keeps its bytes, so that who only passes it on need not read it.

    Args:
        raw: a valid JSON object.
        decode: reads it; the standard library's by default.

    Attributes:
        raw: the bytes.
        kept: what a reader worked out from it and may need again, such as a translation; by the reader's own key.
    """

    __slots__ = ("_decode", "_fields", "kept", "raw")

    def __init__(self, raw: bytes, decode: Callable[[bytes], Any] = json.loads) -> None:  # JSON's leaves are Any
        self.raw = raw
        self.kept: dict[object, Any] = {}
        self._decode = decode
        self._fields: dict[str, Any] | None = None

    def __getitem__(self, key: str) -> Any:  # JSON's leaves are Any
        return self._decoded()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._decoded())

    def __len__(self) -> int:
        return len(self._decoded())

    def __repr__(self) -> str:
        return f"RawBody({len(self.raw)} bytes)"

    def _decoded(self) -> dict[str, Any]:
        fields = self._fields
        if fields is None:
            fields = self._fields = self._decode(self.raw)
        return fields
