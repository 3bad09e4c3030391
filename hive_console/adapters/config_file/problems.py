"""Collects what is wrong with a settings file, each problem with its line, so that one run shows all of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from hive_console.core.errors import ConfigurationError
from hive_console.core.text import clean, redact

MAX_PROBLEMS = 100
"""Problems told at once: more than anybody fixes before the next run."""

SHOWN_LIMIT = 48
"""Characters of a value that a message repeats."""

_NEAREST_AMONG = 200
"""Names compared at most: comparing costs tens of microseconds each, and a hostile file could ask for millions."""


def shown(text: str) -> str:
    """`text` from the file as a message may repeat it: one harmless short line with nothing like a key in it."""
    line = clean(redact(text), SHOWN_LIMIT)
    if line.isprintable():
        return line
    # A no-break space is harmless, and looks like the space that would have been right.
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in line)


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that `name` was probably meant to be; case, dashes and underscores do not count."""
    import difflib  # costs 5 ms, and a good file never needs it

    plain = _plain(name[:SHOWN_LIMIT])
    candidates = {_plain(other): other for other in known}
    if plain in candidates:
        return candidates[plain]
    names = list(candidates)
    if len(names) > _NEAREST_AMONG:
        names = [other for other in names if other[:1] == plain[:1]][:_NEAREST_AMONG]
    found = difflib.get_close_matches(plain, names, n=1)
    return candidates[found[0]] if found else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


class Problems:
    """The list of problems of one file."""

    __slots__ = ("_found", "_paths", "name")

    def __init__(self, name: str) -> None:
        """Takes the file's name as messages show it."""
        self.name = clean(name)
        self._found: dict[tuple[int, str], None] = {}
        self._paths: set[str] = set()

    def add(self, line: int, path: str, text: str) -> None:
        """Notes a problem at `line` (1 is the first) of the key `path` (empty for the whole file)."""
        self._paths.add(path)
        self._found[line, f"{path}: {text}" if path else text] = None

    def __bool__(self) -> bool:
        return bool(self._found)

    def concerns(self, path: str) -> bool:
        """Whether a problem of the key `path` was noted: what follows from it need not be told as well."""
        return path in self._paths

    @property
    def is_full(self) -> bool:
        """Whether more problems are only counted: what would make them helpful need not be computed."""
        return len(self._found) >= MAX_PROBLEMS

    def told(self) -> tuple[str, ...]:
        """The problems as `file:line: key: text`, by line, at most `MAX_PROBLEMS` of them."""
        ordered = sorted(self._found, key=lambda problem: problem[0])
        lines = [f"{self.name}:{line}: {text}" for line, text in ordered[:MAX_PROBLEMS]]
        if len(ordered) > MAX_PROBLEMS:
            lines.append(f"{self.name}: and {len(ordered) - MAX_PROBLEMS} more")
        return tuple(lines)

    def raise_if_any(self) -> None:
        """Raises `ConfigurationError` with all problems when there are any."""
        if self._found:
            raise ConfigurationError(self.told())


class Place(NamedTuple):
    """A key of the file that is being read: where its problems are noted."""

    problems: Problems
    path: str = ""

    def wrong(self, line: int, text: str) -> None:
        """Notes what is wrong here."""
        self.problems.add(line, self.path, text)

    def nearest(self, name: str, known: Collection[str]) -> str | None:
        """The known name that `name` was probably meant to be, unless there are too many problems anyway."""
        return None if self.problems.is_full else nearest(name, known)

    def suggestion(self, name: str, known: Collection[str]) -> str:
        """``"; did you mean X?"``, or nothing when no known name is near."""
        found = self.nearest(name, known)
        return f"; did you mean {shown(found)}?" if found else ""

    def below(self, key: str) -> Place:
        """The place of a key inside this one."""
        return Place(self.problems, f"{self.path}.{shown(key)}" if self.path else shown(key))
