"""`hive-console init`: writes a commented settings file to start from."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from hive_console.adapters.config_file import FILE_NAME

STARTER = Path(__file__).with_name("starter.yaml")

_PRIVATE = 0o600
"""Only its owner reads and changes it: it decides where prompts and keys are sent."""


@click.command(name="init", short_help="Write a commented settings file to start from.")
@click.argument("path", required=False, default=Path(FILE_NAME), type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file when it exists.")
def command(path: Path, *, force: bool) -> None:
    """Write a commented settings file to PATH (./hive.yaml).

    It names four well-known models; `hive-console check` shows what that amounts to. A file that exists is
    left alone unless --force is given.
    """
    content = STARTER.read_bytes()
    try:
        if force:
            _replace(path, content)
        else:
            _create(path, content)
    except FileExistsError as exc:
        raise click.ClickException(f"{path} exists; keep it, name another path, or replace it: --force") from exc
    except OSError as exc:
        raise click.ClickException(f"{path} cannot be written: {exc.strerror or exc}") from exc
    click.echo(f"wrote {path}; next: hive-console check {path}")


def _create(path: Path, content: bytes) -> None:
    # O_EXCL: neither a file nor a link that stands there is ever written through.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _replace(path: Path, content: bytes) -> None:
    """Puts the new file in the old one's place in one step, so that no reader finds half of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
