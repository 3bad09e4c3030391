"""Makes models out of what the file, its groups and the catalogue say.

A value comes from the first of these that gives it: the model itself, its groups in the order it lists them,
the catalogue, `resilience:`, the defaults of `core.settings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from hive_console.adapters.catalogue import Catalogue, KnownModel
from hive_console.adapters.config_file.names import NameBook
from hive_console.adapters.config_file.problems import Place
from hive_console.adapters.config_file.readers import Name, is_name
from hive_console.adapters.config_file.routes import RouteDraft, check_route, resolved
from hive_console.adapters.config_file.schema import GROUP, INHERITED, MODEL
from hive_console.adapters.config_file.section import Given, Section, read_section, table
from hive_console.adapters.config_file.tree import Node
from hive_console.adapters.endpoints import EndpointRules, is_loopback
from hive_console.adapters.secrets import KeyRing
from hive_console.core.errors import SettingsError
from hive_console.core.settings import ModelSettings, ResilienceSettings, RouteSettings, Strategy

_EXAMPLE = "claude-4-sonnet: {}"
"""A mapping that shows what `models:` wants."""


_WITHIN_TIMEOUT = tuple(
    key
    for key in MODEL.keys
    if key.name in {"connectTimeout", "headersTimeout", "firstTokenTimeout", "slowCallDuration"}
)
"""Durations that mean nothing when they are longer than `timeout`."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from.

    Attributes:
        line: its line in the file, or the line of the fallback list that first names it.
        catalogue_id: the catalogue's entry that supplied what the file does not say; `None` without one.
        is_stand_in: whether the file names it only as a fallback.
    """

    line: int
    catalogue_id: str | None
    is_stand_in: bool = False


class Draft(NamedTuple):
    """One model as the file gives it, groups merged in."""

    id: str
    line: int
    place: Place
    given: Section
    known: KnownModel | None
    has_shared_chain: bool = False
    is_stand_in: bool = False


class Fleet(NamedTuple):
    """The finished models, where each comes from, and the routes to them."""

    models: tuple[ModelSettings, ...]
    origins: Mapping[str, Origin]
    routes: tuple[RouteSettings, ...] = ()


def read_groups(node: Node | None, place: Place) -> dict[str, Section]:
    """The sections of `groups:` by name."""
    groups: dict[str, Section] = {}
    mapping = table(node, place, "fast: {timeout: 10s}") if node is not None else None
    for entry in mapping.entries if mapping is not None else ():
        below = place.below(entry.key.text)
        if is_name(entry.key, below):
            groups[entry.key.text] = read_section(entry.value, below, GROUP)
    return groups


def read_models(node: Node, place: Place, groups: Mapping[str, Section], catalogue: Catalogue) -> list[Draft]:
    """The models of `models:` in the order of the file."""
    mapping = table(node, place, _EXAMPLE)
    if mapping is None:
        return []
    if not mapping.entries:
        place.wrong(mapping.line, f"is empty; name at least one model, such as {_EXAMPLE}")
    drafts: list[Draft] = []
    for entry in mapping.entries:
        below = place.below(entry.key.text)
        if is_name(entry.key, below):
            own = read_section(entry.value, below, MODEL)
            given = _merged(own, groups)
            is_shared = given.get("fallbacks") is not own.get("fallbacks")
            known = catalogue.find(entry.key.text)
            drafts.append(Draft(entry.key.text, entry.key.line, below, given, known, has_shared_chain=is_shared))
    return drafts


def _merged(own: Section, groups: Mapping[str, Section]) -> Section:
    given = dict(own)
    listed = own.get("groups")
    seen: set[str] = set()
    for name in _names(listed):
        group = groups.get(name.text)
        if listed is not None and group is None:
            listed.place.wrong(
                name.line, f"there is no group {name.text}{listed.place.suggestion(name.text, groups)}"
            )
        elif listed is not None and name.text in seen:
            listed.place.wrong(name.line, f"{name.text} is listed twice; keep one")
        seen.add(name.text)
        for field, value in (group or {}).items():
            given.setdefault(field, value)
    return given


def _names(given: Given | None) -> tuple[Name, ...]:
    return cast("tuple[Name, ...]", given.value) if given is not None else ()


class Assembly:
    """Turns drafts into settings, one file at a time, and notes problems and warnings on the way."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        resilience: ResilienceSettings,
        secrets: KeyRing,
        rules: EndpointRules,
        warnings: Place,
    ) -> None:
        """Takes what every model needs; `warnings` collects what does not stop the file from being used."""
        self._catalogue = catalogue
        self._resilience = resilience
        self._secrets = secrets
        self._rules = rules
        self._warnings = warnings

    def build(self, drafts: list[Draft], route_drafts: Sequence[RouteDraft] = ()) -> Fleet:
        """Returns the fleet: the file's models, then those of chains and routes that only the catalogue knows."""
        book = NameBook(self._catalogue)
        for draft in drafts:
            book.claim(draft.id, draft.id, draft.place, draft.line)
        for draft in drafts:
            aliases = draft.given.get("aliases")
            for name in _names(aliases):
                if aliases is not None:
                    book.claim(name.text, draft.id, aliases.place, name.line)
        for route_draft in route_drafts:
            book.reserve(route_draft.name, route_draft.place, route_draft.line)
        # A model that bears the catalogue's own id comes before one that bears an alias of it.
        for draft in sorted(drafts, key=lambda draft: draft.known is None or draft.known.id != draft.id):
            if draft.known is not None:
                book.adopt(draft.known, draft.id)
        chains: dict[str, tuple[str, ...]] = {}
        joined: list[Draft] = []
        for draft in drafts:
            chain = draft.given.get("fallbacks")
            chains[draft.id] = book.resolve_chain(
                draft.id,
                _names(chain),
                place=chain.place if chain is not None else draft.place,
                skips_itself=draft.has_shared_chain,
            )
            joined += _joining(book)
        routes = [(draft, resolved(draft, book)) for draft in route_drafts]
        joined += _joining(book)
        everyone = [*drafts, *joined]
        built = [self._build(draft, book.aliases_of(draft.id), chains.get(draft.id, ())) for draft in everyone]
        models = tuple(model for model in built if model is not None)
        self._check_weights(models, drafts)
        by_id = {model.id: model for model in models}
        mute = [model.id for model in models if not self._has_key(model)]
        for route_draft, route in routes:
            if route is not None:
                check_route(route_draft, route, by_id, mute=mute, warnings=self._warnings)
        origins = {
            draft.id: Origin(draft.line, draft.known.id if draft.known else None, draft.is_stand_in)
            for draft in everyone
        }
        return Fleet(models, origins, tuple(route for _, route in routes if route is not None))

    def _has_key(self, model: ModelSettings) -> bool:
        """Whether the model has the key it wants."""
        if model.key is None:
            return True
        try:
            self._secrets.key_of(model.key)
        except SettingsError:
            return False
        return True

    def _build(self, draft: Draft, aliases: tuple[str, ...], fallbacks: tuple[str, ...]) -> ModelSettings | None:
        # Each value was read by the reader of its own key, so its type is the field's.
        values: dict[str, Any] = {field: getattr(self._resilience, source) for field, source in INHERITED.items()}
        if draft.known is not None:
            values.update(_facts(draft.known))
        values.update({field: given.value for field, given in draft.given.items()})
        values.update(
            aliases=aliases,
            fallbacks=fallbacks,
            groups=tuple(dict.fromkeys(name.text for name in _names(draft.given.get("groups")))),
        )
        if "endpoint" not in values:
            self._ask_for_endpoint(draft)
            return None
        endpoint = draft.given.get("endpoint")
        refusal = self._rules.refusal_of_url(values["endpoint"])
        if endpoint is not None and refusal:
            endpoint.place.wrong(endpoint.line, refusal)
        values.setdefault("wire_name", draft.id)
        values.setdefault("provider", urlsplit(values["endpoint"]).hostname or draft.id)
        values["key"] = self._key(draft)
        if values["timeout"] > self._resilience.operation_deadline:
            self._warn(
                draft,
                "timeout",
                f"{values['timeout']:g} s is longer than resilience.operationDeadline"
                f" ({self._resilience.operation_deadline:g} s), which ends the call first",
            )
        try:
            model = ModelSettings(id=draft.id, **values)
        except SettingsError as exc:  # each value passed alone; together they may break a rule of core
            self._tell_refusal(draft, exc)
            return None
        self._check_clocks(model, draft)
        return model

    def _tell_refusal(self, draft: Draft, error: SettingsError) -> None:
        key = next((key for key in MODEL.keys if key.name == error.field), None)
        given = draft.given.get(key.field) if key is not None else None
        if key is None or given is None:
            draft.place.below(error.field).wrong(draft.line, error.problem)
        else:
            given.place.wrong(given.line, key.told(error.problem, given.value))

    def _check_clocks(self, model: ModelSettings, draft: Draft) -> None:
        """Warns of clocks in the file that another one always forestalls; a default is nobody's contradiction."""
        for key in _WITHIN_TIMEOUT:
            given = draft.given.get(key.field)
            seconds = given.value if given is not None else None
            if isinstance(seconds, int | float) and seconds > model.timeout:
                self._warn(
                    draft,
                    key.name,
                    f"{seconds:g} s is longer than timeout ({model.timeout:g} s), which ends the call first",
                )
        first, total = model.first_token_timeout, model.total_timeout
        if first is not None and total is not None and total < first:
            self._warn(
                draft,
                "totalTimeout",
                f"{total:g} s is shorter than firstTokenTimeout ({first:g} s), which it forestalls",
            )

    def _ask_for_endpoint(self, draft: Draft) -> None:
        place = draft.place
        if not place.problems.concerns(place.below("endpoint").path):
            place.wrong(
                draft.line,
                "the catalogue does not know it, so it needs endpoint: and mostly key: and wireName:"
                f"{place.suggestion(draft.id, self._catalogue.names())}",
            )

    def _key(self, draft: Draft) -> str | None:
        """The model's key reference. A written one must lead to a key; the catalogue's may wait for it."""
        given = draft.given.get("key")
        if given is not None:
            try:
                self._secrets.key_of(str(given.value))
            except SettingsError as exc:
                given.place.wrong(given.line, exc.problem)
            return str(given.value)
        if draft.known is None:
            return None
        endpoint = draft.given.get("endpoint")
        if endpoint is not None and _origin(str(endpoint.value)) != _origin(draft.known.endpoint):
            # A key goes to nobody but the provider it belongs to, unless the file says so.
            host = urlsplit(str(endpoint.value)).hostname or ""
            if not is_loopback(host):
                self._warn(
                    draft, "endpoint", f"no key is sent to {host}; if it wants one, write key: {draft.known.key}"
                )
            return None
        try:
            self._secrets.key_of(draft.known.key)
        except SettingsError as exc:
            name = f"{draft.id} joins from the catalogue; " if draft.is_stand_in else ""
            self._warnings_place(draft).wrong(draft.line, f"{name}it cannot serve: {exc.problem}")
        return draft.known.key

    def _warn(self, draft: Draft, key: str, text: str) -> None:
        field = next(item.field for item in MODEL.keys if item.name == key)
        given = draft.given.get(field)
        line = given.line if given is not None else draft.line
        self._warnings_place(draft).below(key).wrong(line, text)

    def _warnings_place(self, draft: Draft) -> Place:
        return Place(self._warnings.problems, draft.place.path)

    def _check_weights(self, models: tuple[ModelSettings, ...], drafts: list[Draft]) -> None:
        weights = {model.id: model.weight for model in models}
        places = {draft.id: draft for draft in drafts}
        for model in models:
            chain = (model.id, *model.fallbacks)
            if model.strategy is Strategy.WEIGHTED and not any(weights.get(name, 1) for name in chain):
                draft = places[model.id]
                draft.place.below("weight").wrong(
                    draft.line, f"every weight of {', '.join(chain)} is 0, so none would be asked; raise one"
                )


def _joining(book: NameBook) -> list[Draft]:
    """The catalogue's models that chains named since this was last asked."""
    return [Draft(known.id, line, place, {}, known, is_stand_in=True) for known, line, place in book.take_joined()]


def _facts(known: KnownModel) -> dict[str, object]:
    return {
        "provider": known.provider,
        "endpoint": known.endpoint,
        "dialect": known.dialect,
        "wire_name": known.wire_name,
        "context_window": known.context_window,
    }


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
