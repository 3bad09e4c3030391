"""Starts that cannot succeed: plain lines on stderr, exit code 1, and a terminal as it was before."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.program import COMMAND, console, environment

GOOD = "models: {mine: {endpoint: 'http://127.0.0.1:9/v1'}}\ngateway: {port: 0}\n"

ALTERNATE_SCREEN, ORDINARY_SCREEN, CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"

BAD = {
    "unknown-key": (b"models:\n  gpt-5:\n    timeot: 30s\n", ":3: models.gpt-5.timeot: "),
    "no-unit": (b"models:\n  gpt-5:\n    timeout: 30\n", ":3: models.gpt-5.timeout: "),
    "duplicate": (b"models:\n  gpt-5: {}\n  gpt-5: {}\n", ":3: models.gpt-5: "),
    "alias": (b"models:\n  gpt-5: &a {}\n  gpt-4: *a\n", ":3: "),
    "broken": (b"models: [\n", ":2: "),
    "no-text": (b"models:\n  \xff\xfe: {}\n", ":2: is not UTF-8"),
    "escapes": (b'models:\n  gpt-5:\n    "\\e]0;PWNED\\a\\e[2J\\x9b2J[/b]": 1\n', ":3: models.gpt-5."),
    "stranger": (b"models:\n  gpt-5: {fallbacks: [gpt-5, nobody-knows-me]}\n", ":2: models.gpt-5.fallbacks"),
    "wide": (
        b"models: {gpt-5: {}}\ngateway: {host: 0.0.0.0}\n",
        ":2: gateway.host: 0.0.0.0 is not a loopback address",
    ),
    "zero": (b"models:\n  gpt-5: {}\n\x00\n", ":"),
    "empty": (b"", ":1: is empty"),
    "too-deep": (b"models: " + b"[" * 2000 + b"\n", ":1: "),
}


def write(folder: Path, content: bytes) -> str:
    path = folder / "bad.yaml"
    path.write_bytes(content)
    path.chmod(0o600)
    return str(path)


def serve(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = (*COMMAND, "serve", *arguments)
    return subprocess.run(command, capture_output=True, check=False, env=environment(folder), timeout=60)


def assert_plain(told: bytes) -> None:
    """Lines for people: no traceback, nothing a terminal would obey."""
    text = told.decode("utf-8")
    assert text.endswith("\n")
    assert "Traceback" not in text
    assert text.replace("\n", "").isprintable(), text


@pytest.mark.parametrize("kind", BAD)
def test_bad_file_is_told_with_file_and_line(tmp_path: Path, kind: str) -> None:
    content, words = BAD[kind]
    config = write(tmp_path, content)

    ran = serve(tmp_path, config, "--data", str(tmp_path / "data"))

    assert (ran.returncode, ran.stdout) == (1, b"")
    assert_plain(ran.stderr)
    lines = ran.stderr.decode().splitlines()
    assert all(line.startswith(config) for line in lines), lines
    assert any(f"{config}{words}" in line for line in lines), lines
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("kind", ["unknown-key", "broken", "escapes"])
def test_bad_file_leaves_the_terminal_alone(tmp_path: Path, kind: str) -> None:
    content, words = BAD[kind]
    config = write(tmp_path, content)

    with console(tmp_path, config, columns=200) as terminal:
        code = terminal.ended()

        assert code == 1
        assert_plain(terminal.drawn.replace(b"\r\n", b"\n"))
        assert f"{config}{words}".encode() in terminal.drawn


@pytest.mark.parametrize("made", ["missing", "folder", "pipe"])
def test_file_that_is_none_is_told_at_once(tmp_path: Path, made: str) -> None:
    path = tmp_path / "\x1b[2Jbad.yaml"
    if made == "folder":
        path.mkdir()
    if made == "pipe":
        os.mkfifo(path)

    ran = serve(tmp_path, str(path))

    assert ran.returncode == 1
    assert_plain(ran.stderr)
    assert b"bad.yaml: " in ran.stderr


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def busy_settings(folder: Path, port: int) -> str:
    return write(folder, GOOD.replace("port: 0", f"port: {port}").encode())


def test_port_in_use_ends_a_service_with_what_to_do(tmp_path: Path, taken_port: int) -> None:
    ran = serve(tmp_path, busy_settings(tmp_path, taken_port), "--data", str(tmp_path / "data"))

    assert ran.returncode == 1
    assert_plain(ran.stderr)
    assert f"cannot listen on 127.0.0.1:{taken_port}: another program has the port".encode() in ran.stderr
    assert serve_succeeds_up_to_the_port(tmp_path, taken_port)


def serve_succeeds_up_to_the_port(folder: Path, port: int) -> bool:
    """A second try fails for the same reason: the first one let the data folder go."""
    ran = serve(folder, busy_settings(folder, port), "--data", str(folder / "data"))
    return b"cannot listen" in ran.stderr


def test_port_in_use_ends_the_console_with_the_terminal_restored(tmp_path: Path, taken_port: int) -> None:
    with console(tmp_path, busy_settings(tmp_path, taken_port), columns=200) as terminal:
        code = terminal.ended()

        assert code == 1
        assert terminal.drawn.count(ALTERNATE_SCREEN) == terminal.drawn.count(ORDINARY_SCREEN)
        _, _, last = terminal.drawn.rpartition(ORDINARY_SCREEN)
        assert CURSOR in terminal.drawn[terminal.drawn.rfind(ALTERNATE_SCREEN) :]
        assert f"cannot listen on 127.0.0.1:{taken_port}".encode() in last
        assert b"Traceback" not in last


def unusable_folder(folder: Path, kind: str) -> tuple[Path, str]:
    """A data folder nobody can record into, and what is told of it."""
    match kind:
        case "file":
            path = folder / "data"
            path.write_text("mine")
            return path, "folder"
        case "below-a-file":
            (folder / "file").write_text("mine")
            return folder / "file" / "data", "is not a folder"
        case "not-writable" if os.geteuid() != 0:
            path = folder / "data"
            path.mkdir(mode=0o500)
            return path, "cannot write in the data folder"
        case "not-writable":
            return Path("/proc/hive-console"), "cannot create the data folder"
        case "folder-for-database":
            (folder / "data" / "hive.db").mkdir(parents=True)
            return folder / "data", "hive.db"
        case "garbage-for-database":
            (folder / "data").mkdir()
            (folder / "data" / "hive.db").write_bytes(b"no database \x1b[2J" * 1000)
            return folder / "data", "hive.db"
        case _:
            (folder / "data" / "hive.lock").mkdir(parents=True)
            return folder / "data", "cannot write in the data folder"


FOLDERS = ["file", "below-a-file", "not-writable", "folder-for-database", "garbage-for-database", "folder-for-lock"]


@pytest.mark.parametrize("kind", FOLDERS)
def test_folder_that_cannot_be_recorded_into_is_told(tmp_path: Path, kind: str) -> None:
    path, words = unusable_folder(tmp_path, kind)

    ran = serve(tmp_path, write(tmp_path, GOOD.encode()), "--data", str(path))

    assert ran.returncode in {1, 2}
    assert_plain(ran.stderr)
    assert words in ran.stderr.decode()
    assert str(path) in ran.stderr.decode()
