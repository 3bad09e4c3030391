"""Where data goes when nobody says otherwise."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from hive_console.adapters.folders import default_data_folder


def test_the_xdg_data_home_is_used() -> None:
    assert default_data_folder({"XDG_DATA_HOME": "/data", "HOME": "/home/anna"}) == Path("/data/hive-console")


def test_without_one_it_is_below_the_home() -> None:
    assert default_data_folder({"HOME": "/home/anna"}) == Path("/home/anna/.local/share/hive-console")


def test_a_relative_xdg_data_home_is_ignored() -> None:
    environ = {"XDG_DATA_HOME": "data", "HOME": "/home/anna"}

    assert default_data_folder(environ) == Path("/home/anna/.local/share/hive-console")


def test_without_a_home_the_system_is_asked() -> None:
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)

    assert default_data_folder({}) == home / ".local/share/hive-console"
