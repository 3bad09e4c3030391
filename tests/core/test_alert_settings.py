"""Settings of alerts check themselves: each refusal names the key and says what would be right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hive_console.core.alert_settings import (
    MOST_CHANNELS,
    ON_CALL,
    AlertRoute,
    AlertSettings,
    ChannelKind,
    ChannelSettings,
    Heartbeat,
    Maintenance,
    Metric,
    Override,
    OwnRule,
    Person,
    RuleChange,
    Shift,
    Step,
)
from hive_console.core.alerting.matching import Matcher
from hive_console.core.errors import SettingsError
from hive_console.core.local_time import WEEK_MINUTES, WeeklyWindow
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.settings_diff import applicable
from hive_console.core.states import AlertRule

BELL = ChannelSettings("bell", ChannelKind.TERMINAL)
WINDOW = WeeklyWindow(0, 60)
ANY = (Matcher("rule", "*"),)
BASE = AlertSettings(channels=(BELL,), people=(Person("ana", ("bell",)),))

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "channel without a name": (lambda: ChannelSettings("", ChannelKind.SLACK), "name: is empty or on-call"),
    "channel called on-call": (lambda: ChannelSettings(ON_CALL, ChannelKind.SLACK), "name: is empty or on-call"),
    "port": (lambda: replace(BELL, port=0), "port: 0 is out of bounds"),
    "step to nobody": (lambda: Step(0, ()), "channels: is empty; name at least one channel"),
    "endless repeats in a row": (lambda: Step(0, ("bell",), then_every=1), "thenEvery: 1 is out of bounds"),
    "steps out of order": (
        lambda: AlertRoute(steps=(Step(9, ("bell",)), Step(0, ("bell",)))),
        "steps: are not in the order of time",
    ),
    "share beyond reason": (lambda: RuleChange(AlertRule.MODEL_ERRORS, threshold=-1), "threshold: -1 is out of"),
    "own rule without a name": (lambda: OwnRule("", Metric.P95, above=1), "name: is empty"),
    "own rule with a default's name": (lambda: OwnRule("ttft-p95", Metric.P95, above=1), "is a default rule's"),
    "own rule without a bound": (lambda: OwnRule("x", Metric.P95), "above: give either above or below"),
    "own rule with two bounds": (lambda: OwnRule("x", Metric.P95, above=1, below=1), "give either above or below"),
    "person without a name": (lambda: Person("", ("bell",)), "people: a name is empty"),
    "person without channels": (lambda: Person("ana", ()), "people: ana needs channels"),
    "person on call by being on call": (lambda: Person("ana", (ON_CALL,)), "on-call is none of somebody's own"),
    "shift in the next week": (lambda: Shift(WEEK_MINUTES, "ana"), "from: 10080 is out of bounds"),
    "override that ends before it begins": (lambda: Override(2, 1, "ana"), "overrides: that of ana ends before"),
    "maintenance of everything": (lambda: Maintenance(WINDOW, (), "x"), "match: is empty; say what"),
    "maintenance without a reason": (lambda: Maintenance(WINDOW, ANY, " "), "reason: is missing"),
    "heartbeat": (lambda: Heartbeat("env:X", 1), "every: 1 is out of bounds; must be from 10"),
    "silences": (lambda: AlertSettings(longest_silence=1), "longestSilence: 1 is out of bounds"),
    "too many channels": (
        lambda: AlertSettings(channels=tuple(replace(BELL, name=f"b{n}") for n in range(MOST_CHANNELS + 1))),
        "channels: 51 is out of bounds",
    ),
    "channel twice": (lambda: AlertSettings(channels=(BELL, BELL)), "channels: bell is there 2 times"),
    "unknown channel of a route": (
        lambda: replace(BASE, routes=(AlertRoute(steps=(Step(0, ("x",)),)),)),
        "routes: x is not known; known are bell, on-call",
    ),
    "on call without people": (
        lambda: AlertSettings(routes=(AlertRoute(steps=(Step(0, (ON_CALL,)),)),)),
        "routes: on-call is not known; known are none",
    ),
    "unknown channel of a person": (
        lambda: replace(BASE, people=(Person("ana", ("x",)),)),
        "people: x is not known",
    ),
    "unknown person": (
        lambda: replace(BASE, overrides=(Override(0, 1, "bo"),)),
        "rota: bo is not known; known are ana",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case: str) -> None:
    make, told = REFUSED[case]

    with pytest.raises(SettingsError) as caught:
        make()

    assert told in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RuleChange(AlertRule.MODEL_ERRORS, threshold=0.1, wait=60, keep=60, minimum=1),
        lambda: OwnRule("x", Metric.COST, below=1_000_000_000_000, window=3600, minimum=0),
        lambda: Maintenance(WINDOW, ANY, "upgrade"),
        lambda: Step(0, ("bell",), then_every=60),
    ],
)
def test_what_can_be_is_taken(make: Callable[[], object]) -> None:
    assert make()


def test_channel_is_found_by_its_name() -> None:
    assert BASE.channel("bell") == BELL
    assert BASE.channel("x") is None


def test_nothing_of_an_address_shows() -> None:
    channel = ChannelSettings("x", ChannelKind.WEBHOOK, "https://secret.example/x", "env:S")

    assert "secret.example" not in repr(
        replace(BASE, channels=(BELL, channel), heartbeat=Heartbeat("https://secret.example"))
    )


def test_other_alerts_are_applied_at_once() -> None:
    old = Settings((ModelSettings("a", "p", "https://x/v1", "a"),))

    assert applicable(old, replace(old, alerts=BASE)).alerts == BASE
