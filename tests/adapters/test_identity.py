"""Who acts: the system's word counts, the environment's words are hints and cannot forge a sentence."""

from __future__ import annotations

import os
import pwd

import pytest

from hive_console.adapters.identity import current_actor, login_name

ME = pwd.getpwuid(os.getuid()).pw_name


def test_the_actor_is_the_real_users_login_name() -> None:
    assert current_actor({}) == ME


def test_the_environment_cannot_change_the_name() -> None:
    assert current_actor({"LOGNAME": "boss", "USER": "boss", "USERNAME": "boss", "HOME": "/home/boss"}) == ME


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        ("10.0.0.5 52110 10.0.0.9 22", " via ssh from 10.0.0.5"),
        ("2001:db8::1 52110 2001:db8::2 22", " via ssh from 2001:db8::1"),
        ("fe80::1%eth0 52110 fe80::2%eth0 22", " via ssh from fe80::1"),
        ("", ""),
        ("10.0.0.5", ""),
        ("evil.example 1 2 3", ""),
        ("10.0.0.5\x1b[2J 1 2 3", ""),
        ("fe80::1%\x1b[2J 1 2 3", ""),
        ("10.0.0.5 1 2 3 4", ""),
    ],
)
def test_the_way_in_is_told_when_it_reads_as_an_address(connection: str, told: str) -> None:
    assert current_actor({"SSH_CONNECTION": connection}) == ME + told


@pytest.mark.parametrize("name", ["anna", "anna.smith", "DOMAIN\\anna", "anna@corp.example", "svc_1$"])
def test_a_sudo_name_is_told_as_unverified(name: str) -> None:
    assert current_actor({"SUDO_USER": name}) == f"{ME} (sudo by {name}, unverified)"


@pytest.mark.parametrize(
    "name", ["", "x) via ssh from 1.2.3.4 (", "a b", "a\nb", "\x1b]0;x\x07", "a" * 40, "évil", "-rf"]
)
def test_a_sudo_name_that_is_no_name_is_left_out(name: str) -> None:
    assert current_actor({"SUDO_USER": name}) == ME


def test_a_user_id_without_an_account_is_told_as_a_number() -> None:
    assert login_name(3_999_999_999) == "uid 3999999999"


def test_the_name_from_the_system_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    record = pwd.struct_passwd(("anna\x1b[2J", "x", os.getuid(), 0, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: record)

    assert current_actor({}).isprintable()
