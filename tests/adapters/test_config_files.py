"""Settings files on a disk: where they are looked for, and which are refused without hanging."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hive_console.adapters.config_file import find, load
from hive_console.core.errors import ConfigurationError

GOOD = "models:\n  gpt-5: {}\n"


def problem_of(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(path, {})
    (problem,) = caught.value.problems
    return problem


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hive.yaml"
    path.write_text(GOOD)
    path.chmod(0o600)
    return path


def test_good_file_loads(file: Path) -> None:
    loaded = load(file, {})

    assert loaded.settings.models[0].id == "gpt-5"
    assert loaded.name == str(file)


def test_link_to_a_good_file_loads(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(file)

    assert load(link, {}).settings.models[0].id == "gpt-5"


def test_byte_order_mark_is_no_problem(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())

    assert load(file, {}).settings.models[0].id == "gpt-5"


def test_windows_line_ends_are_no_problem(file: Path) -> None:
    file.write_bytes(GOOD.replace("\n", "\r\n").encode())

    assert load(file, {}).settings.models[0].id == "gpt-5"


def test_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    assert problem_of(tmp_path / "none.yaml") == f"{tmp_path}/none.yaml: there is no such file"


def test_file_below_a_file_is_said_to_be_missing(file: Path) -> None:
    assert problem_of(file / "hive.yaml").endswith("there is no such file")


def test_name_with_a_zero_byte_is_refused() -> None:
    assert problem_of(Path("a\0b")) == "a␀b: has a name that no file can have"


def test_folder_is_refused(tmp_path: Path) -> None:
    assert problem_of(tmp_path).endswith("is a folder, not a file")


def test_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    fifo = tmp_path / "hive.yaml"
    os.mkfifo(fifo)

    assert problem_of(fifo).endswith("is not a regular file")


def test_endless_device_is_refused() -> None:
    assert problem_of(Path("/dev/zero")) == "/dev/zero: is not a regular file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_refused(file: Path) -> None:
    file.chmod(0)

    assert problem_of(file).endswith("may not be read by this user")


def test_world_writable_file_is_refused(file: Path) -> None:
    file.chmod(0o666)

    assert "has mode 0666; anybody could change where prompts and keys are sent: chmod o-w" in problem_of(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_may_use_the_file_of_a_user(file: Path) -> None:
    os.chown(file, 12345, 12345)

    assert load(file, {}).settings.models


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away and take another user's place")
def test_file_of_another_user_is_refused(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from hive_console.adapters.guarded_file import *\n"
        "path = Path(sys.argv[1]); path.write_text('x'); path.chmod(0o644); os.chown(path, 12345, 12345)\n"
        "path.parent.chmod(0o755)\n"
        "os.seteuid(54321)\n"
        "try: read_guarded(path, 10, forbidden_mode=0o002, advice='')\n"
        "except UnusableFile as exc: print(exc.problem)\n"
    )
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        path = Path(folder) / "hive.yaml"
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "belongs to another user; use a copy of your own", done.stderr


def test_huge_file_is_refused_by_its_size(file: Path) -> None:
    file.write_text(GOOD + "#" * 256 * 1024)

    assert "bytes; at most 262144 are accepted" in problem_of(file)


def test_other_encoding_is_refused_with_its_line(file: Path) -> None:
    file.write_bytes(GOOD.encode() + b"# \xff\xfe\n")

    assert problem_of(file) == f"{file}:3: is not UTF-8; save it as UTF-8"


def test_utf_16_is_refused(file: Path) -> None:
    file.write_bytes(GOOD.encode("utf-16"))

    assert problem_of(file) == f"{file}:1: is not UTF-8; save it as UTF-8"


def test_escape_in_a_file_name_reaches_no_message(tmp_path: Path) -> None:
    assert "\x1b" not in problem_of(tmp_path / "a\x1b[2J.yaml")


def test_key_file_is_found_relative_to_the_settings_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "openai.key"
    key.write_text("sk-from-file\n")
    key.chmod(0o400)
    file.write_text("models:\n  gpt-5: {key: 'file:openai.key'}\n")
    monkeypatch.chdir("/")

    loaded = load(file, {})

    assert loaded.secrets.key_of("file:openai.key") == "sk-from-file"


def test_key_file_that_everybody_reads_is_an_error_with_its_line(file: Path, tmp_path: Path) -> None:
    key = tmp_path / "openai.key"
    key.write_text("sk-from-file\n")
    key.chmod(0o644)
    file.write_text("models:\n  gpt-5:\n    key: file:openai.key\n")

    problem = problem_of(file)

    assert problem.startswith(f"{file}:3: models.gpt-5.key: ")
    assert "has mode 0644" in problem
    assert problem.endswith("chmod 600")


def test_named_file_is_taken_even_if_missing(tmp_path: Path) -> None:
    assert find(tmp_path / "none.yaml", {}) == tmp_path / "none.yaml"


def test_file_of_this_folder_comes_before_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "config" / "hive-console"
    home.mkdir(parents=True)
    (home / "hive.yaml").write_text(GOOD)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}

    assert find(None, environ) == home / "hive.yaml"

    (here / "hive.yaml").write_text(GOOD)

    assert find(None, environ) == Path("hive.yaml")


def test_home_is_looked_in_when_no_configuration_folder_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".config" / "hive-console" / "hive.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(GOOD)
    monkeypatch.chdir(tmp_path)

    assert find(None, {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "relative"}) == file


def test_nothing_is_found_where_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert find(None, {}) is None


def test_loading_a_good_file_imports_nothing_slow(file: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hive_console.adapters.config_file import load\n"
        "load(Path(sys.argv[1]), {})\n"
        "print(sorted({'difflib', 'click', 'pydantic', 'asyncio', 'textual', 'aiohttp'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
