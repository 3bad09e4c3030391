"""The settings file: YAML in BIP-03's shape to checked `core.settings`, every problem at once with its line."""

from hive_console.adapters.config_file.fleet import Origin
from hive_console.adapters.config_file.loader import (
    FILE_NAME,
    ConsolePart,
    Loaded,
    find,
    load,
    load_bytes,
    load_console,
    load_text,
    read_bytes,
    search_path,
)
from hive_console.adapters.config_file.problems import nearest

__all__ = [
    "FILE_NAME",
    "ConsolePart",
    "Loaded",
    "Origin",
    "find",
    "load",
    "load_bytes",
    "load_console",
    "load_text",
    "nearest",
    "read_bytes",
    "search_path",
]
