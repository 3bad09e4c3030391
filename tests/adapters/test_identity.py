"""Who acts: the system's word counts, the environment's words are hints and cannot forge a sentence."""

from __future__ import annotations

import os
import pwd

import pytest

from hive_console.adapters.identity import current_actor, current_origin, login_name, terminal_name

ME = pwd.getpwuid(os.getuid()).pw_name


def test_the_actor_is_the_real_users_login_name() -> None:
    assert current_actor() == ME


def test_the_environment_cannot_change_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "boss")

    assert current_actor() == ME


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        ("10.0.0.5 52110 10.0.0.9 22", "ssh 10.0.0.5"),
        ("2001:db8::1 52110 2001:db8::2 22", "ssh 2001:db8::1"),
        ("fe80::1%eth0 52110 fe80::2%eth0 22", "ssh fe80::1"),
        ("", ""),
        ("10.0.0.5", ""),
        ("evil.example 1 2 3", ""),
        ("10.0.0.5\x1b[2J 1 2 3", ""),
        ("fe80::1%\x1b[2J 1 2 3", ""),
        ("10.0.0.5 1 2 3 4", ""),
    ],
)
def test_the_way_in_is_told_when_it_reads_as_an_address(connection: str, told: str) -> None:
    assert current_origin({"SSH_CONNECTION": connection}) == told


@pytest.mark.parametrize("name", ["anna", "anna.smith", "DOMAIN\\anna", "anna@corp.example", "svc_1$"])
def test_a_sudo_name_is_a_hint(name: str) -> None:
    assert current_origin({"SUDO_USER": name}) == f"sudo by {name}"


@pytest.mark.parametrize(
    "name", ["", "x) via ssh from 1.2.3.4 (", "a b", "a\nb", "\x1b]0;x\x07", "a" * 40, "évil", "-rf"]
)
def test_a_sudo_name_that_is_no_name_is_left_out(name: str) -> None:
    assert current_origin({"SUDO_USER": name}) == ""


def test_hints_stand_side_by_side() -> None:
    environ = {"SSH_CONNECTION": "10.0.0.5 1 10.0.0.9 22", "SUDO_USER": "anna"}

    assert current_origin(environ, "pts/3") == "ssh 10.0.0.5, sudo by anna, tty pts/3"


def test_the_terminal_is_the_one_that_is_read_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "ttyname", lambda _descriptor: "/dev/pts/3")

    assert terminal_name() == "pts/3"


def test_without_a_terminal_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int) -> str:
        raise OSError(25, "Inappropriate ioctl for device")

    monkeypatch.setattr(os, "ttyname", refuse)

    assert terminal_name() == ""


def test_a_user_id_without_an_account_is_told_as_a_number() -> None:
    assert login_name(3_999_999_999) == "uid 3999999999"


def test_the_name_from_the_system_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    record = pwd.struct_passwd(("anna\x1b[2J", "x", os.getuid(), 0, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: record)

    assert current_actor().isprintable()
