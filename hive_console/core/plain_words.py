"""What a screen says with signs, in words: for lines that are read aloud, searched, or shown without Unicode."""

from __future__ import annotations

from datetime import UTC, datetime

from hive_console.core.text import clean

LINE_LIMIT = 500
"""Characters of one line: longer than anything that is said here, short enough for any terminal."""

_WORDS = str.maketrans(
    {"→": "to", "✔": "done", "✓": "done", "…": "...", "×": "x", "–": "-", "—": "-"}
    | dict.fromkeys("“”„", '"')
    | dict.fromkeys("‘’", "'")
)


def in_words(text: str, limit: int = LINE_LIMIT) -> str:
    """The text as one harmless line without signs; letters of any language stay."""
    return clean(text.translate(_WORDS), limit)


def utc_time(at: float) -> str:
    """Unix seconds as `2026-11-26 14:05:03Z`; as the number where no calendar has it."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return repr(at)
