"""Which models share a key: what one of them meets with it, all of them would meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from hive_console.core.events import Event, KeyRestored
from hive_console.core.faults import KeyFault, shown_key
from hive_console.core.settings import ModelSettings


def keys_of(models: Sequence[ModelSettings]) -> dict[str, KeyFault]:
    """The key of each model by its id; models with the same reference at the same place have the same one.

    The place is the endpoint's host and port. A model without a key shares it with nobody.
    """
    shared: dict[tuple[str, str], list[ModelSettings]] = {}
    for model in models:
        shared.setdefault(_place_of(model), []).append(model)
    keys: dict[str, KeyFault] = {}
    for place, users in shared.items():
        names = tuple(user.id for user in users)
        fault = KeyFault(shown_key(users[0].key), users[0].provider, names, place)
        keys.update(dict.fromkeys(names, fault))
    return keys


def inherit(keys: Mapping[str, KeyFault], before: Sequence[KeyFault], now: float) -> list[Event]:
    """What is known of keys that stay in use under other settings; tells of refused ones that nobody uses any more.

    A refusal is told under the first model that used the key. It stays so while that model uses it; otherwise it is
    over, and told anew for the others.
    """
    present = {key.place: key for key in keys.values()}
    events: list[Event] = []
    for old in before:
        key = present.get(old.place)
        if key is not None:
            key.succeed(old)
        if old.is_told and (key is None or not key.is_told):
            events.append(KeyRestored(at=now, key=old.key, provider=old.provider, models=old.models))
    return events


def _place_of(model: ModelSettings) -> tuple[str, str]:
    return (model.id, "") if model.key is None else (model.key, urlsplit(model.endpoint).netloc)
