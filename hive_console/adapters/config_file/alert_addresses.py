"""Reads where notices go: a reference (`env:NAME`, `file:PATH`), or a URL that holds no secret.

An address that lets whoever knows it write to a channel is a secret. Nothing of a refused one is repeated.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from hive_console.adapters.config_file.problems import Place
from hive_console.adapters.config_file.readers import scalar
from hive_console.adapters.config_file.references import key_reference, problem_of_url
from hive_console.adapters.config_file.tree import Node
from hive_console.adapters.secrets import KeyReference
from hive_console.core.errors import SettingsError

_WANTED = "a URL such as https://hooks.example.com/hive, or env:NAME where it is a secret"

_SECRET_HOSTS = (
    "hooks.slack.com",
    "hooks.slack-gov.com",
    "discord.com",
    "discordapp.com",
    "webhook.office.com",
    "chat.googleapis.com",
)
"""Hosts whose webhook URLs are all that a writer needs."""


def is_reference(text: str) -> bool:
    """Whether this says where an address is, instead of being one."""
    return text.startswith(("env:", "file:"))


def secret_address(node: Node, place: Place) -> str | None:
    """A reference to an address that is a secret."""
    value = scalar(node, place, "env:NAME or file:PATH")
    if value is None:
        return None
    if not is_reference(value.text):
        place.wrong(value.line, "is a secret and never stands here; say where it is: env:NAME or file:PATH")
        return None
    return key_reference(node, place)


def address(node: Node, place: Place) -> str | None:
    """A reference to a URL, or one that holds no secret. Whether it may be called is asked later."""
    value = scalar(node, place, _WANTED)
    if value is None:
        return None
    if is_reference(value.text):
        return key_reference(node, place)
    problem = problem_of_url(value.text, _WANTED) or _secret_in(value.text)
    if problem is not None:
        place.wrong(value.line, problem)
        return None
    return value.text


def _secret_in(url: str) -> str | None:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    elsewhere = "put the whole URL into a variable or a file and write env:NAME or file:PATH"
    if "@" in parts.netloc:
        return f"holds a user name or password; {elsewhere}"
    if parts.query or parts.fragment or "?" in url:
        return f"has a query or a fragment, which may hold a secret; {elsewhere}"
    if any(host == known or host.endswith(f".{known}") for known in _SECRET_HOSTS):
        return f"is a secret with these hosts; {elsewhere}"
    return None


def page(node: Node, place: Place) -> str | None:
    """A URL that people open, without a password."""
    wanted = "a URL such as https://wiki.example.com/runbook"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    problem = problem_of_url(value.text, wanted)
    if problem is None and "@" in urlsplit(value.text).netloc:
        problem = "holds a user name or password; remove it"
    if problem is not None:
        place.wrong(value.line, problem)
        return None
    return value.text


def reference_of(text: str | None) -> str | None:
    """The text where it is a reference that can be read, else `None`."""
    if text is None:
        return None
    try:
        KeyReference.parse(text)
    except SettingsError:
        return None
    return text
