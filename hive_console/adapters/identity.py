"""Who sits at this console, for the audit trail: what the system attests first, hints from outside after it."""

from __future__ import annotations

import ipaddress
import os
import pwd
import re
from collections.abc import Mapping

from hive_console.core.text import NAME_LIMIT, clean

_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,31}\$?")
"""A login name, domain users included; anything else in `SUDO_USER` is a forgery and is left out."""


def current_actor(environ: Mapping[str, str]) -> str:
    """The actor of this process: `anna`, `anna via ssh from 10.0.0.5`, `root (sudo by anna, unverified)`.

    The name is the real user id's, so `LOGNAME` and `USER` cannot change it. The address and the sudo name
    come from the environment, which the user can write: hints for people, never grounds for a decision.
    """
    return login_name(os.getuid()) + _origin(environ) + _sudo(environ)


def login_name(uid: int) -> str:
    """The account's name, or `uid 1234` when the system knows none."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
    return clean(name, NAME_LIMIT)


def _origin(environ: Mapping[str, str]) -> str:
    fields = environ.get("SSH_CONNECTION", "").split()
    if len(fields) != 4:  # client address, client port, server address, server port
        return ""
    address, _, zone = fields[0].partition("%")
    if zone and not zone.isalnum():
        return ""
    try:
        return f" via ssh from {ipaddress.ip_address(address)}"
    except ValueError:
        return ""


def _sudo(environ: Mapping[str, str]) -> str:
    name = environ.get("SUDO_USER", "")
    return f" (sudo by {name}, unverified)" if _LOGIN.fullmatch(name) else ""
