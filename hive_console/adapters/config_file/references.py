"""Reads the two values that lead out of the file: an endpoint and where a key is."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from hive_console.adapters.config_file.problems import Place, shown
from hive_console.adapters.config_file.readers import scalar
from hive_console.adapters.config_file.tree import Kind, Node
from hive_console.adapters.secrets import KeyReference
from hive_console.core.errors import SettingsError

_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
_URL_TEXT = re.compile(r"[\x21-\x7e]{1,2048}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_ADDED_PATHS = ("/chat/completions", "/messages", "/completions", "/models")
"""What the dialects add to an endpoint; people paste it along with the rest."""

_WANTED = "a base URL such as https://api.example.com/v1"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine by its very spelling, without asking a resolver."""
    return _LOOPBACK.fullmatch(host) is not None


def endpoint(node: Node, place: Place) -> str | None:
    """A base URL without a slash at its end: https, or http on loopback; never with a password or a query.

    Nothing of a refused URL beyond its scheme is repeated: it may hold a key.
    """
    value = scalar(node, place, _WANTED)
    if value is None:
        return None
    if value.kind is not Kind.TEXT:
        place.wrong(value.line, f"{shown(value.text)} is no URL; write {_WANTED}")
        return None
    problem = _problem_of_url(value.text)
    if problem is not None:
        place.wrong(value.line, problem)
        return None
    return value.text.rstrip("/")


def _problem_of_url(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # a port beyond 65535, an unclosed [
        return f"is no URL; write {_WANTED}"
    if not _URL_TEXT.fullmatch(text) or not parts.scheme:
        return f"is no URL; write {_WANTED}"
    if parts.scheme not in {"http", "https"}:
        return f"speaks {shown(parts.scheme)}; write {_WANTED}"
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or port == 0:
        return f"names no host; write {_WANTED}"
    return _problem_of_parts(parts, parts.hostname)


def _problem_of_parts(parts: SplitResult, host: str) -> str | None:
    if "@" in parts.netloc:
        return "holds a user name or password; remove it and say where the key is: key: env:NAME"
    if parts.query or parts.fragment or "?" in parts.geturl():
        return "has a query or a fragment; write the URL up to there (a key belongs in key: env:NAME)"
    if parts.scheme == "http" and not is_loopback(host):
        return f"is plain http to {shown(host)}, where anybody on the way could read keys; write https://"
    path = parts.path.rstrip("/")
    added = next((added for added in _ADDED_PATHS if path.endswith(added)), None)
    return f"ends in {added}, which is added to it; leave that out" if added else None


def key_reference(node: Node, place: Place) -> str | None:
    """`env:NAME` or `file:PATH`; a refused value is never repeated: it may be the key itself."""
    value = scalar(node, place, "env:NAME or file:PATH")
    if value is None:
        return None
    try:
        KeyReference.parse(value.text)
    except SettingsError as exc:
        place.wrong(value.line, exc.problem)
        return None
    return value.text
