"""PagerDuty's Events API v2: one event for each alert, under one key for all that happens to its episode."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from hive_console.adapters.notifiers import wording
from hive_console.adapters.notifiers.body import MOST_LABELS, iso_time
from hive_console.adapters.notifiers.escaping import json_text
from hive_console.adapters.notifiers.http import Outgoing, Post, Said
from hive_console.adapters.notifiers.progress import Progress
from hive_console.adapters.notifiers.references import References, Unresolved
from hive_console.adapters.notifiers.verdicts import at_fault, receipt_of
from hive_console.adapters.providers.request import join_endpoint
from hive_console.core.alert_settings import ChannelSettings
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt, Verdict
from hive_console.core.states import AlertState, NoticeKind, Severity

USUAL_ADDRESS, PATH = "https://events.pagerduty.com", "/v2/enqueue"

DEDUP_LIMIT, SUMMARY_LIMIT, EVENT_LIMIT = 255, 1024, 512_000
"""Characters of a key and of a summary, and bytes of an event: 512 KB, which Alertmanager reads as this."""

FIELD_LIMIT = 255
"""Characters of source, component, group and class."""

DETAIL_LIMIT = 1000
"""Characters of a detail: with all labels an event stays below a tenth of `EVENT_LIMIT`."""

_AT_ONCE = frozenset({NoticeKind.FIRING, NoticeKind.ESCALATION, NoticeKind.REPEAT, NoticeKind.DIGEST})
"""Kinds that tell of alerts that fire, so that those beyond the first ones need an event, too."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, before the routing key is added."""

    action: str
    key: str
    payload: dict[str, Any] | None = None  # JSON has no narrower Python type
    links: tuple[tuple[str, str], ...] = ()

    @property
    def part(self) -> str:
        """Its name among the parts of its notice."""
        return f"{self.action} {self.key}"

    def body(self, routing_key: str) -> bytes:
        """The JSON, without the details where it would be larger than PagerDuty takes."""
        content: dict[str, Any] = {"routing_key": routing_key, "event_action": self.action, "dedup_key": self.key}
        if self.payload is not None:
            content |= {"payload": self.payload, "client": "hive-console"}
            content |= {"links": [{"href": href, "text": text} for href, text in self.links]} if self.links else {}
        written = msgspec.json.encode(content)
        if len(written) > EVENT_LIMIT and self.payload is not None:
            bare = {name: value for name, value in self.payload.items() if name != "custom_details"}
            written = replace(self, payload=bare, links=()).body(routing_key)
        return written


class PagerDuty:
    """Fits `engine.ports.Notifier` by shape."""

    def __init__(self, channel: ChannelSettings, outgoing: Outgoing, references: References) -> None:
        self._channel = channel
        self._outgoing = outgoing
        self._references = references
        self._progress = Progress()

    async def deliver(self, notice: Notice) -> Receipt:
        """Sends an event for each alert; a repeated attempt sends those that were not taken yet."""
        try:
            base = self._references.address_of(self._channel.address or USUAL_ADDRESS)
            routing_key = self._references.secret_of(self._channel.secret)
        except Unresolved as error:
            return at_fault(error.why)
        if not routing_key:
            return at_fault("no secret: set the channel's secret to a reference to PagerDuty's routing key")
        url = base if base.rstrip("/").endswith(PATH) else join_endpoint(base, PATH)
        events = events_of(notice)
        receipt = await self._sent(notice.key, events, url, routing_key)
        if receipt.verdict is not Verdict.RETRY:
            self._progress.forget(notice.key)
        return receipt

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:  # noqa: ARG002 - the port's shape
        """Nothing: an incident stays open until it is resolved."""
        return None

    async def close(self) -> None:
        """Nothing is its own: the connections are all channels'."""

    async def _sent(self, key: str, events: tuple[Event, ...], url: str, routing_key: str) -> Receipt:
        clock = asyncio.get_running_loop().time
        end = clock() + self._channel.timeout
        taken = self._progress.arrived(key)
        refused: list[Receipt] = []
        last = Receipt(verdict=Verdict.DELIVERED, answer="all of it was taken before", status=202)
        for event in events:
            if event.part in taken:
                continue
            left = end - clock()
            if left <= 0:
                return Receipt(verdict=Verdict.RETRY, answer=self._told_late(key, len(events)))
            post = Post(url, event.body(routing_key), may_repeat=True)
            said = await self._outgoing.send(post, left)
            receipt = _judged(said, receipt_of(said, self._outgoing.told(said, post)))
            if receipt.verdict is Verdict.RETRY or receipt.is_channel_at_fault:
                return receipt
            # A refused one is done with as well: the same event would be refused again.
            self._progress.note(key, event.part)
            if receipt.verdict is Verdict.REFUSED:
                refused.append(receipt)
            last = receipt
        if not refused:
            return last
        if len(refused) == len(events):
            return refused[0]
        answer = f"{len(events) - len(refused)} of {len(events)} events taken; refused: {refused[0].answer}"
        return Receipt(verdict=Verdict.DELIVERED, answer=answer, status=refused[0].status)

    def _told_late(self, key: str, count: int) -> str:
        taken = len(self._progress.arrived(key))
        return f"{taken} of {count} events within {self._channel.timeout:g} s; the rest follows"


def events_of(notice: Notice) -> tuple[Event, ...]:
    """The events that tell a notice, in the order in which they are sent."""
    if notice.kind is NoticeKind.TEST and not notice.alerts:
        payload = _payload(wording.headline(notice), Severity.INFO, _source(notice))
        return (Event("trigger", dedup_key(notice.environment, "test", notice.key), payload),)
    events = [event for alert in notice.alerts for event in _events_about(alert, notice)]
    more = notice.count - len(notice.alerts)
    if more > 0 and notice.kind in _AT_ONCE:
        # Their names are not in the notice; somebody is paged for them all the same, and closes this by hand.
        summary = f"{more} more alerts fire than are told one by one: hive-console alerts list"
        key = dedup_key(notice.environment, "more", notice.key)
        events.append(Event("trigger", key, _payload(summary, notice.severity, _source(notice))))
    return tuple(events)


def dedup_key(environment: str, *names: str) -> str:
    """One key for all that happens to one episode; other environments on the same service have other keys."""
    key = "/".join(("hive-console", environment, *names) if environment else ("hive-console", *names))
    if len(key) <= DEDUP_LIMIT and key.isascii() and key.isprintable():
        return key
    return f"hive-console/{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def _events_about(alert: AlertBrief, notice: Notice) -> list[Event]:
    key = dedup_key(notice.environment, alert.fingerprint, alert.alert_id)
    trigger = Event("trigger", key, _payload_about(alert, notice), _links(alert))
    resolve = Event("resolve", key)
    if notice.kind is NoticeKind.PASSED:
        return [trigger, resolve]  # a resolve alone, of what PagerDuty never heard of, is thrown away there
    if notice.kind is NoticeKind.RESOLVED or alert.state is AlertState.RESOLVED:
        return [resolve]
    return [Event("acknowledge", key)] if notice.kind is NoticeKind.ACKNOWLEDGED else [trigger]


def _payload_about(alert: AlertBrief, notice: Notice) -> dict[str, Any]:  # JSON has no narrower Python type
    labels = dict(alert.labels[:MOST_LABELS])
    details = {
        "text": alert.text,
        "advice": alert.advice,
        "runbook": alert.runbook,
        "alert": alert.alert_id,
        "remark": notice.remark,
        "to take it": f"hive-console alerts ack {alert.alert_id}",
        **{f"label {name}": value for name, value in labels.items()},
    }
    told = f"{wording.name_of(alert)}: {alert.text}" if alert.text else wording.name_of(alert)
    payload = _payload(
        f"{notice.environment}: {told}" if notice.environment else told, alert.severity, _source(notice)
    )
    fields = {"component": alert.subject, "group": labels.get("provider", ""), "class": alert.name}
    payload |= {name: json_text(value, FIELD_LIMIT) for name, value in fields.items() if value}
    payload["timestamp"] = iso_time(alert.raised_at)
    payload["custom_details"] = {
        json_text(name, FIELD_LIMIT): json_text(value, DETAIL_LIMIT) for name, value in details.items() if value
    }
    return payload


def _payload(summary: str, severity: Severity, source: str) -> dict[str, Any]:  # JSON has no narrower Python type
    return {"summary": json_text(summary, SUMMARY_LIMIT), "source": source, "severity": severity.value}


def _source(notice: Notice) -> str:
    return json_text(f"hive-console {notice.environment}".strip(), FIELD_LIMIT)


def _links(alert: AlertBrief) -> tuple[tuple[str, str], ...]:
    is_url = alert.runbook.startswith(("https://", "http://"))
    return ((json_text(alert.runbook, DETAIL_LIMIT), "runbook"),) if is_url else ()


def _judged(said: Said, receipt: Receipt) -> Receipt:
    text = said.text.lower()
    is_key = said.status == 400 and ("routing_key" in text or "routing key" in text)
    return replace(receipt, is_channel_at_fault=True) if is_key else receipt
