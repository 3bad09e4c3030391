"""A recording in plain lists that fits `core.store.Store`: the proof that the protocol asks for no database.

It answers by looking at everything, so that what it says can be believed, and is slow.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from hive_console.core import bygone
from hive_console.core import events as e
from hive_console.core.alert_story import named_in
from hive_console.core.bygone_alerts import AlertFold, alert_holds, channel_at, silences_at
from hive_console.core.configured import FleetSetup, setup_of
from hive_console.core.delivery_log import DeliveryLog, NoticeRow
from hive_console.core.errors import HiveError
from hive_console.core.outcome import OutcomeKind
from hive_console.core.quiet import filled
from hive_console.core.rolling_up import RollUps
from hive_console.core.rollup import Rolled, Sums, Tier
from hive_console.core.sifting import MOVING, REQUESTS, is_wanted
from hive_console.core.snapshot import AlertView, ChannelView, SilenceView
from hive_console.core.states import AlertState, NoticeEnd
from hive_console.core.store import (
    ROW_LIMIT,
    AuditCheck,
    AuditRow,
    FleetAt,
    Followed,
    Gap,
    Holdings,
    ModelAt,
    Retention,
    Run,
    Series,
    Wanted,
)

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An event with its place."""

    seq: int
    event: e.Event


@dataclass(slots=True)
class MemoryStore:
    """Give it lives with `begin`, `record` and `end`, then ask."""

    kept: list[Kept] = field(default_factory=list)
    lives: list[Run] = field(default_factory=list)
    gap_rows: tuple[Gap, ...] = ()
    is_live: bool = False
    caution: str = ""
    rows: dict[tuple[Tier, str], dict[int, Sums]] = field(default_factory=dict)
    rolls: RollUps | None = None
    final: int = 0

    # --- recording -------------------------------------------------------------------------------------

    def begin(self, at: float) -> None:
        self.lives.append(
            Run(run_id=len(self.lives) + 1, started=at, ended=None, is_clean=False, pid=1, host="here", version="")
        )
        self.rolls = self.rolls or RollUps(begin_us=round(at * MICROSECONDS))

    def record(self, event: e.Event) -> None:
        assert self.rolls is not None
        seq = round(event.at * MICROSECONDS)
        if self.kept:
            seq = max(seq, self.kept[-1].seq + 1)
        self.kept.append(Kept(seq, event))
        self.rolls.observe(event, seq)

    def end(self, at: float) -> None:
        assert self.rolls is not None
        self.lives[-1] = replace(self.lives[-1], ended=at, is_clean=True)
        for rolled in self.rolls.as_it_stands(round(at * MICROSECONDS)):
            self._keep(rolled)
        self.final = int(at) // 10 * 10

    def _keep(self, rolled: Rolled) -> None:
        self.rows.setdefault((rolled.tier, rolled.model), {})[rolled.begin] = rolled.sums

    # --- answers ---------------------------------------------------------------------------------------

    async def holdings(self) -> Holdings:
        if not self.kept:
            return Holdings(begin=None, end=None, is_live=self.is_live, caution=self.caution)
        models: dict[str, None] = {}
        for kept in self.kept:
            models.update(dict.fromkeys(_models_told(kept.event)))
        models.update(dict.fromkeys(model for _, model in self.rows))
        first, last = self.kept[0].seq, self.kept[-1].seq
        return Holdings(
            begin=first / MICROSECONDS,
            end=last / MICROSECONDS,
            models=tuple(models),
            is_live=self.is_live,
            caution=self.caution,
        )

    async def series(
        self, models: Sequence[str], begin: float, end: float, *, step: float, with_latency: bool = True
    ) -> Mapping[str, Series]:
        if not (math.isfinite(begin) and math.isfinite(end) and begin < end) or step < 10 or step % 10:
            raise HiveError("no such series")
        length = int(step)
        first = math.floor(begin / length) * length
        last = first + math.ceil((end - first) / length) * length
        if (last - first) / length > ROW_LIMIT:
            raise HiveError("too many steps")
        tier = max(tier for tier in Tier if length % tier == 0)
        return {
            model: Series(
                begin=float(first),
                step=float(length),
                points=tuple(
                    self._sum(tier, model, t, t + length, with_latency=with_latency)
                    for t in range(first, last, length)
                ),
            )
            for model in models
        }

    async def sketch(self, models: Sequence[str], begin: float, end: float) -> Mapping[str, Sums]:
        if not self.kept or not begin < end:
            return {}
        # Ten seconds only, whatever the length of the window: longer ones must come to the same.
        first = max(begin, self.kept[0].seq / MICROSECONDS) // 10 * 10
        last = -(-min(end, self.final + 10) // 10) * 10
        found = {model: self._sum(Tier.TEN_SECONDS, model, int(first), int(last)) for model in models}
        return {model: sums for model, sums in found.items() if sums is not None}

    def _sum(self, tier: Tier, model: str, begin: int, end: int, *, with_latency: bool = True) -> Sums | None:
        windows: Mapping[int, Sums] = self.rows.get((tier, model), {})
        if tier is Tier.TEN_SECONDS and begin < end:
            minutes = self.rows.get((Tier.MINUTE, model), {})
            windows = filled(windows, minutes, begin, end=end, final_until=self.final)
        whole = None
        for t in sorted(windows):
            if begin <= t < end:
                whole = whole or Sums()
                whole.add(windows[t])
        if whole is not None and not with_latency:
            whole.latency, whole.first_token = Sums().latency, Sums().first_token
        return whole

    async def state_at(self, at: float) -> FleetAt:
        before = [kept for kept in self.kept if kept.event.at <= at]
        starts = [kept for kept in before if isinstance(kept.event, e.EngineStarted)]
        begun = starts[-1].event if starts else None
        assert begun is None or isinstance(begun, e.EngineStarted)
        since = starts[-1].seq if starts else 0
        told = [kept for kept in before if kept.seq >= since]
        later = [kept for kept in self.kept if kept.event.at > at]
        until = [kept.seq for kept in later if isinstance(kept.event, e.EngineStarted)]
        later = [kept for kept in later if not until or kept.seq < until[0]]
        runs = [run for run in self.lives if run.started <= at]
        is_running = not runs or runs[-1].ended is None or runs[-1].ended >= at
        words = {type(kept.event): (kept.seq, kept.event) for kept in told if type(kept.event) in bygone.OF_FLEET}
        setups = [setup_of(kept.event) for kept in told if isinstance(kept.event, e.FleetConfigured)]
        setup = setups[-1] if setups else None
        alerts = self._alerts_at(at)
        fleet = bygone.fleet_at(at, words, begun=begun, is_running=is_running, setup=setup)
        models, routes = _configured(begun, told)
        return replace(
            fleet,
            models=tuple(
                _model_at(model, at, told, later=later, before=before, begun=begun, setup=setup) for model in models
            ),
            alerts=alerts,
            routes=bygone.routes_at(_traffic(told), setup, known=routes),
            gap=next((gap for gap in reversed(self.gap_rows) if gap.begin <= at <= gap.end), None),
            holds=bygone.holds_at(
                [kept.event for kept in told if isinstance(kept.event, e.HoldPlaced | e.HoldEnded)], at
            ),
            silences=_silences(before, at, alerts),
            channels=_channels(before, told),
        )

    def _alerts_at(self, at: float) -> tuple[AlertView, ...]:
        found = _alerts(kept for kept in self.kept if kept.event.at <= at)
        newest = sorted(found, key=lambda alert: (alert.raised_at, alert.alert_id), reverse=True)
        return tuple(sorted(newest, key=lambda alert: alert.state is AlertState.RESOLVED))

    async def neighbour(self, at: float, *, is_later: bool, models: tuple[str, ...] | None = None) -> float | None:
        moved = [event.at for event in self._chosen(Wanted(models=models), MOVING)]
        if is_later:
            return min((moment for moment in moved if moment > at), default=None)
        return max((moment for moment in moved if moment < at), default=None)

    def _chosen(self, wanted: Wanted, kinds: Iterable[type[e.Event]] | None) -> list[e.Event]:
        chosen = None if kinds is None else set(kinds)
        events = (kept.event for kept in self.kept)
        return [event for event in events if (chosen is None or type(event) in chosen) and is_wanted(event, wanted)]

    async def transitions(self, wanted: Wanted) -> tuple[e.Event, ...]:
        return await self.events(wanted, MOVING)

    async def requests(self, wanted: Wanted) -> tuple[e.Event, ...]:
        return await self.events(wanted, REQUESTS)

    async def events(self, wanted: Wanted, kinds: Iterable[type[e.Event]] | None = None) -> tuple[e.Event, ...]:
        return _newest(self._chosen(wanted, kinds), wanted.limit)

    async def alerts(self, wanted: Wanted) -> tuple[AlertView, ...]:
        found = [
            alert
            for alert in _alerts(self.kept)
            if alert.raised_at < wanted.end
            and (alert.resolved_at is None or alert.resolved_at >= wanted.begin)
            and (wanted.models is None or alert.subject in wanted.models)
            and alert_holds(alert, wanted.text.casefold())
        ]
        found.sort(key=lambda alert: (alert.raised_at, alert.alert_id), reverse=True)
        return tuple(found[: max(0, min(wanted.limit, ROW_LIMIT))])

    async def notices(self, wanted: Wanted, *, alert_id: str = "", channel: str = "") -> tuple[NoticeRow, ...]:
        log = DeliveryLog()
        for kept in self.kept:
            log.take(kept.event)
        found = [
            row
            for row in log.rows()
            if wanted.begin <= row.queued_at < wanted.end
            and (not alert_id or alert_id in row.alert_ids)
            and (not channel or channel == row.channel)
            and row.holds(wanted.text.casefold())
        ]
        return tuple(found[: max(0, min(wanted.limit, ROW_LIMIT))])

    async def story(self, name: str, *, raised_at: float | None = None) -> tuple[e.Event, ...]:
        raised = [
            kept for kept in self.kept if isinstance(kept.event, e.AlertRaised) and kept.event.alert_id == name
        ]
        begins = [kept.seq for kept in raised if raised_at is None or kept.event.at <= raised_at]
        first = begins[-1] if begins else 0
        last = min((kept.seq for kept in raised if kept.seq > first), default=math.inf)
        found = [kept for kept in self.kept if first <= kept.seq < last and name in named_in(kept.event)]
        notices = {kept.event.notice_id for kept in found if isinstance(kept.event, e.NoticeQueued)}
        tries = [kept for kept in self.kept if not notices.isdisjoint(named_in(kept.event))]
        story = {kept.seq: kept.event for kept in (*found, *tries)}
        return tuple(story[seq] for seq in sorted(story))[-ROW_LIMIT:]

    async def audit(self, wanted: Wanted) -> tuple[AuditRow, ...]:
        acts = [kept.event for kept in self.kept if isinstance(kept.event, e.OperatorActed)]
        rows = [AuditRow(number=number, act=act, digest="") for number, act in enumerate(acts, start=1)]
        return _newest([row for row in rows if is_wanted(row.act, wanted)], wanted.limit)

    async def gaps(self, begin: float, end: float) -> tuple[Gap, ...]:
        return tuple(gap for gap in self.gap_rows if gap.begin < end and gap.end >= begin)

    async def runs(self, limit: int = ROW_LIMIT) -> tuple[Run, ...]:
        return _newest(self.lives, limit)

    async def verify(self, anchors: Iterable[tuple[int, str]] = ()) -> AuditCheck:
        rows = sum(isinstance(kept.event, e.OperatorActed) for kept in self.kept)
        cut = [number for number, _ in anchors if number > rows]
        return AuditCheck(rows=rows, first_bad=rows + 1 if cut else None)

    async def retain(self, budget: float) -> Retention:
        raise HiveError(f"nothing is removed within {budget} s: this is a recording to read")

    async def export(
        self, wanted: Wanted, kinds: Iterable[type[e.Event]] | None = None
    ) -> AsyncGenerator[e.Event, None]:
        for event in self._chosen(wanted, kinds):
            yield event

    async def after(self, key: int, wanted: Wanted, *, is_of_requests: bool = False) -> Followed:
        found = [
            kept for kept in self.kept if kept.seq > key and isinstance(kept.event, REQUESTS) == is_of_requests
        ]
        page = found[: max(1, min(wanted.limit, ROW_LIMIT))]
        return Followed(
            events=tuple(kept.event for kept in page if is_wanted(kept.event, wanted)),
            key=page[-1].seq if page else key,
            is_all=len(page) == len(found),
        )

    async def changed(self) -> int:
        return len(self.kept)

    async def close(self) -> None:
        return


_T = TypeVar("_T")


def _newest(found: Sequence[_T], limit: int) -> tuple[_T, ...]:
    count = max(0, min(limit, ROW_LIMIT))
    return tuple(found[-count:]) if count else ()


def _models_told(event: e.Event) -> tuple[str, ...]:
    match event:
        case e.EngineStarted() | e.SettingsReloaded():
            return event.models
        case e.StatusChanged() | e.BreakerChanged() | e.ProbeFinished() | e.AttemptFinished():
            return (event.model,)
        case e.OperationFinished():
            return (event.requested,)
        case _:
            return ()


def _configured(
    begun: e.EngineStarted | None, told: Iterable[Kept]
) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    models = None if begun is None else begun.models
    routes = None
    known: set[str] = set()
    for kept in told:
        match kept.event:
            case e.SettingsReloaded():
                models, routes = kept.event.models or models, kept.event.routes or routes
            case e.StatusChanged() | e.BreakerChanged():
                known.add(kept.event.model)
            case _:
                pass
    return tuple(sorted(known)) if models is None else models, routes


def _traffic(told: Iterable[Kept]) -> dict[str, e.TrafficMoved]:
    return {kept.event.model: kept.event for kept in told if isinstance(kept.event, e.TrafficMoved)}


def _model_at(
    model: str,
    at: float,
    told: Sequence[Kept],
    *,
    later: Sequence[Kept],
    before: Sequence[Kept],
    begun: e.EngineStarted | None,
    setup: FleetSetup | None,
) -> ModelAt:
    about = [kept for kept in told if getattr(kept.event, "model", None) == model]
    words = {type(kept.event): (kept.seq, kept.event) for kept in about if type(kept.event) in bygone.OF_MODEL}
    first = {
        type(kept.event): kept.event for kept in reversed(later) if getattr(kept.event, "model", None) == model
    }
    refused: dict[tuple[str, str], tuple[str, ...]] = {}
    for kept in told:
        if isinstance(kept.event, e.KeyQuarantined | e.KeyRestored):
            is_refused = isinstance(kept.event, e.KeyQuarantined)
            refused[kept.event.provider, kept.event.key] = kept.event.models if is_refused else ()
    checks = [k.event for k in before if isinstance(k.event, e.ProbeFinished) and k.event.model == model]
    calls = [k.event for k in before if isinstance(k.event, e.AttemptFinished) and k.event.model == model]
    failed = [
        [(event.at, event.message) for event in events if event.message and event.kind is not OutcomeKind.SUCCESS]
        for events in (checks, calls)
    ]
    return bygone.model_at(
        model,
        at,
        words,
        later=first,
        begun=begun,
        is_key_refused=any(model in models for models in refused.values()),
        last_check=checks[-1].at if checks else None,
        last_error=max((each[-1] for each in failed if each), default=(0.0, ""))[1],
        setup=setup,
    )


def _alerts(kept: Iterable[Kept]) -> list[AlertView]:
    fold = AlertFold()
    for each in kept:
        fold.take(each.seq, each.event)
    return list(fold.episodes.values())


def _silences(before: Sequence[Kept], at: float, alerts: tuple[AlertView, ...]) -> tuple[SilenceView, ...]:
    muted: dict[str, set[tuple[object, str]]] = {}
    for kept in before:
        if isinstance(kept.event, e.AlertMuted):
            muted.setdefault(kept.event.silence_id, set()).add((kept.event.rule, kept.event.subject))
    hid = {name: len(what) for name, what in muted.items()}
    return silences_at((kept.event for kept in before), at, hid=hid, alerts=alerts)


def _channels(before: Sequence[Kept], told: Sequence[Kept]) -> tuple[ChannelView, ...]:
    said: dict[str, list[e.Event]] = {}
    ended: dict[str, dict[NoticeEnd, int]] = {}
    for kept in before:
        if isinstance(kept.event, e.NoticeQueued | e.NoticeTried | e.NoticeSettled | e.ChannelChanged):
            said.setdefault(kept.event.channel, []).append(kept.event)
    for kept in told:
        if isinstance(kept.event, e.NoticeSettled):
            ends = ended.setdefault(kept.event.channel, {})
            ends[kept.event.end] = ends.get(kept.event.end, 0) + 1
    return tuple(channel_at(name, said[name], ended=ended.get(name, {})) for name in sorted(said))
