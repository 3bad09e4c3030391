"""Whether the keys that a settings file gives to actions make sense on the screens."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hive_console.core.console_settings import ConsoleSettings, Remap
from hive_console.core.errors import ConfigurationError


def console_settings(config: Path | None) -> ConsoleSettings:
    """The `console:` of this file, or of the one that would be found, checked; for a screen without an engine.

    Raises `ConfigurationError`.
    """
    from hive_console.adapters.config_file import find, load_console  # 40 ms: only for a screen

    part = load_console(find(config, os.environ))
    check_keys(part.settings.keys, part.key_lines, part.name)
    return part.settings


def check_keys(remaps: Sequence[Remap], lines: Mapping[str, int], name: str) -> None:
    """Raises `ConfigurationError` with every problem, each as `file:line: key: text`.

    Costs nothing where nothing is remapped; the screens are loaded otherwise (a third of a second).
    """
    problems = tuple(problems_of(remaps, lines, name)) if remaps else ()
    if problems:
        raise ConfigurationError(problems)


def problems_of(remaps: Sequence[Remap], lines: Mapping[str, int], name: str) -> Iterator[str]:
    """Actions that there are not, keys that no terminal sends, and two actions on one key of one screen."""
    from hive_console.adapters.config_file import nearest
    from hive_console.ui.keymap import NoSuchKey, canonical, clashes, entries

    what = {entry.id: entry.what for entry in entries()}
    good: dict[str, tuple[str, ...]] = {}

    def told(id_: str, text: str) -> str:
        return f"{name}:{lines.get(id_, 1)}: console.keys.{id_}: {text}"

    for remap in remaps:
        if remap.id not in what:
            near = nearest(remap.id, what)
            advice = f"did you mean {near}?" if near else "`hive-console keys` lists them"
            yield told(remap.id, f"there is no such action; {advice}")
            continue
        try:
            good[remap.id] = tuple(map(canonical, remap.keys))
        except NoSuchKey as exc:
            yield told(remap.id, str(exc))
    for clash in clashes(good):
        moved, other = clash.ids
        yield told(
            moved,
            f"{clash.key} is {other} ({what[other]}) in {clash.screen!r}; take another key, or give {other} one",
        )
