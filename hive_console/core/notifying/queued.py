"""A notice that waits in the outbox, with what it must know to be told, judged and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from hive_console.core.notifying.notice import AlertBrief
from hive_console.core.states import NoticeKind, Severity

TELLS_FIRING = frozenset(
    {NoticeKind.FIRING, NoticeKind.REPEAT, NoticeKind.ESCALATION, NoticeKind.FLAPPING, NoticeKind.DIGEST}
)
"""Kinds after which a channel knows that an alert fires, and must hear when it is over."""

MOST_ALERTS = 200
"""Alerts of one notice; more are told in a second one."""


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of a notice, as it was when the notice was made.

    Attributes:
        fingerprint: names its rule and subject.
        times: how often it had fired anew.
        serial: tells this news of it from others of its step: when its steps began, and which repeat it is.
    """

    fingerprint: str
    times: int
    serial: str


@dataclass(slots=True, kw_only=True)
class Queued:
    """One notice.

    Attributes:
        number: its number among all; its id ends in it.
        key: see `Notice`.
        alerts: what it tells of, by alert id.
        briefs: of the first of them, in case the alert is forgotten before it is sent.
        is_by_hand: whether a person asked for it, so that an acknowledgement does not stop it.
        is_in_flight: whether an attempt was begun and did not come back.
        is_unsure: whether an attempt was begun whose end nobody knows.
    """

    number: int
    key: str
    channel: str
    kind: NoticeKind
    thread: str
    step: int
    alerts: dict[str, Told]
    briefs: dict[str, AlertBrief]
    severity: Severity
    queued_at: float
    due: float
    remark: str = ""
    is_by_hand: bool = False
    attempts: int = 0
    is_in_flight: bool = False
    is_unsure: bool = False

    @property
    def notice_id(self) -> str:
        """What the outbox, the log and the courier call it."""
        return f"N{self.number}"

    @property
    def tells_firing(self) -> bool:
        """Whether it tells that something fires."""
        return self.kind in TELLS_FIRING


@dataclass(slots=True, kw_only=True)
class Draft:
    """A notice before it has a number.

    Attributes:
        serial: tells it from others of its kind where it is about no alert.
        room: alerts that its channel takes in one notice.
    """

    channel: str
    kind: NoticeKind
    thread: str
    step: int = 0
    alerts: dict[str, Told] = field(default_factory=dict)
    briefs: dict[str, AlertBrief] = field(default_factory=dict)
    severity: Severity = Severity.INFO
    due: float = 0.0
    cause: str = ""
    remark: str = ""
    serial: str = ""
    room: int = MOST_ALERTS
    is_by_hand: bool = False


def key_of(draft: Draft, environment: str) -> str:
    """Names the news: the same after a restart, another for every other news and for every other fleet."""
    alerts = sorted([one.fingerprint, alert_id, one.times, one.serial] for alert_id, one in draft.alerts.items())
    news = [environment, draft.channel, draft.kind.value, draft.step, draft.serial, alerts]
    return hashlib.sha256(json.dumps(news).encode()).hexdigest()


def weightiest(severities: Iterable[Severity]) -> Severity:
    """The greatest of them."""
    return max(severities, key=lambda one: one.rank, default=Severity.INFO)
