"""Fetches a channel's address and secret at each attempt, so that one that was replaced counts at once."""

from __future__ import annotations

from typing import Protocol

from hive_console.core.errors import HiveError, SettingsError
from hive_console.core.text import clean_message

_SCHEMES = ("env:", "file:")


class KeySource(Protocol):
    """Where secrets are kept."""

    def key_of(self, reference: str) -> str:
        """The secret behind `env:NAME` or `file:PATH`; raises a `HiveError` when there is none."""
        ...

    def known(self) -> tuple[str, ...]:
        """Every secret handed out so far, in each spelling: taken out of all that is told."""
        ...


class Unresolved(Exception):
    """A reference that leads to nothing; `why` says what to do, and holds nothing of the secret."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class References:
    """Reads what settings say of a channel's address and secret."""

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys

    def address_of(self, address: str) -> str:
        """The address itself, or what the reference leads to; raises `Unresolved`."""
        return self._fetched(address, "address") if address.startswith(_SCHEMES) else address

    def secret_of(self, reference: str | None) -> str:
        """The secret; empty where none is set. Raises `Unresolved`."""
        return "" if reference is None else self._fetched(reference, "secret")

    def known(self) -> tuple[str, ...]:
        """All that was fetched so far, in every spelling."""
        return self._keys.known()

    def _fetched(self, reference: str, what: str) -> str:
        try:
            return self._keys.key_of(reference)
        except HiveError as error:
            # A settings error names its field first, which would tell of a key where an address is meant.
            why = error.problem if isinstance(error, SettingsError) else str(error)
        raise Unresolved(clean_message(f"its {what} is missing: {why}", self._keys.known()))
