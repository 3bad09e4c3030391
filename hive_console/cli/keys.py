"""`hive-console keys`: every key of every screen, and what it is remapped by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hive_console.cli.options import plain_errors

if TYPE_CHECKING:  # every screen with it
    from hive_console.ui.keymap import KeyEntry


@click.command("keys")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file whose console: section counts.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def command(*, config: Path | None, as_json: bool) -> None:
    """List actions by the id that console.keys of the settings file remaps, with their keys and screens.

    Needs no terminal. Actions with other keys than their own are marked with an asterisk.
    """
    with plain_errors():
        from hive_console.wiring.remapped import console_settings

        remapped = {remap.id: remap.keys for remap in console_settings(config).keys}
    from hive_console.ui.keymap import entries  # every screen: a third of a second

    actions = entries()
    if as_json:
        rows = [_json_row(entry, remapped.get(entry.id)) for entry in actions]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    lines = [("ID", "KEYS", "WHAT", "SCREENS"), *(_line(entry, remapped.get(entry.id)) for entry in actions)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _line(entry: KeyEntry, remapped: tuple[str, ...] | None) -> tuple[str, ...]:
    keys = " ".join(entry.own_keys if remapped is None else remapped)
    return entry.id + ("*" if remapped else ""), keys, entry.what, ", ".join(entry.screens)


def _json_row(entry: KeyEntry, remapped: tuple[str, ...] | None) -> dict[str, object]:
    return {
        "id": entry.id,
        "keys": entry.own_keys if remapped is None else remapped,
        "ownKeys": entry.own_keys,
        "isRemapped": remapped is not None,
        "what": entry.what,
        "screens": entry.screens,
    }
