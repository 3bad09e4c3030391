"""What is publicly known of well-known models, as data: what a settings file need not say.

`catalogue.toml` beside this module holds the facts; nothing here calls anybody.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hive_console.core.settings import Dialect

CATALOGUE_FILE = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One model of the catalogue.

    Attributes:
        id: the name the console uses.
        provider: who runs it.
        endpoint: base URL.
        wire_name: the name the provider knows it by.
        dialect: the protocol the endpoint speaks.
        key: the variable the provider's own tools read the key from, as `env:NAME`.
        aliases: other names people use for it.
        context_window: tokens it can hold; 0 means unknown.
    """

    id: str
    provider: str
    endpoint: str
    wire_name: str
    dialect: Dialect
    key: str = field(repr=False)
    aliases: tuple[str, ...] = ()
    context_window: int = 0

    @property
    def key_variable(self) -> str:
        """The name of the variable that holds the key."""
        return self.key.removeprefix("env:")


class Catalogue:
    """Known models by id and by alias."""

    __slots__ = ("_by_name", "_models")

    def __init__(self, models: Iterable[KnownModel]) -> None:
        """Takes the models; an alias that is also a model's id means the model."""
        self._models = tuple(models)
        self._by_name = {alias: model for model in self._models for alias in model.aliases}
        self._by_name.update({model.id: model for model in self._models})

    @property
    def models(self) -> tuple[KnownModel, ...]:
        """All models, in the order of the data."""
        return self._models

    def find(self, name: str) -> KnownModel | None:
        """The model with this id or alias."""
        return self._by_name.get(name)

    def names(self) -> tuple[str, ...]:
        """Every id and alias."""
        return tuple(self._by_name)


def load_catalogue(text: str | None = None) -> Catalogue:
    """Returns the shipped catalogue, or the one in `text` (TOML of the same shape).

    A fault in the data is a programming error and raises `KeyError` or `ValueError`; a test loads the shipped one.
    """
    data = tomllib.loads(CATALOGUE_FILE.read_text("utf-8") if text is None else text)
    return Catalogue(_known(name, entry, data["providers"]) for name, entry in data["models"].items())


# TOML gives plain objects; each is used under the type that the dataclass names, and a test checks the data.
def _known(name: str, entry: Mapping[str, Any], providers: Mapping[str, Any]) -> KnownModel:
    provider = providers[entry["provider"]]
    return KnownModel(
        id=name,
        provider=entry["provider"],
        endpoint=provider["endpoint"],
        wire_name=entry.get("wire_name", name),
        dialect=Dialect(provider["dialect"]),
        key=f"env:{provider['key_variable']}",
        aliases=tuple(entry.get("aliases", ())),
        context_window=entry.get("context_window", 0),
    )
