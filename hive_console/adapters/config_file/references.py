"""Reads the values that lead out of the file: an endpoint, where a key is, who may be called."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from hive_console.adapters.config_file.problems import Place, shown
from hive_console.adapters.config_file.readers import scalar
from hive_console.adapters.config_file.tree import Kind, Listing, Node
from hive_console.adapters.endpoints import address_of, read_entry
from hive_console.adapters.secrets import KeyReference
from hive_console.core.errors import SettingsError

_URL_TEXT = re.compile(r"[\x21-\x7e]{1,2048}")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~%+:@-]+)+/?|/")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_ADDED_PATHS = ("/chat/completions", "/messages", "/completions", "/models")
"""What the dialects add to an endpoint; people paste it along with the rest."""

_WANTED = "a base URL such as https://api.example.com/v1"


def endpoint(node: Node, place: Place) -> str | None:
    """A base URL without a slash at its end; never with a password or a query. Who may be called is asked later.

    Nothing of a refused URL beyond its scheme is repeated: it may hold a key.
    """
    value = scalar(node, place, _WANTED)
    if value is None:
        return None
    if value.kind is not Kind.TEXT:
        place.wrong(value.line, f"{shown(value.text)} is no URL; write {_WANTED}")
        return None
    problem = problem_of_url(value.text, _WANTED) or _problem_of_parts(urlsplit(value.text))
    if problem is not None:
        place.wrong(value.line, problem)
        return None
    return value.text.rstrip("/")


def problem_of_url(text: str, wanted: str) -> str | None:
    """Why this is no http or https URL of a host, or `None`; nothing of it beyond its scheme is repeated."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # a port beyond 65535, an unclosed [
        return f"is no URL; write {wanted}"
    if not _URL_TEXT.fullmatch(text) or not parts.scheme:
        return f"is no URL; write {wanted}"
    if parts.scheme not in {"http", "https"}:
        return f"speaks {shown(parts.scheme)}; write {wanted}"
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or port == 0:
        return f"names no host; write {wanted}"
    return None


def _problem_of_parts(parts: SplitResult) -> str | None:
    if "@" in parts.netloc:
        return "holds a user name or password; remove it and say where the key is: key: env:NAME"
    if parts.query or parts.fragment or "?" in parts.geturl():
        return "has a query or a fragment; write the URL up to there (a key belongs in key: env:NAME)"
    path = parts.path.rstrip("/")
    added = next((added for added in _ADDED_PATHS if path.endswith(added)), None)
    return f"ends in {added}, which is added to it; leave that out" if added else None


def allowed_endpoints(node: Node, place: Place) -> tuple[str, ...] | None:
    """A list of hosts, `*.domain`s, addresses and networks."""
    wanted = "a list such as [llm.internal, '*.example.com', 10.0.0.0/8]"
    if not isinstance(node, Listing):
        value = scalar(node, place, wanted)
        if value is not None:
            place.wrong(value.line, f"is a single value; write {wanted}")
        return None
    entries: list[str] = []
    for item in node.items:
        entry = scalar(item, place, "a host, an address or a network")
        if entry is None:
            continue
        try:
            read_entry(entry.text)
        except SettingsError as exc:
            place.wrong(entry.line, f'"{shown(entry.text)}" {exc.problem}')
        else:
            entries.append(entry.text)
    return tuple(entries)


def listening_address(node: Node, place: Place) -> str | None:
    """An address of this machine, written as one: a name could come to mean another, wider one."""
    wanted = "an address such as 127.0.0.1, 0.0.0.0 or ::"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    if value.text == "localhost" or address_of(value.text) is not None:
        return value.text
    place.wrong(value.line, f'"{shown(value.text)}" is no address of this machine; write {wanted}')
    return None


def probe_path(node: Node, place: Place) -> str | None:
    """A path from the root of the endpoint's host."""
    wanted = "a path such as /health"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    if _PATH.fullmatch(value.text):
        return value.text
    place.wrong(value.line, f'"{shown(value.text)}" is no path; write {wanted}, without host, query and blanks')
    return None


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
