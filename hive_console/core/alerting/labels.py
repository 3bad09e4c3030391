"""The labels that sightings bear, so that routes, silences and inhibition can tell what an alert is about.

An alert explains another when it bears no label that the other does not bear as well: a provider that is down
explains its models, a refused key those that use it, a kill of everything all of them.

What callers meet (a route's operations) bears the route and its group, and neither model nor provider: a silence
for work on one model must not hide that nobody is answered.
"""

from __future__ import annotations

from hive_console.core.faults import shown_key
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.states import EVERYTHING, PROVIDER_PREFIX

Labels = tuple[tuple[str, str], ...]
"""(name, value) pairs; names are those of `matching.LABELS`."""


class FleetLabels:
    """The labels of every model, provider and route of a fleet, made once for a fleet."""

    __slots__ = ("_groups", "_models", "_routes")

    def __init__(self, settings: Settings | None = None) -> None:
        """Of these settings; without any, what is named is all that is known."""
        models = settings.models if settings is not None else ()
        self._groups = {model.id: model.groups for model in models}
        self._models = {model.id: _of_model(model) for model in models}
        self._routes = {route.name: route.primary for route in settings.routes} if settings is not None else {}

    def of_model(self, model: str) -> Labels:
        """Model, provider, its first group and its key."""
        return self._models.get(model) or (("model", model),)

    def of_route(self, name: str) -> Labels:
        """The name that callers ask for, and the first group of the model that should answer."""
        groups = self.groups_of_route(name)
        return (("route", name), ("group", groups[0])) if groups else (("route", name),)

    def of_target(self, target: str) -> Labels:
        """Of a model, of a provider's models, or none of everything."""
        if target == EVERYTHING:
            return ()
        if target.startswith(PROVIDER_PREFIX):
            return (("provider", target.removeprefix(PROVIDER_PREFIX)),)
        return self.of_model(target)

    @property
    def stays(self) -> set[str]:
        """Every model and route that there is."""
        return {*self._models, *self._routes}

    def groups_of(self, model: str) -> tuple[str, ...]:
        """Every group that a model is in."""
        return self._groups.get(model, ())

    def groups_of_route(self, name: str) -> tuple[str, ...]:
        """Every group of the model that should answer."""
        return self.groups_of(self._routes.get(name, name))

    def groups_of_labels(self, labels: Labels) -> tuple[str, ...]:
        """Every group of the model, or of the route's primary, that these labels name."""
        for name, value in labels:
            if name == "model":
                return self.groups_of(value)
            if name == "route":
                return self.groups_of_route(value)
        return ()


def _of_model(model: ModelSettings) -> Labels:
    key = shown_key(model.key)
    return (
        ("model", model.id),
        ("provider", model.provider),
        *((("group", model.groups[0]),) if model.groups else ()),
        *((("key", key),) if key else ()),
    )
