"""Who answers for a name: a model with its own fallbacks, or a virtual model that the settings define."""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.settings import ModelSettings, RouteSettings, Settings, Strategy


@dataclass(frozen=True, slots=True)
class Route:
    """One way through the fleet.

    Attributes:
        name: the model's id, or the virtual model's name; retry budgets and weighted turns are kept by it.
        primary: id of the model that should answer.
        fallbacks: ids of the models that stand in, in order; never followed further.
        strategy: how they are used.
        hedge_after: seconds between two starts under `parallel`; `None` waits for a p95.
        virtual_name: the name again where it is a virtual model's, else empty.
    """

    name: str
    primary: str
    fallbacks: tuple[str, ...]
    strategy: Strategy
    hedge_after: float | None
    virtual_name: str = ""

    @property
    def chain(self) -> tuple[str, ...]:
        """The models that may answer, in order, without any pin by hand."""
        return (self.primary, *self.fallbacks)


def route_of(model: ModelSettings) -> Route:
    """A plain model is its own route."""
    return Route(model.id, model.id, model.fallbacks, model.strategy, model.hedge_after)


def virtual_route_of(settings: RouteSettings) -> Route:
    """The route of a virtual model; its fallbacks take the place of its primary's own."""
    return Route(
        settings.name,
        settings.primary,
        settings.fallbacks,
        settings.strategy,
        settings.hedge_after,
        virtual_name=settings.name,
    )


def routes_of(settings: Settings) -> dict[str, Route]:
    """Every way through the fleet by its name, the models' own first."""
    plain = (route_of(model) for model in settings.models)
    virtual = (virtual_route_of(route) for route in settings.routes)
    return {route.name: route for route in (*plain, *virtual)}
