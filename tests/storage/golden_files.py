"""Recordings as the released code of earlier schema versions wrote them, and how many rows a file has."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

from hive_storage.folder import DATABASE_NAME

GOLDEN = Path(__file__).with_name("golden")


def golden(folder: Path, version: int) -> Path:
    """Puts the file of a schema version into a data folder."""
    path = folder / DATABASE_NAME
    path.write_bytes(gzip.decompress((GOLDEN / f"version-{version}.db.gz").read_bytes()))
    return path


def count(path: Path, table: str) -> int:
    """Rows of a table, by a connection that only reads."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        return int(file.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - of this house
