"""The audit trail's chain: whatever is changed, taken out, put in or moved is found, and named at its row."""

# ruff: noqa: S608  # statements are put together from constants, never from what comes from outside

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hive_console.core.store import AuditCheck
from hive_storage.audit_chain import (
    FORM,
    GENESIS,
    NOT_CHAINED,
    TEXTS,
    AuditChain,
    Verification,
    audit_row_of,
    canonical,
)
from hive_storage.audit_sql import INSERT_AUDIT
from tests.storage.audit_samples import act, append, taken, trail_database, trail_of, verify, without_guards

ROWS = 50


@pytest.fixture
def trail() -> Iterator[sqlite3.Connection]:
    connection = trail_database(rows=ROWS, schema=without_guards())
    yield connection
    connection.close()


def _after(connection: sqlite3.Connection, statement: str, *parameters: object) -> AuditCheck:
    """What verifying finds after one change, which is taken back."""
    connection.execute("BEGIN")
    connection.execute(statement, parameters)
    found = verify(trail_of(connection))
    connection.execute("ROLLBACK")
    return found


def _flipped(value: bytes, index: int, bits: int) -> bytes:
    return value[:index] + bytes([value[index] ^ bits]) + value[index + 1 :]


def test_a_whole_trail_is_good_and_its_head_is_told(trail: sqlite3.Connection) -> None:
    rows = trail_of(trail)

    found = verify(rows)

    assert found == AuditCheck(rows=ROWS, head=rows[-1][-1].hex())


def test_an_empty_trail_is_good() -> None:
    assert verify([]) == AuditCheck(rows=0, head=GENESIS.hex())


def test_canonical_bytes_never_change() -> None:
    texts = [f"{name} é\n" for name in TEXTS]

    digest = hashlib.sha256(canonical(7, 1_790_000_000_000_001, 1_790_000_000_000_000, texts)).hexdigest()

    assert digest == "7ab36da625cbc25320590faa18a777efde51bd3ab061a0b9f96cb83ea0fcd239"


def test_a_third_party_gets_the_same_digests_with_nothing_but_json_and_sha_256(trail: sqlite3.Connection) -> None:
    head = GENESIS
    for number, seq, at_us, *texts, digest in trail_of(trail):
        words = [text.decode() for text in texts]
        line = json.dumps([FORM, number, seq, at_us, *words], separators=(",", ":"))
        head = hashlib.sha256(head + line.encode()).digest()

        assert head == digest


@pytest.mark.parametrize("column", TEXTS)
def test_every_changed_byte_of_a_text_is_found_at_its_row(trail: sqlite3.Connection, column: str) -> None:
    stored = trail.execute(f"SELECT seq, number, CAST({column} AS BLOB) FROM audit").fetchall()
    statement = f"UPDATE audit SET {column} = CAST(? AS TEXT) WHERE seq = ?"
    edits = [
        (seq, number, _flipped(text, index, bits))
        for seq, number, text in stored
        for index in range(len(text))
        for bits in ((0x01, 0x80) if index == 0 else (0x01,))
    ] + [(seq, number, text + b"x") for seq, number, text in stored]

    missed = [edit for edit in edits if _after(trail, statement, edit[2], edit[0]).first_bad != edit[1]]

    assert len(edits) >= ROWS
    assert missed == []


def test_every_changed_byte_of_a_digest_is_found_at_its_row(trail: sqlite3.Connection) -> None:
    stored = trail.execute("SELECT seq, number, digest FROM audit").fetchall()
    edits = [(seq, number, _flipped(digest, index, 1)) for seq, number, digest in stored for index in range(32)]

    found = [_after(trail, "UPDATE audit SET digest = ? WHERE seq = ?", edit[2], edit[0]) for edit in edits]

    assert [check.first_bad for check in found] == [edit[1] for edit in edits]


@pytest.mark.parametrize("column", ["seq", "skew", "number"])
def test_every_changed_byte_of_a_number_is_found_at_its_row(trail: sqlite3.Connection, column: str) -> None:
    stored = trail.execute(f"SELECT seq, number, {column} FROM audit").fetchall()
    edits = [(seq, number, value ^ (1 << 8 * index)) for seq, number, value in stored for index in range(7)]
    statement = f"UPDATE audit SET {column} = ? WHERE seq = ?"

    found = [_after(trail, statement, edit[2], edit[0]) for edit in edits]

    assert [check.first_bad for check in found] == [edit[1] for edit in edits]


def test_every_deletion_is_found_but_that_of_the_last_row(trail: sqlite3.Connection) -> None:
    found = [_after(trail, "DELETE FROM audit WHERE number = ?", number) for number in range(1, ROWS + 1)]

    assert [check.first_bad for check in found] == [*range(1, ROWS), None]
    assert found[8].problem == "it is missing: row 10 stands where it belongs"


def test_a_cut_tail_is_found_with_an_anchor(trail: sqlite3.Connection) -> None:
    rows = trail_of(trail)
    anchors = [(ROWS, rows[-1][-1].hex())]

    found = [verify(rows[:kept], anchors) for kept in range(ROWS)]

    assert [check.first_bad for check in found] == list(range(1, ROWS + 1))
    assert "the tail was cut off" in found[-1].problem


def test_every_swap_of_neighbours_is_found(trail: sqlite3.Connection) -> None:
    rows = trail_of(trail)
    swapped = [[*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]] for at in range(ROWS - 1)]
    seqs_changed = [
        [
            *rows[:at],
            (*rows[at + 1][:1], rows[at][1], *rows[at + 1][2:]),
            (rows[at][0], rows[at + 1][1], *rows[at][2:]),
        ]
        for at in range(ROWS - 1)
    ]

    found = [verify(trail).first_bad for trail in seqs_changed]

    assert all(verify(trail).first_bad in {at + 1, at + 2} for at, trail in enumerate(swapped))
    assert found == list(range(1, ROWS))


def test_every_insertion_is_found(trail: sqlite3.Connection) -> None:
    rows = trail_of(trail)
    for at in range(ROWS):
        number, seq, at_us, *texts, digest = rows[at]
        again = (number, seq - 5, at_us, *texts, digest)
        far = (number + 1_000, seq - 5, at_us, *texts, digest)

        assert verify([*rows[:at], again, *rows[at:]]).first_bad == number
        assert verify([*rows[:at], far, *rows[at:]]).first_bad == number + 1_000


def test_a_row_appended_without_its_digest_is_found(trail: sqlite3.Connection) -> None:
    rows = trail_of(trail)
    _, _, at_us, *texts, digest = rows[-1]

    assert verify([*rows, (ROWS + 1, rows[-1][1] + 9, at_us, *texts, digest)]).first_bad == ROWS + 1
    assert verify([*rows, (ROWS + 7, rows[-1][1] + 9, at_us, *texts, digest)]).first_bad == ROWS + 1


@pytest.mark.parametrize("index", range(3 + len(TEXTS) + 1))
@pytest.mark.parametrize("junk", [None, 1.5, "text", b"\xff"])
def test_junk_in_any_column_is_a_bad_row_and_no_error(trail: sqlite3.Connection, index: int, junk: object) -> None:
    rows = trail_of(trail)
    rows[20] = (*rows[20][:index], junk, *rows[20][index + 1 :])

    assert verify(rows).first_bad == 21


def test_a_chain_that_was_computed_anew_is_found_by_an_anchor_only(trail: sqlite3.Connection) -> None:
    honest = trail_of(trail)
    events = taken(range(1, ROWS + 1))
    events[29] = (*events[29][:2], replace(act(30), reason="nothing to see"))
    forged_file = trail_database(schema=without_guards())
    forged_file.executemany(INSERT_AUDIT, AuditChain().rows(events))
    forged = trail_of(forged_file)
    forged_file.close()
    anchors = [(number, honest[number - 1][-1].hex()) for number in (10, 20, 40)]

    assert verify(forged).first_bad is None
    found = verify(forged, anchors)

    assert (found.first_bad, found.anchors) == (40, 3)
    assert found.problem == "its digest is not the one its anchor holds: rows after 20 were written anew"
    assert verify(honest, anchors) == AuditCheck(rows=ROWS, head=honest[-1][-1].hex(), anchors=3)


def test_two_anchors_that_contradict_each_other_are_told(trail: sqlite3.Connection) -> None:
    rows = trail_of(trail)

    found = verify(rows, [(5, rows[4][-1].hex()), (5, GENESIS.hex())])

    assert found.first_bad == 5
    assert "rows from the beginning" in found.problem


def test_a_trail_without_digests_is_told_as_not_chained(trail: sqlite3.Connection) -> None:
    rows = [(None, *row[1:-1], None) for row in trail_of(trail)]

    found = verify(rows)

    assert (found.first_bad, found.problem) == (None, NOT_CHAINED)


def test_pages_of_any_size_give_the_same_answer(trail: sqlite3.Connection) -> None:
    rows = trail_of(trail)
    swapped = [*rows[:9], rows[10], rows[9], *rows[11:]]
    for size in range(1, 12):
        verification = Verification()
        for start in range(0, ROWS, size):
            verification.take(swapped[start : start + size])

        assert verification.result().first_bad == verify(swapped).first_bad


def test_an_excerpt_is_verified_from_the_digest_before_it(trail: sqlite3.Connection) -> None:
    rows = trail_of(trail)
    anchors = [(3, "of a row before"), (30, rows[29][-1].hex()), (ROWS, rows[-1][-1].hex())]
    excerpt = Verification(anchors, number=19, head=rows[18][-1], is_whole=False)

    assert excerpt.take(rows[19:40])

    assert excerpt.result() == AuditCheck(rows=21, head=rows[39][-1].hex(), anchors=1)


def test_a_batch_that_failed_does_not_move_the_chain() -> None:
    connection = trail_database()
    chain = AuditChain()
    append(connection, chain, range(1, 4))
    connection.execute("BEGIN")
    chain.rows(taken(range(4, 9)))
    connection.execute("ROLLBACK")
    chain.undone()
    forgotten = chain.rows(taken(range(4, 6)))
    again = chain.rows(taken(range(4, 6)))
    chain.kept()
    before = chain.number

    chain.undone()
    chain.kept()
    append(connection, AuditChain(3, trail_of(connection)[-1][-1]), range(4, 7))
    found = verify(trail_of(connection))
    connection.close()

    assert forgotten == again
    assert before == chain.number == 5
    assert (found.first_bad, found.rows) == (None, 6)


def test_a_row_is_shown_as_it_was_said(trail: sqlite3.Connection) -> None:
    row = trail_of(trail)[6]

    shown = audit_row_of(row)

    assert shown.number == 7
    assert shown.digest == row[-1].hex()
    assert shown.act == replace(act(7), at=row[2] / 1e6)
