"""Who sits at this console, for the audit trail: the name that the system attests, and hints from outside apart."""

from __future__ import annotations

import ipaddress
import os
import pwd
import re
from collections.abc import Mapping

from hive_console.core.text import NAME_LIMIT, clean

_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,31}\$?")
"""A login name, domain users included; anything else in `SUDO_USER` is a forgery and is left out."""


def current_actor() -> str:
    """The login name of this process's real user, as the kernel attests it: `LOGNAME` and `USER` change nothing."""
    return login_name(os.getuid())


def current_origin(environ: Mapping[str, str], terminal: str = "") -> str:
    """How the actor came, as far as anybody says: `ssh 10.0.0.5, sudo by anna, tty pts/3`; mostly empty.

    Address and sudo name come from the environment, which the user can write, and the terminal (see
    `terminal_name`) may be a script's: hints for people, never grounds for a decision.
    """
    hints = (_ssh(environ), _sudo(environ), f"tty {terminal}" if terminal else "")
    return ", ".join(hint for hint in hints if hint)


def terminal_name() -> str:
    """The terminal that this process reads from, such as `pts/3`; empty where it reads from none."""
    try:
        return clean(os.ttyname(0).removeprefix("/dev/"), NAME_LIMIT)
    except OSError:
        return ""


def login_name(uid: int) -> str:
    """The account's name, or `uid 1234` when the system knows none."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
    return clean(name, NAME_LIMIT)


def _ssh(environ: Mapping[str, str]) -> str:
    fields = environ.get("SSH_CONNECTION", "").split()
    if len(fields) != 4:  # client address, client port, server address, server port
        return ""
    address, _, zone = fields[0].partition("%")
    if zone and not zone.isalnum():
        return ""
    try:
        return f"ssh {ipaddress.ip_address(address)}"
    except ValueError:
        return ""


def _sudo(environ: Mapping[str, str]) -> str:
    name = environ.get("SUDO_USER", "")
    return f"sudo by {name}" if _LOGIN.fullmatch(name) else ""
