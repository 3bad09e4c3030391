"""Where hive-console keeps its data when nobody says otherwise."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

FOLDER_NAME = "hive-console"


def default_data_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_DATA_HOME/hive-console`, or `~/.local/share/hive-console`; the folder need not exist.

    A relative `XDG_DATA_HOME` is ignored, as the XDG base directory specification demands: otherwise the
    folder would move with the working directory, and `status` would not find its engine.
    """
    return _folder(environ, "XDG_DATA_HOME", ".local/share")


def default_state_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/hive-console`, or `~/.local/state/hive-console`: what one person's console leaves behind."""
    return _folder(environ, "XDG_STATE_HOME", ".local/state")


def _folder(environ: Mapping[str, str], variable: str, below_home: str) -> Path:
    for name, below in ((variable, "."), ("HOME", below_home)):
        base = Path(environ.get(name, ""))
        if base.is_absolute():
            return base / below / FOLDER_NAME
    return _home_of_user() / below_home / FOLDER_NAME


def _home_of_user() -> Path:
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:  # a user id without an account, as containers have
        return Path("/")
