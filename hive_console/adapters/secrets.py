"""Keys: where they are (`env:NAME`, `file:PATH`), fetched at the moment of use and shown to nobody.

A key leaves this module only through `KeyRing.key_of`; errors and representations never hold one.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import quote

from hive_console.adapters.guarded_file import NOT_FOR_SECRETS, UnusableFile, read_guarded
from hive_console.core.errors import SettingsError
from hive_console.core.text import clean

KEY_FILE_LIMIT = 8 * 1024
"""Bytes a key's file may have: the longest service tokens in use stay below 4 KiB."""

MAX_REMEMBERED = 4096
"""Keys remembered for redaction: two for each model of the largest fleet; the oldest are forgotten first."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEY_TEXT = re.compile(r"[\x21-\x7e]+")  # what a header can carry; no line break can smuggle in a second one


class KeySource(Enum):
    """Where a key can be."""

    VARIABLE = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class KeyReference:
    """Where a key is; never the key.

    Attributes:
        source: an environment variable or a file.
        where: the variable's name or the file's path as written.
    """

    source: KeySource
    where: str

    @classmethod
    def parse(cls, text: str) -> KeyReference:
        """Reads `env:NAME` or `file:PATH`; raises `SettingsError` without repeating `text`: it may be a key."""
        scheme, _, where = text.partition(":")
        if scheme == KeySource.VARIABLE.value and _VARIABLE.fullmatch(where):
            return cls(KeySource.VARIABLE, where)
        if scheme == KeySource.FILE.value and where.strip() and where.isprintable():
            return cls(KeySource.FILE, where.strip())
        raise SettingsError(
            "key", "must say where the key is, as env:NAME or file:PATH; the key itself never stands here"
        )

    def __str__(self) -> str:
        return f"{self.source.value}:{clean(self.where)}"


class KeyRing:
    """Fetches keys when they are needed, so that a replaced key file counts from the next call on.

    A key file is read again only when its time stamp, size or identity changed: asking costs one `stat`.
    """

    __slots__ = ("_base_folder", "_environ", "_files", "_remembered")

    def __init__(self, environ: Mapping[str, str], base_folder: Path) -> None:
        """Takes the environment and the folder that relative paths of `file:` start from."""
        self._environ = environ
        self._base_folder = base_folder
        self._files: dict[Path, tuple[tuple[int, int, int], str]] = {}
        self._remembered: dict[str, None] = {}

    def __repr__(self) -> str:
        return "KeyRing(...)"

    def __reduce__(self) -> str | tuple[object, ...]:
        """Refuses to be copied or pickled: keys stay in this process."""
        raise TypeError("a KeyRing holds keys and is not copied")

    def key_of(self, reference: str) -> str:
        """Returns the key that `reference` (`env:NAME` or `file:PATH`) leads to.

        Raises `SettingsError` with field `key` that says what to do and holds nothing of the key.
        """
        where = KeyReference.parse(reference)
        match where.source:
            case KeySource.VARIABLE:
                key = self._from_variable(where.where)
            case KeySource.FILE:
                key = self._from_file(self._base_folder / Path(where.where).expanduser())
        self._remember(key)
        return key

    def known(self) -> tuple[str, ...]:
        """Every key fetched so far with its base64 and URL-encoded forms, longest first, for redaction."""
        forms: dict[str, None] = {}
        for key in self._remembered:
            forms[key] = None
            forms[quote(key, safe="")] = None
            forms[base64.b64encode(key.encode()).decode()] = None
        return tuple(sorted(forms, key=len, reverse=True))

    def _from_variable(self, name: str) -> str:
        value = self._environ.get(name)
        if value is None:
            raise SettingsError("key", f"environment variable {name} is not set; set {name}")
        return _checked(value.strip(), f"environment variable {name}")

    def _from_file(self, path: Path) -> str:
        shown = f"file {clean(str(path))}"
        try:
            status = os.stat(path)  # noqa: PTH116 - asked on each call: Path.stat only adds a frame
            identity = (status.st_mtime_ns, status.st_size, status.st_ino)
        except (OSError, ValueError):
            identity = None
        kept = self._files.get(path)
        if kept is not None and kept[0] == identity:
            return kept[1]
        try:
            content = read_guarded(
                path,
                KEY_FILE_LIMIT,
                forbidden_mode=NOT_FOR_SECRETS,
                advice="a key's file is for its owner (and may be read by its group): chmod 600",
            )
        except UnusableFile as exc:
            raise SettingsError("key", f"{shown}: {exc.problem}") from exc
        try:
            text = content.decode("ascii").strip()
        except UnicodeDecodeError:
            # The cause would carry the file's bytes.
            raise SettingsError("key", f"{shown} holds more than plain characters; one key is expected") from None
        key = _checked(text, shown)
        if identity is not None:
            self._files[path] = (identity, key)
        return key

    def _remember(self, key: str) -> None:
        if key in self._remembered:
            return
        while len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[key] = None


def _checked(key: str, where: str) -> str:
    if not key:
        raise SettingsError("key", f"{where} is empty; put the key there")
    if not _KEY_TEXT.fullmatch(key):
        raise SettingsError("key", f"{where} holds blanks or control characters; one key is expected")
    return key
