"""The audit trail as JSON lines: verified without the recording, and no byte of them can change unseen."""

from __future__ import annotations

import json

import pytest

from hive_console.core.store import AuditCheck
from hive_storage.audit_chain import GENESIS, TEXTS
from hive_storage.audit_lines import fields_of, line_of, verify_lines
from tests.storage.audit_samples import trail_database, trail_of

ROWS = 12


def _lines(rows: int = ROWS) -> list[bytes]:
    connection = trail_database(rows=rows)
    trail = trail_of(connection)
    connection.close()
    heads = [GENESIS, *(row[-1] for row in trail)]
    return [f"{line_of(row, head)}\n".encode("ascii") for row, head in zip(trail, heads, strict=False)]


@pytest.fixture(name="lines")
def exported() -> list[bytes]:
    return _lines()


def _head(line: bytes) -> str:
    return str(json.loads(line)["digest"])


def test_a_whole_export_is_good(lines: list[bytes]) -> None:
    anchors = [(3, _head(lines[2])), (ROWS, _head(lines[-1]))]

    assert verify_lines(lines, anchors) == AuditCheck(rows=ROWS, head=_head(lines[-1]), anchors=2)


def test_an_excerpt_is_good_and_anchors_outside_are_not_compared(lines: list[bytes]) -> None:
    anchors = [(2, "of a row before"), (6, _head(lines[5])), (ROWS, "of a row after")]

    assert verify_lines(lines[3:9], anchors) == AuditCheck(rows=6, head=_head(lines[8]), anchors=1)


def test_nothing_is_no_damage() -> None:
    assert verify_lines([]) == AuditCheck(rows=0)


def test_a_line_says_when_in_words(lines: list[bytes]) -> None:
    assert json.loads(lines[0])["utc"] == "2026-09-21T14:13:21.000002Z"


def test_every_changed_byte_of_every_line_is_found_at_its_row(lines: list[bytes]) -> None:
    for at, line in enumerate(lines):
        for index in range(len(line) - 1):
            changed = line[:index] + bytes([line[index] ^ 1]) + line[index + 1 :]

            found = verify_lines([*lines[:at], changed, *lines[at + 1 :]])

            assert found.first_bad == at + 1, (at, index, changed)


def test_every_line_that_is_left_out_is_found(lines: list[bytes]) -> None:
    found = [verify_lines([*lines[:at], *lines[at + 1 :]]).first_bad for at in range(1, ROWS - 1)]

    assert found == list(range(2, ROWS))


def test_every_swap_and_repetition_is_found(lines: list[bytes]) -> None:
    swapped = [verify_lines([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]) for at in range(1, ROWS - 1)]
    repeated = [verify_lines([*lines[: at + 1], *lines[at:]]) for at in range(ROWS)]

    assert [found.first_bad for found in swapped] == list(range(3, ROWS + 1))
    assert all(found.first_bad is not None for found in repeated)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", True),
        ("number", 0),
        ("seq", 1.5),
        ("seq", None),
        ("actor", 5),
        ("actor", "\ud800"),
        ("digest", "zz"),
    ],
)
def test_a_field_that_no_row_holds_is_named(lines: list[bytes], name: str, value: object) -> None:
    fields = json.loads(lines[4])
    fields[name] = value
    forged = json.dumps(fields, separators=(",", ":")).encode()

    assert verify_lines([*lines[:4], forged, *lines[5:]]).first_bad == 5


@pytest.mark.parametrize(
    "junk", [b"", b"\n", b"{}", b"[]", b"null", b"\xff", b'{"number": 1}\n', b"[" * 5000, b'{"number":1e999}']
)
def test_what_is_no_line_is_named(lines: list[bytes], junk: bytes) -> None:
    found = verify_lines([*lines[:4], junk, *lines[5:]])

    assert (found.first_bad, found.problem) == (5, "line 5 is not as it was exported")


def test_an_anchor_that_disagrees_is_found(lines: list[bytes]) -> None:
    found = verify_lines(lines, [(7, "00" * 32)])

    assert found.first_bad == 7
    assert "anchor" in found.problem


def test_a_damaged_row_can_be_shown_still() -> None:
    shown = fields_of((4, 5, None, *[None] * len(TEXTS), "text"))

    assert (shown["number"], shown["utc"], shown["actor"], shown["digest"]) == (4, "", "None", None)
