"""What a silence should be of: one alert, its rule, its model, its provider, each with what it would hide now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual import events

from hive_console.core.alerting.matching import LONGEST_MATCHER
from hive_console.core.effects_on_alerts import hidden_by, matchers_of
from hive_console.core.errors import SettingsError
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.engine.client import EngineClient
from hive_console.ui.alert_filter import provider_of
from hive_console.ui.choice_dialog import ChoiceDialog
from hive_widgets.choice_list import Choice, ChoiceList
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, fit

Targets = tuple[str, ...]
"""Of one silence each: matchers, or the id of an alert."""

OTHER: Targets = ("",)
"""Matchers that are typed."""

_NAME, _COUNT = 18, 20


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing that a silence can be of.

    Attributes:
        key: that chooses it.
        words: what it is.
        targets: what it matches, as `Command` takes it.
        shown: the same for people.
        refusal: why not; empty when it can be.
    """

    key: str
    words: str
    targets: Targets
    shown: str
    refusal: str = ""


def scopes_of(alerts: tuple[AlertView, ...], fleet: FleetSnapshot) -> tuple[Scope, ...]:
    """From the narrowest to the widest; there must be an alert."""
    first = alerts[0]
    if len(alerts) > 1:
        ids = tuple(alert.alert_id for alert in alerts)
        narrow = Scope("1", f"these {len(alerts)} alerts", ids, "a silence for each")
    else:
        narrow = Scope("1", "this alert", (first.alert_id,), f"rule={first.rule_id}, subject={first.subject}")
    return (narrow, *_labeled(first, fleet), Scope("w", "something else", OTHER, "write what it matches"))


def _labeled(alert: AlertView, fleet: FleetSnapshot) -> Iterator[Scope]:
    labels = alert.all_labels
    model = labels.get("model") or (alert.subject if fleet.model(alert.subject) is not None else "")
    yield _scope("r", "its rule", "rule", alert.rule_id)
    yield _scope("m", "its model", "model" if "model" in labels else "subject", model)
    provider = provider_of(alert, fleet)
    missing = "" if "provider" in labels or not provider else "it bears no label of its provider"
    yield _scope("p", "its provider", "provider", provider, missing)


def _scope(key: str, words: str, label: str, value: str, refusal: str = "") -> Scope:
    matcher = f"{label}={value}"
    if not value:
        refusal = f"it has none: it is not about a {words.removeprefix('its ')}"
    elif "," in value or len(value) > LONGEST_MATCHER:
        refusal = "its name cannot be written as a matcher"
    return Scope(key, words, (matcher,), matcher if value else "", refusal)


def hides(targets: Targets, fleet: FleetSnapshot) -> int:
    """Firing alerts that silences on these would hide now."""
    found: set[str] = set()
    for target in targets:
        try:
            matchers = matchers_of(target, fleet.alert(target))
        except SettingsError:
            continue
        found.update(alert.alert_id for alert in hidden_by(matchers, fleet))
    return len(found)


class SilencePicker(ChoiceDialog[Targets]):
    """Closes with what the silence should be of; nothing is done here."""

    def __init__(self, client: EngineClient, alert_ids: tuple[str, ...]) -> None:
        """Offers what these alerts have in common with others.

        Args:
            client: the engine.
            alert_ids: the alerts that are marked, or the one under the cursor; the first one's rule, model and
                provider are offered.
        """
        super().__init__()
        self._client = client
        self._alert_ids = alert_ids
        self._scopes: dict[str, Scope] = {}

    def title_text(self) -> str:
        """Asks what."""
        return "Silence what?"

    def hint(self) -> str:
        """How to choose."""
        return "its key or enter chooses, esc leaves; how long and why is asked next"

    def choices(self) -> tuple[Choice, ...]:
        """One line a scope, with what it would hide."""
        fleet = self._client.snapshot()
        alerts = tuple(alert for alert in map(fleet.alert, self._alert_ids) if alert is not None)
        if not alerts:
            gone = "the alert is gone"
            return (Choice("", (Piece(gone, Role.MUTED),), gone),)
        scopes = scopes_of(alerts, fleet)
        self._scopes = {scope.key: scope for scope in scopes}
        return tuple(self._choice(scope, fleet) for scope in scopes)

    def _choice(self, scope: Scope, fleet: FleetSnapshot) -> Choice:
        role = Role.MUTED if scope.refusal else Role.PLAIN
        count = "" if scope.refusal or scope.targets == OTHER else f"hides {hides(scope.targets, fleet)} firing"
        pieces = (
            Piece(f"{scope.key}  ", Role.MUTED if scope.refusal else Role.ACCENT, is_bold=not scope.refusal),
            Piece(fit(scope.words, _NAME), role),
            Piece(fit(count, _COUNT), Role.WARN),
            Piece(scope.refusal or scope.shown, Role.MUTED),
        )
        return Choice(scope.key, pieces, scope.refusal, scope.shown)

    def chosen(self, name: str) -> Targets:
        """The targets of that line."""
        return self._scopes[name].targets

    def on_key(self, event: events.Key) -> None:
        """A line's own key chooses it."""
        if event.character is not None and event.character in self._scopes:
            event.stop()
            self.query_one(ChoiceList).choose(event.character)
