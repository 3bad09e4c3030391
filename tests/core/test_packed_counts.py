"""Counts as bytes: the shortest of the forms, there and back, and nothing else is taken for counts."""

from __future__ import annotations

import pytest

from hive_console.core.packed_counts import BUCKETS, Run, pack, unpack

PAIRS, NIBBLES, BYTES, SHORTS, LONGS = range(0x10, 0x15)


def counts_of(runs: list[Run]) -> dict[int, int]:
    return {first + step: count for first, counts in runs for step, count in enumerate(counts) if count}


def spread(count: int, *, begin: int = 100, length: int = 60) -> dict[int, int]:
    return dict.fromkeys(range(begin, begin + length), count)


SHAPES = {
    "one": ({700: 1}, PAIRS),
    "the first and the last bucket": ({0: 3, BUCKETS - 1: 70_000}, PAIRS),
    "few and far apart": ({0: 1, 9: 300, 900: 2, 1_200: 1}, PAIRS),
    "many small": (spread(9), NIBBLES),
    "an odd number of small": (spread(9, length=61), NIBBLES),
    "many small and one large": ({**spread(9), 120: 15}, NIBBLES),
    "many small and one huge": ({**spread(9), 120: 2**40}, NIBBLES),
    "two runs": ({**spread(2), **spread(14, begin=900)}, NIBBLES),
    "small ones with short gaps": ({bucket: 1 for bucket in range(400) if bucket % 3}, NIBBLES),
    "many of a byte": (spread(200), BYTES),
    "many of a byte and one beyond": ({**spread(200), 120: 255, 121: 256}, BYTES),
    "many of two bytes": (spread(60_000), SHORTS),
    "many of two bytes in two runs": ({**spread(256), **spread(65_534, begin=163)}, SHORTS),
    "many of two bytes and one beyond": ({**spread(60_000), 120: 65_535}, SHORTS),
    "many of four bytes": (spread(10**9), LONGS),
    "many of four bytes and one beyond": ({**spread(10**9), 120: 2**32 - 1, 130: 2**50}, LONGS),
    "all buckets": (spread(1, begin=0, length=BUCKETS), NIBBLES),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_counts_come_back_from_the_form_that_suits_them(shape: str) -> None:
    counts, form = SHAPES[shape]

    packed = pack(counts)

    assert counts_of(unpack(packed)) == counts
    assert packed[0] == form


def test_a_form_is_chosen_for_its_length() -> None:
    assert len(pack({700: 1})) == 4
    assert len(pack(spread(9))) == 4 + 30
    assert len(pack(spread(200))) == 4 + 60
    assert len(pack({**spread(2), **spread(2, begin=163)})) == 4 + 62  # a gap of three costs less than another run
    assert len(pack({**spread(2), **spread(2, begin=166)})) == 6 + 60


@pytest.mark.parametrize(
    ("blob", "why"),
    [
        (b"\x00", "unknown form"),
        (b"\x15\x01", "unknown form"),
        (b"\x20", "unknown form"),
        (b"\x10\x01", "does not end"),
        (b"\x10\x80", "does not end"),
        (b"\x10\x00\x01", "no bucket and count"),
        (b"\x10\x01\x00", "no bucket and count"),
        (b"\x10\x81\x10\x01", "no bucket and count"),
        (b"\x11", "does not end"),
        (b"\x11\x01\x00\x00", "outside of all buckets"),
        (b"\x11\x01\x01\x80\x10", "outside of all buckets"),
        (b"\x11\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + b"\x00\x01" * 3_000, "outside of all buckets"),
        (b"\x11\x02\x00\x01", "does not end"),
        (b"\x11\x01\x00\x03\x11", "too early"),
        (b"\x13\x01\x00\x02\x00\x00\x00", "too early"),
        (b"\x11\x01\x00\x02\x11\x00", "follows"),
        (b"\x11\x01\x00\x02\xf1", "does not end"),
        (b"\x12\x01\x00\x01\xff" + b"\xff" * 9, "does not end"),
    ],
)
def test_damaged_counts_are_refused(blob: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        unpack(blob)
