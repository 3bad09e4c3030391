"""What changed between two settings, in the file's own spelling and units, as data and in words for people.

Addresses of providers never show, only that one changed: what is told here is recorded. Keys show as the
references they are (`env:NAME`, `file:PATH`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum

from hive_console.core.alert_changes import alert_changes
from hive_console.core.console_settings import ConsoleSettings
from hive_console.core.difference import ChangeKind
from hive_console.core.gateway_settings import GatewaySettings, NetworkSettings
from hive_console.core.keeping import Keeping
from hive_console.core.settings import ModelSettings, ResilienceSettings, RouteSettings, Settings
from hive_console.core.settings_words import is_unspeakable, spelled, word_of
from hive_console.core.text import clean


class Part(Enum):
    """The parts of a settings file; values are its keys."""

    MODELS = "models"
    RESILIENCE = "resilience"
    GATEWAY = "gateway"
    ROUTES = "routes"
    NETWORK = "network"
    RECORDING = "recording"
    ALERTS = "alerts"
    CONSOLE = "console"
    ENVIRONMENT = "environment"
    RELOAD = "reload"


NEEDS_RESTART = frozenset({Part.GATEWAY, Part.RECORDING, Part.CONSOLE})
"""Parts that are only read at the start: a socket that listens cannot move, its token would change under the
clients that hold it, what a mistyped number removes does not come back, and keys that change under somebody's
fingers do what nobody meant. A change there is told and left as it was, never half done."""

_Record = (
    ModelSettings
    | ResilienceSettings
    | RouteSettings
    | GatewaySettings
    | NetworkSettings
    | Keeping
    | ConsoleSettings
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        part: where in the file.
        kind: what became of it.
        subject: the model or route, where the part has several; of alerts the place within them.
        key: the key as the file spells it; empty when the subject as a whole was added, removed or moved.
        old: the value before, as the file would spell it; empty when it does not show.
        new: the value after, likewise.
    """

    part: Part
    kind: ChangeKind
    subject: str = ""
    key: str = ""
    old: str = ""
    new: str = ""

    @property
    def needs_restart(self) -> bool:
        """Whether it is not applied while the engine runs."""
        return self.part in NEEDS_RESTART

    @property
    def place(self) -> str:
        """Where it stands in the file: `models.gpt-5.timeout`."""
        return ".".join(word for word in (self.part.value, self.subject, self.key) if word)

    def __str__(self) -> str:
        """The change in one line: `models.gpt-5.timeout: 30s → 25s`."""
        if self.kind is ChangeKind.MOVED:
            said = f"{self.place}: in another order"
        elif self.kind is not ChangeKind.CHANGED:
            said = f"{self.place}: {self.kind.value}"
        else:
            said = f"{self.place}: {self.old} → {self.new}" if self.old or self.new else f"{self.place}: changed"
        return f"{said} (needs a restart)" if self.needs_restart else said


def changes_between(old: Settings, new: Settings) -> tuple[Change, ...]:
    """Every difference, section by section; empty exactly when the two amount to the same."""
    return (
        *_listed(Part.MODELS, _by_id(old.models), _by_id(new.models)),
        *_valued(Part.RESILIENCE, "", old.resilience, new.resilience),
        *_valued(Part.GATEWAY, "", old.gateway, new.gateway),
        *_listed(Part.ROUTES, _by_name(old.routes), _by_name(new.routes)),
        *_valued(Part.NETWORK, "", old.network, new.network),
        *_valued(Part.RECORDING, "", old.recording, new.recording),
        *(Change(Part.ALERTS, *difference) for difference in alert_changes(old.alerts, new.alerts)),
        *_valued(Part.CONSOLE, "", old.console, new.console),
        *_worded(Part.ENVIRONMENT, old.environment, new.environment),
        *_worded(Part.RELOAD, old.reload.value, new.reload.value),
    )


def applicable(old: Settings, new: Settings) -> Settings:
    """`new`, with the parts that need a restart left as they are in `old`."""
    return replace(new, gateway=old.gateway, recording=old.recording, console=old.console)


def summary(changes: Sequence[Change]) -> str:
    """How many changes there are, and how many of them wait for a restart: `3 changes, 1 needs a restart`."""
    waiting = sum(change.needs_restart for change in changes)
    if not changes:
        return "nothing to change"
    said = f"{len(changes)} change{'s' if len(changes) > 1 else ''}"
    return f"{said}, {waiting} need{'s' if waiting == 1 else ''} a restart" if waiting else said


def _by_id(models: Iterable[ModelSettings]) -> dict[str, ModelSettings]:
    return {model.id: model for model in models}


def _by_name(routes: Iterable[RouteSettings]) -> dict[str, RouteSettings]:
    return {route.name: route for route in routes}


def _listed(part: Part, old: Mapping[str, _Record], new: Mapping[str, _Record]) -> Iterable[Change]:
    """Added, removed and changed members of a list, and whether those that stayed changed places."""
    for name, value in new.items():
        if name in old:
            yield from _valued(part, clean(name), old[name], value)
        else:
            yield Change(part, ChangeKind.ADDED, clean(name))
    for name in old:
        if name not in new:
            yield Change(part, ChangeKind.REMOVED, clean(name))
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield Change(part, ChangeKind.MOVED)


def _valued(part: Part, subject: str, old: _Record, new: _Record) -> Iterable[Change]:
    if old == new:
        return
    for field in fields(new):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after:
            values = () if is_unspeakable(field.name) else (before, after)
            said = [spelled(field.name, value) for value in values]
            yield Change(part, ChangeKind.CHANGED, subject, word_of(field.name), *said)


def _worded(part: Part, old: str, new: str) -> Iterable[Change]:
    if old != new:
        yield Change(part, ChangeKind.CHANGED, old=clean(old) or "not set", new=clean(new) or "not set")
