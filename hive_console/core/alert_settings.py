"""What a settings file may say of alerts: rules, who is told how and when, who is on call, when it is quiet.

Defaults are those of Alertmanager, Google's SRE workbook and PagerDuty where they have one; each other number says
why. Addresses that are secrets are references (`env:NAME`, `file:PATH`), never the secret.
More than 400 lines, most of which say what a field means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from hive_console.core.alerting.matching import MOST_MATCHERS, Matcher
from hive_console.core.bounds import MAX_SECONDS, within, within_if
from hive_console.core.errors import SettingsError
from hive_console.core.local_time import WEEK_MINUTES, WeeklyWindow
from hive_console.core.states import AlertRule, Severity

ON_CALL = "on-call"
"""In a step's channels: those of whoever is on call then."""

MOST_CHANNELS, MOST_ROUTES, MOST_STEPS, MOST_RULES, MOST_PEOPLE, MOST_SHIFTS, MOST_WINDOWS = (
    50,
    100,
    20,
    200,
    200,
    500,
    100,
)
"""Bounds of the lists: more than any team has, few enough to be looked through at each event."""

LONGEST_WINDOW = 3_600.0
"""Seconds a rule of one's own may look back."""


class ChannelKind(Enum):
    """The transports."""

    SLACK = "slack"
    EMAIL = "email"
    WEBHOOK = "webhook"
    PAGERDUTY = "pagerduty"
    ALERTMANAGER = "alertmanager"
    TERMINAL = "terminal"
    APPRISE = "apprise"


class MailSecurity(Enum):
    """How the connection to a mail server is made secret."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"  # loopback only


class Metric(Enum):
    """What a rule of one's own may measure; shares are 0..1, times seconds."""

    ERROR_RATE = "error-rate"
    RATE_LIMITED = "rate-limited"  # share of calls answered 429
    P95 = "p95"  # of answers
    FIRST_TOKEN_P95 = "first-token-p95"  # noqa: S105 - a metric's name
    REQUESTS = "requests"  # calls a minute
    TOKENS = "tokens"  # read and written, a minute
    COST = "cost"  # micro-dollars an hour


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One way out.

    Attributes:
        name: as routes and people call it.
        kind: the transport.
        address: the URL, or a reference to it where it is a secret (Slack's always); of `email` the server's host;
            of `pagerduty` where its API is, when it is not the usual place.
        secret: a reference to what proves who sends: a webhook's signing secret, PagerDuty's routing key, a mail
            account's password.
        port: of `email`; `None` takes what its security has usually.
        user: of `email`, who logs in; empty where nobody must.
        sender: of `email`.
        recipients: of `email`.
        security: of `email`.
        timeout: seconds one attempt may take.
        rate: notices a second (Slack takes one a second and channel).
        burst: notices at once before that counts.
        hourly: notices an hour; beyond it only critical ones, and of those a few more.
        sends_resolved: whether it is told that an alert is over.
    """

    name: str
    kind: ChannelKind
    address: str = field(default="", repr=False)
    secret: str | None = field(default=None, repr=False)
    port: int | None = None
    user: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    security: MailSecurity = MailSecurity.STARTTLS
    timeout: float = 10.0
    rate: float = 1.0
    burst: int = 5
    hourly: int = 60
    sends_resolved: bool = True

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        if not self.name or self.name == ON_CALL:
            raise SettingsError("name", f"is empty or {ON_CALL}, which names whoever is on call")
        within_if("port", self.port, 1, 65_535)
        within("timeout", self.timeout, 0.1, 120)
        within("rate", self.rate, 0.01, 100)
        within("burst", self.burst, 1, 1000)
        within("hourly", self.hourly, 1, 10_000)
        within("to", len(self.recipients), 0, 50)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an escalation.

    Attributes:
        after: seconds after the alert began to fire.
        channels: who is told; `ON_CALL` stands for those of whoever is on call.
        repeats: how often the step is repeated.
        every: seconds between two repeats.
        then_every: seconds between further ones, without an end; 0 is none.
    """

    after: float
    channels: tuple[str, ...]
    repeats: int = 0
    every: float = 900.0
    then_every: float = 0.0

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        within("after", self.after, 0, 7 * MAX_SECONDS)
        within("repeats", self.repeats, 0, 100)
        within("every", self.every, 60, MAX_SECONDS)
        if self.then_every:
            within("thenEvery", self.then_every, 60, MAX_SECONDS)
        if not self.channels:
            raise SettingsError("channels", "is empty; name at least one channel")


@dataclass(frozen=True, slots=True)
class AlertRoute:
    """Who is told of which alerts. The first route that fits counts, and those after it where it says so.

    Attributes:
        severities: of these alone; all when empty.
        matchers: all of them must fit.
        steps: the escalation, in the order of time; none tells nobody beyond the inbox.
        goes_on: whether later routes are looked at too.
    """

    severities: tuple[Severity, ...] = ()
    matchers: tuple[Matcher, ...] = ()
    steps: tuple[Step, ...] = ()
    goes_on: bool = False

    def __post_init__(self) -> None:
        """Checks the bounds and the order of the steps."""
        within("match", len(self.matchers), 0, MOST_MATCHERS)
        within("steps", len(self.steps), 0, MOST_STEPS)
        if list(self.steps) != sorted(self.steps, key=lambda step: step.after):
            raise SettingsError(
                "steps", "are not in the order of time; the one with the shortest after comes first"
            )


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What a file says of a default rule, for all models or for those of a group; what is `None` stays.

    Attributes:
        rule: the rule.
        group: the group of models it is said of; empty is all.
        is_enabled: whether it is looked at.
        severity: how much it matters.
        threshold: what its number is compared with; shares 0..1, times in seconds.
        wait: seconds its condition must hold (`for`).
        keep: seconds its condition must not hold before it is resolved.
        minimum: events below which nothing is judged.
    """

    rule: AlertRule
    group: str = ""
    is_enabled: bool | None = None
    severity: Severity | None = None
    threshold: float | None = None
    wait: float | None = None
    keep: float | None = None
    minimum: int | None = None

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        within_if("threshold", self.threshold, 0, 1_000_000_000)
        within_if("for", self.wait, 0, MAX_SECONDS)
        within_if("keep", self.keep, 0, MAX_SECONDS)
        within_if("minimum", self.minimum, 1, 1_000_000)


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule that a file adds: a number of each model that it is about, above or below a bound.

    Attributes:
        name: its name.
        metric: what is measured.
        above: it fires above that; `None` where `below` is given.
        below: it fires below that.
        window: seconds it looks back.
        minimum: calls in the window below which nothing is judged.
        wait: seconds its condition must hold (`for`).
        keep: seconds its condition must not hold before it is resolved.
        severity: how much it matters.
        models: ids it is about; with `groups` and `providers` empty too, all models.
        groups: groups it is about.
        providers: providers it is about.
        text: what to say of it; the number is added.
        runbook: where to read what to do.
    """

    name: str
    metric: Metric
    above: float | None = None
    below: float | None = None
    window: float = 300.0
    minimum: int = 10
    wait: float = 0.0
    keep: float = 60.0
    severity: Severity = Severity.WARNING
    models: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    text: str = ""
    runbook: str = ""

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        if not self.name:
            raise SettingsError("name", "is empty")
        if self.name in {rule.value for rule in AlertRule}:
            raise SettingsError("name", f"{self.name} is a default rule's; choose another")
        if (self.above is None) == (self.below is None):
            raise SettingsError("above", "give either above or below")
        within_if("above", self.above, 0, 1_000_000_000_000)
        within_if("below", self.below, 0, 1_000_000_000_000)
        within("over", self.window, 10, LONGEST_WINDOW)
        within("minimum", self.minimum, 0, 1_000_000)
        within("for", self.wait, 0, MAX_SECONDS)
        within("keep", self.keep, 0, MAX_SECONDS)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be on call, and how they are reached."""

    name: str
    channels: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises `SettingsError` for somebody who cannot be named or reached."""
        if not self.name:
            raise SettingsError("people", "a name is empty")
        if not self.channels or ON_CALL in self.channels:
            raise SettingsError("people", f"{self.name} needs channels, and {ON_CALL} is none of somebody's own")


@dataclass(frozen=True, slots=True)
class Shift:
    """From this minute of every week on, somebody is on call, until the next shift begins.

    Attributes:
        begins: minutes since Monday 00:00, by the wall clock.
        person: who.
    """

    begins: int
    person: str

    def __post_init__(self) -> None:
        """Raises `SettingsError` for a minute that no week has."""
        within("from", self.begins, 0, WEEK_MINUTES - 1)


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody is on call in place of whoever would be, from `begins` to `ends` (Unix seconds)."""

    begins: float
    ends: float
    person: str

    def __post_init__(self) -> None:
        """Raises `SettingsError` for one that ends before it begins."""
        if not self.begins < self.ends:
            raise SettingsError("overrides", f"that of {self.person} ends before it begins")


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work that is announced for the same hours of a week: of what all matchers match, nobody is told then."""

    window: WeeklyWindow
    matchers: tuple[Matcher, ...]
    reason: str

    def __post_init__(self) -> None:
        """Raises `SettingsError` for one that would hide everything, or says no reason."""
        if not self.matchers:
            raise SettingsError("match", "is empty; say what the maintenance is of, such as provider=openai")
        if not self.reason.strip():
            raise SettingsError("reason", "is missing; somebody will ask why nobody was told")


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A URL that is asked while all of this works, so that somebody outside hears when it does not.

    Attributes:
        address: the URL, or a reference to it.
        every: seconds between two.
    """

    address: str = field(repr=False)
    every: float = 60.0

    def __post_init__(self) -> None:
        """Checks the bound."""
        within("every", self.every, 10, MAX_SECONDS)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """All of `alerts:`.

    Attributes:
        channels: ways out.
        routes: who is told; where none is given, `core.notifying.routes` makes the usual ones of the channels.
        rules: changes of default rules.
        own_rules: rules of one's own.
        people: who can be on call.
        shifts: the weekly rota.
        overrides: exceptions from it.
        quiet: when warnings wait (critical and error never do); `None` is never.
        maintenance: announced weekly work.
        heartbeat: see `Heartbeat`.
        timezone: where the wall clock hangs, such as `Europe/Berlin`; UTC when empty.
        group_wait: seconds that a new group waits for others to join it (10: a person at a console is faster than
            Alertmanager's 30).
        group_interval: seconds between two notices of one group about news (60; Alertmanager: 300).
        repeat_interval: seconds after which a firing alert that nobody has is told again (4 h, Alertmanager's).
        acknowledge_for: seconds an acknowledgement holds (4 h: half a shift).
        reopen_within: seconds within which an alert that fires again is the same episode (10 min).
        storm_above: new alerts a minute above which they are told in one digest (20).
        longest_silence: seconds that a silence may last (24 h: a longer one is forgotten).
    """

    channels: tuple[ChannelSettings, ...] = ()
    routes: tuple[AlertRoute, ...] = ()
    rules: tuple[RuleChange, ...] = ()
    own_rules: tuple[OwnRule, ...] = ()
    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    overrides: tuple[Override, ...] = ()
    quiet: WeeklyWindow | None = None
    maintenance: tuple[Maintenance, ...] = ()
    heartbeat: Heartbeat | None = None
    timezone: str = ""
    group_wait: float = 10.0
    group_interval: float = 60.0
    repeat_interval: float = 14_400.0
    acknowledge_for: float = 14_400.0
    reopen_within: float = 600.0
    storm_above: int = 20
    longest_silence: float = 86_400.0

    def __post_init__(self) -> None:
        """Checks bounds and that every name that is used is one that is given."""
        within("groupWait", self.group_wait, 0, 3600)
        within("groupInterval", self.group_interval, 1, MAX_SECONDS)
        within("repeatInterval", self.repeat_interval, 60, 7 * MAX_SECONDS)
        within("acknowledgeFor", self.acknowledge_for, 60, 7 * MAX_SECONDS)
        within("reopenWithin", self.reopen_within, 0, MAX_SECONDS)
        within("stormAbove", self.storm_above, 1, 10_000)
        within("longestSilence", self.longest_silence, 60, 30 * MAX_SECONDS)
        self._check_counts()
        self._check_names()

    def _check_counts(self) -> None:
        within("channels", len(self.channels), 0, MOST_CHANNELS)
        within("routes", len(self.routes), 0, MOST_ROUTES)
        within("rules", len(self.rules) + len(self.own_rules), 0, MOST_RULES)
        within("people", len(self.people), 0, MOST_PEOPLE)
        within("rota", len(self.shifts) + len(self.overrides), 0, MOST_SHIFTS)
        within("maintenance", len(self.maintenance), 0, MOST_WINDOWS)

    def _check_names(self) -> None:
        channels = [channel.name for channel in self.channels]
        _unique("channels", channels)
        _unique("people", [person.name for person in self.people])
        _unique("rules", [rule.name for rule in self.own_rules])
        known = {*channels, *((ON_CALL,) if self.people else ())}
        for route in self.routes:
            _known("routes", (name for step in route.steps for name in step.channels), known)
        for person in self.people:
            _known("people", person.channels, set(channels))
        names = {person.name for person in self.people}
        on_duty = [*(shift.person for shift in self.shifts), *(override.person for override in self.overrides)]
        _known("rota", on_duty, names)

    def channel(self, name: str) -> ChannelSettings | None:
        """The channel of this name."""
        return next((channel for channel in self.channels if channel.name == name), None)


def _unique(field_name: str, names: list[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise SettingsError(field_name, f"{name} is there {count} times; name each once")


def _known(field_name: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise SettingsError(field_name, f"{name} is not known; known are {', '.join(sorted(known)) or 'none'}")
