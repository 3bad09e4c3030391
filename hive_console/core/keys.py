"""Which models share a key: what one of them meets with it, all of them would meet."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from hive_console.core.faults import KeyFault, shown_key
from hive_console.core.settings import ModelSettings


def keys_of(models: Sequence[ModelSettings]) -> dict[str, KeyFault]:
    """The key of each model by its id; models with the same reference at the same place have the same one.

    The place is the endpoint's host and port. A model without a key shares it with nobody.
    """
    shared: dict[tuple[str, str], list[ModelSettings]] = {}
    for model in models:
        place = (model.key, urlsplit(model.endpoint).netloc) if model.key is not None else (model.id, "")
        shared.setdefault(place, []).append(model)
    keys: dict[str, KeyFault] = {}
    for users in shared.values():
        names = tuple(user.id for user in users)
        fault = KeyFault(shown_key(users[0].key), users[0].provider, names)
        keys.update(dict.fromkeys(names, fault))
    return keys
