"""Reads `routes:`: virtual models, each with a primary, its stand-ins and how they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from hive_console.adapters.config_file.names import NameBook
from hive_console.adapters.config_file.problems import Place
from hive_console.adapters.config_file.readers import Name, is_name
from hive_console.adapters.config_file.schema import ROUTE
from hive_console.adapters.config_file.section import Section, read_section, table
from hive_console.adapters.config_file.tree import Node
from hive_console.core.settings import ModelSettings, RouteSettings, Strategy

EXAMPLE = "smart: {primary: claude-4-sonnet, fallbacks: [gpt-5]}"
"""A mapping that shows what `routes:` wants."""


class RouteDraft(NamedTuple):
    """One route as the file gives it."""

    name: str
    line: int
    place: Place
    given: Section


def read_routes(node: Node | None, place: Place) -> list[RouteDraft]:
    """The routes of `routes:` in the order of the file."""
    drafts: list[RouteDraft] = []
    mapping = table(node, place, EXAMPLE) if node is not None else None
    for entry in mapping.entries if mapping is not None else ():
        below = place.below(entry.key.text)
        if not is_name(entry.key, below):
            continue
        given = read_section(entry.value, below, ROUTE)
        if "primary" not in given and not place.problems.concerns(below.below("primary").path):
            below.below("primary").wrong(entry.key.line, "is missing; name the model that should answer")
        drafts.append(RouteDraft(entry.key.text, entry.key.line, below, given))
    return drafts


def resolved(draft: RouteDraft, book: NameBook) -> RouteSettings | None:
    """The route with the models that it means; what cannot be resolved is noted."""
    primary = draft.given.get("primary")
    if primary is None:
        return None
    name = Name(str(primary.value), primary.line)
    found = book.resolve(name, primary.place)
    chain = draft.given.get("fallbacks")
    names = cast("tuple[Name, ...]", chain.value) if chain is not None else ()
    place = chain.place if chain is not None else draft.place
    fallbacks = book.resolve_chain(found or "", names, place=place, skips_itself=False)
    if found is None:
        return None
    prototype = RouteSettings(draft.name, found)
    strategy, hedge_after = draft.given.get("strategy"), draft.given.get("hedge_after")
    return RouteSettings(
        draft.name,
        found,
        fallbacks,
        prototype.strategy if strategy is None else cast("Strategy", strategy.value),
        prototype.hedge_after if hedge_after is None else cast("float | None", hedge_after.value),
    )


def check_route(
    draft: RouteDraft,
    route: RouteSettings,
    models: Mapping[str, ModelSettings],
    *,
    mute: Sequence[str],
    warnings: Place,
) -> None:
    """Notes what makes a route useless, or less use than its writer may think.

    Args:
        draft: as the file gives it.
        route: the same, resolved.
        models: the fleet; models with problems of their own are missing.
        mute: the models that cannot serve because their key is not found.
        warnings: collects what does not stop the file from being used.
    """
    chain = (route.primary, *route.fallbacks)
    known = [models[name] for name in chain if name in models]
    if route.strategy is Strategy.WEIGHTED and len(known) == len(chain) and not any(m.weight for m in known):
        draft.place.below("strategy").wrong(
            draft.line, f"every weight of {', '.join(chain)} is 0, so none would be asked; raise one"
        )
    place = Place(warnings.problems, draft.place.path)
    if all(name in mute for name in chain):
        place.wrong(draft.line, f"is dead: no key is found for {', '.join(chain)}")
    elif not route.fallbacks and route.primary in models and models[route.primary].fallbacks:
        own = ", ".join(models[route.primary].fallbacks)
        place.wrong(
            draft.line,
            f"nobody stands in for {route.primary} here: its own fallbacks ({own}) do not count for a route",
        )
