"""Keys are fetched late, refused when others can read them, and shown nowhere."""

from __future__ import annotations

import base64
import os
import pickle
from pathlib import Path

import pytest

from hive_console.adapters.secrets import KEY_FILE_LIMIT, MAX_REMEMBERED, KeyReference, KeyRing, KeySource
from hive_console.core.errors import SettingsError


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.key"
    path.write_text("  sk-first\n")
    path.chmod(0o600)
    return path


def refusal(ring: KeyRing, reference: str) -> str:
    with pytest.raises(SettingsError) as caught:
        ring.key_of(reference)
    assert caught.value.field == "key"
    return caught.value.problem


def test_key_comes_from_the_variable(tmp_path: Path) -> None:
    ring = KeyRing({"NAME": " sk-abc \n"}, tmp_path)

    assert ring.key_of("env:NAME") == "sk-abc"


def test_variable_is_read_at_the_moment_of_use(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    ring = KeyRing(environ, tmp_path)
    assert "NAME is not set; set NAME" in refusal(ring, "env:NAME")

    environ["NAME"] = "sk-late"

    assert ring.key_of("env:NAME") == "sk-late"


@pytest.mark.parametrize("value", ["", "   \n"])
def test_empty_variable_is_refused(value: str, tmp_path: Path) -> None:
    assert refusal(KeyRing({"NAME": value}, tmp_path), "env:NAME").endswith("NAME is empty; put the key there")


@pytest.mark.parametrize("value", ["sk-a\r\nx-evil: 1", "sk-a b", "sk-\x1b[2J", "sk-é"])
def test_key_that_could_forge_a_header_is_refused_unseen(value: str, tmp_path: Path) -> None:
    problem = refusal(KeyRing({"NAME": value}, tmp_path), "env:NAME")

    assert "sk-" not in problem
    assert problem.isprintable()


def test_key_comes_from_the_file_beside_the_settings(key_file: Path) -> None:
    ring = KeyRing({}, key_file.parent)

    assert ring.key_of("file:a.key") == "sk-first"
    assert ring.key_of(f"file:{key_file}") == "sk-first"


def test_replaced_key_file_counts_from_the_next_use_on(key_file: Path) -> None:
    ring = KeyRing({}, key_file.parent)
    ring.key_of("file:a.key")

    fresh = key_file.with_name("fresh")
    fresh.write_text("sk-second-key")
    fresh.chmod(0o600)
    fresh.replace(key_file)

    assert ring.key_of("file:a.key") == "sk-second-key"
    assert {"sk-first", "sk-second-key"} <= set(ring.known())


def test_unchanged_key_file_is_read_once(key_file: Path) -> None:
    ring = KeyRing({}, key_file.parent)
    ring.key_of("file:a.key")
    status = key_file.stat()

    key_file.write_text("  sk-other\n")  # same size; the stamp is put back, so that only reading could tell
    os.utime(key_file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert ring.key_of("file:a.key") == "sk-first"


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_private_modes_are_accepted(mode: int, key_file: Path) -> None:
    key_file.chmod(mode)

    assert KeyRing({}, key_file.parent).key_of("file:a.key") == "sk-first"


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602, 0o777])
def test_file_that_others_could_read_or_change_is_refused(mode: int, key_file: Path) -> None:
    key_file.chmod(mode)

    problem = refusal(KeyRing({}, key_file.parent), "file:a.key")

    assert f"has mode {mode:04o}" in problem
    assert problem.endswith("chmod 600")


def test_folder_and_missing_file_are_refused(tmp_path: Path) -> None:
    ring = KeyRing({}, tmp_path)

    assert "is a folder" in refusal(ring, "file:.")
    assert "there is no such file" in refusal(ring, "file:none.key")


def test_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)

    assert "is not a regular file" in refusal(KeyRing({}, tmp_path), "file:pipe")


def test_huge_key_file_is_refused(key_file: Path) -> None:
    key_file.write_text("k" * (KEY_FILE_LIMIT + 1))

    assert "at most 8192 are accepted" in refusal(KeyRing({}, key_file.parent), "file:a.key")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"sk-one\nsk-two\n", b"sk-\xff\xfe"])
def test_file_that_holds_no_single_key_is_refused_unseen(content: bytes, key_file: Path) -> None:
    key_file.write_bytes(content)

    assert "sk-" not in refusal(KeyRing({}, key_file.parent), "file:a.key")


@pytest.mark.parametrize(
    "reference",
    ["sk-abcdefgh", "env:", "env:A-B", "env:9", "file:", "file: ", "cmd:cat x", "", "env:A\nB", "file:a\x1b"],
)
def test_what_is_no_reference_is_refused_unseen(reference: str, tmp_path: Path) -> None:
    problem = refusal(KeyRing({}, tmp_path), reference)

    assert problem == "must say where the key is, as env:NAME or file:PATH; the key itself never stands here"


def test_reference_reads_back_as_it_was_written() -> None:
    assert KeyReference.parse("env:NAME") == KeyReference(KeySource.VARIABLE, "NAME")
    assert str(KeyReference.parse("file:a/b.key")) == "file:a/b.key"


def test_known_holds_every_form_a_key_may_leak_in_longest_first(tmp_path: Path) -> None:
    ring = KeyRing({"NAME": "sk/abc+def"}, tmp_path)
    assert ring.known() == ()

    ring.key_of("env:NAME")

    known = ring.known()
    assert set(known) == {"sk/abc+def", "sk%2Fabc%2Bdef", base64.b64encode(b"sk/abc+def").decode()}
    assert list(known) == sorted(known, key=len, reverse=True)


def test_only_so_many_keys_are_remembered(tmp_path: Path) -> None:
    environ = {f"K{number}": f"sk-{number:06}" for number in range(MAX_REMEMBERED + 3)}
    ring = KeyRing(environ, tmp_path)

    for name in environ:
        ring.key_of(f"env:{name}")
        ring.key_of(f"env:{name}")

    known = ring.known()
    assert "sk-000002" not in known
    assert "sk-000003" in known


def test_ring_shows_nothing_and_is_not_copied(tmp_path: Path) -> None:
    ring = KeyRing({"NAME": "sk-abc"}, tmp_path)
    ring.key_of("env:NAME")

    assert repr(ring) == "KeyRing(...)"
    with pytest.raises(TypeError, match="is not copied"):
        pickle.dumps(ring)
