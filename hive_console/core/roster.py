"""Values by model, while models come and go: who is configured, and who is only still remembered.

Operations that began before a reload finish with the models they began with. They find those by `[]`, which knows
the leaving ones too; everything else (`in`, `get`, iteration, `len`) knows only who is configured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Value = TypeVar("Value")


class Roster(dict[str, Value]):
    """A dict of the configured models in the order of the settings, with a memory of those that leave.

    Attributes:
        leaving: what belongs to models that are configured no more, until it is forgotten.
    """

    __slots__ = ("leaving",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        super().__init__(values)
        self.leaving: dict[str, Value] = {}

    def __missing__(self, name: str) -> Value:
        """The value of a model that is leaving; `KeyError` for any other."""
        return self.leaving[name]

    def become(self, values: Mapping[str, Value]) -> None:
        """Holds these from now on, in this order; whoever is not among them leaves, who is leaves no more."""
        self.leaving.update((name, value) for name, value in self.items() if name not in values)
        for name in values:
            self.leaving.pop(name, None)
        kept = dict(values)
        self.clear()
        self.update(kept)

    def known(self, name: str) -> Value | None:
        """The value of a model that is configured or leaving; `None` for any other."""
        return self.get(name, self.leaving.get(name))

    def forget(self, names: Iterable[str]) -> None:
        """Forgets models that have left."""
        for name in names:
            self.leaving.pop(name, None)
