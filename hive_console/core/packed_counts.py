"""Counts by bucket as few bytes: what a histogram is while it lies in a recording, and nothing of what it means.

The first byte is version and form. `PAIRS` is (step to the next bucket, count) pairs, for counts that lie far
apart; the others are runs of neighbouring buckets whose counts have 4, 8, 16 or 32 bits each:

    runs, (buckets skipped, buckets) of each run, all counts, what exceeds the largest count of that width

The largest count of a width says that the rest stands at the end, so that one bucket that is far ahead of the
others does not widen all of them. Numbers without a width are varints (LEB128); wide ones are little-endian.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

BUCKETS = 2_048
"""Buckets there are, from 0: the bound of everything that is read."""

_VERSION = 0x10
_PAIRS, _NIBBLES, _BYTES, _SHORTS, _LONGS = range(5)
_BITS = {_NIBBLES: 4, _BYTES: 8, _SHORTS: 16, _LONGS: 32}
_LETTERS = {_SHORTS: "H", _LONGS: "I"}

_RUNS = {
    form: re.compile(rb"[^\0]+(?:\0{1,%d}[^\0]+)*" % gap if gap else rb"[^\0]+", re.DOTALL)
    for form, gap in ((_NIBBLES, 4), (_BYTES, 2), (_SHORTS, 1), (_LONGS, 0))
}
"""Runs in a row of counts: a gap is left out where it takes more room than the two bytes that begin a run."""

_CAP = 0xFF
_DIGITS = bytes(b"0123456789abcdef"[min(count, 15)] for count in range(256))
_FROM_DIGITS = bytes(int(chr(code), 16) if chr(code) in "0123456789abcdef" else 0 for code in range(256))
"""Hexadecimal digits are the half-bytes that Python packs and unpacks by itself, some twenty times as fast."""

_SMALL = bytes(range(15))

EXCEEDING = {_NIBBLES: 1 / 3, _BYTES: 1 / 8}
"""Shares of the counts that may exceed their width: one that does takes as long to read as twenty that do not.

Minutes are many and their counts small, so that their bytes matter; hours are few, and there it is the time.
"""

Run = tuple[int, Sequence[int]]
"""The first bucket, and the counts of that and the following ones; some may be 0."""


def pack(buckets: Mapping[int, int]) -> bytes:
    """The shortest form of counts by bucket (each above 0); nothing at all is no bytes."""
    if not buckets:
        return b""
    low, high = min(buckets), max(buckets)
    counts = list(map(buckets.get, range(low, high + 1), repeat(0)))
    largest = max(buckets.values())
    capped = bytes(counts) if largest <= _CAP else bytes(_limited(counts, _CAP))
    best: bytes | None = None
    for least, form in _candidates(buckets, capped, largest):
        if best is None or least < len(best):
            packed = _pairs(buckets) if form == _PAIRS else _dense(form, low, counts, capped)
            best = packed if best is None or len(packed) < len(best) else best
    return best or b""


def unpack(blob: bytes) -> list[Run]:
    """The runs of counts, in order and apart; raises `ValueError` for anything that `pack` cannot have written.

    It takes no more room than all buckets do, whatever the bytes say.
    """
    if not blob:
        return []
    form = blob[0] - _VERSION
    if form == _PAIRS:
        return _read_pairs(blob)
    if form not in _BITS:
        raise ValueError(f"counts of an unknown form: {blob[0]:#04x}")
    return _read_dense(form, blob)


def _candidates(buckets: Mapping[int, int], capped: bytes, largest: int) -> list[tuple[int, int]]:
    """(bytes it takes at least, form), likeliest first; a form that cannot be the shortest is left out."""
    occupied = len(buckets)
    many = len(capped.translate(None, _SMALL))  # counts that do not fit in half a byte, each a byte more at the end
    found = [(1 + 2 * occupied, _PAIRS)]
    if many <= occupied * EXCEEDING[_NIBBLES]:
        found.append((3 + (occupied + 1) // 2 + many, _NIBBLES))
    if many and capped.count(_CAP) <= occupied * EXCEEDING[_BYTES]:
        found.append((3 + occupied, _BYTES))
    if largest >= _CAP:
        found.append((3 + 2 * occupied, _SHORTS))
    if largest >= 0xFFFF:
        found.append((3 + 4 * occupied, _LONGS))
    return sorted(found)


def _pairs(buckets: Mapping[int, int]) -> bytes:
    numbers: list[int] = []
    last = -1
    for bucket in sorted(buckets):
        numbers += (bucket - last, buckets[bucket])
        last = bucket
    return bytes((_VERSION + _PAIRS,)) + _varints(numbers)


def _dense(form: int, low: int, counts: list[int], capped: bytes) -> bytes:
    runs = [found.span() for found in _RUNS[form].finditer(capped)]
    head, last = [len(runs)], -low
    for begin, end in runs:
        head += (begin - last, end - begin)
        last = end
    kept = [count for begin, end in runs for count in counts[begin:end]] if len(runs) > 1 else counts
    limit = (1 << _BITS[form]) - 1
    exceeding = [count - limit for count in kept if count >= limit]
    if form in _LETTERS:
        body = struct.pack(f"<{len(kept)}{_LETTERS[form]}", *(_limited(kept, limit) if exceeding else kept))
    else:
        body = b"".join([capped[begin:end] for begin, end in runs])
        if form == _NIBBLES:
            body = bytes.fromhex((body.translate(_DIGITS) + b"0" * (len(body) % 2)).decode("ascii"))
    return bytes((_VERSION + form,)) + _varints(head) + body + _varints(exceeding)


def _limited(counts: Iterable[int], limit: int) -> list[int]:
    return [count if count < limit else limit for count in counts]  # noqa: FURB136 - min() takes thrice as long


def _read_pairs(blob: bytes) -> list[Run]:
    runs: list[Run] = []
    bucket, place = -1, 1
    while place < len(blob):
        step, place = _varint(blob, place)
        count, place = _varint(blob, place)
        bucket += step
        if not (step and count) or bucket >= BUCKETS:
            raise ValueError("a pair that is no bucket and count")
        runs.append((bucket, (count,)))
    return runs


def _read_dense(form: int, blob: bytes) -> list[Run]:
    number, place = _varint(blob, 1)
    spans: list[tuple[int, int]] = []
    end = total = 0
    for _ in range(min(number, BUCKETS + 1)):
        skipped, place = _varint(blob, place)
        length, place = _varint(blob, place)
        begin, end = end + skipped, end + skipped + length
        if not length or end > BUCKETS:
            raise ValueError("a run of counts outside of all buckets")
        spans.append((begin, length))
        total += length
    size = (total * _BITS[form] + 7) // 8
    body = blob[place : place + size]
    if len(spans) != number or len(body) != size:
        raise ValueError("counts that end too early")
    counts = _widened(form, body, total)
    counts = _completed(counts, (1 << _BITS[form]) - 1, blob, place + size)
    if len(spans) == 1:
        return [(spans[0][0], counts)]
    runs, at = [], 0
    for begin, length in spans:
        runs.append((begin, counts[at : at + length]))
        at += length
    return runs


def _widened(form: int, body: bytes, total: int) -> Sequence[int]:
    if form == _BYTES:
        return body
    if form == _NIBBLES:
        return body.hex().encode("ascii").translate(_FROM_DIGITS)[:total]
    return struct.unpack(f"<{total}{_LETTERS[form]}", body)


def _completed(counts: Sequence[int], limit: int, blob: bytes, place: int) -> Sequence[int]:
    """The counts with what exceeds their width, which is all that may follow them."""
    exceeding = counts.count(limit)
    if exceeding:
        whole, index = list(counts), -1
        for _ in range(exceeding):
            index = counts.index(limit, index + 1)
            excess, place = _varint(blob, place)
            whole[index] += excess
        counts = whole
    if place != len(blob):
        raise ValueError("something follows the counts")
    return counts


def _varints(numbers: Iterable[int]) -> bytes:
    packed = bytearray()
    for number in numbers:
        rest = number
        while rest > 0x7F:
            packed.append(rest & 0x7F | 0x80)
            rest >>= 7
        packed.append(rest)
    return bytes(packed)


def _varint(blob: bytes, place: int) -> tuple[int, int]:
    """The number at a place, and the place after it."""
    if place < len(blob) and blob[place] < 0x80:  # nearly all are one byte
        return blob[place], place + 1
    number = shift = 0
    for place_now in range(place, min(place + 9, len(blob))):
        byte = blob[place_now]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place_now + 1
        shift += 7
    raise ValueError("a number that does not end")
