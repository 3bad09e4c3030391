"""The fold of events into windows: what a recording keeps of traffic when the requests themselves are gone.

Every event is folded where it happens, before any queue, so that a request that is not kept is counted still. An
event costs about a microsecond; what is dear happens when a window ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hive_console.core import events as e
from hive_console.core.open_windows import OpenWindows
from hive_console.core.outcome import OutcomeKind, Verdict
from hive_console.core.rollup import Rolled, Sums
from hive_console.core.states import OperationResult

_SUCCESS = OutcomeKind.SUCCESS
_FAILURE = Verdict.FAILURE
_ANSWERED = OperationResult.ANSWERED
_UNANSWERED = (OperationResult.FAILED, OperationResult.SHED)
_TOOK_TOO_LONG = (OutcomeKind.TIMED_OUT, OutcomeKind.STREAM_STALLED, OutcomeKind.REQUEST_TIMEOUT)


class RollUps:
    """Sums of each model in windows of ten seconds, a minute, an hour and a day, at once.

    Rows are handed out when their windows end: of ten seconds only for models with anything to tell (an event about
    them; when they join or leave), of a minute for every model of the running engine, and with each minute the open
    hour and the open day as they stand. What a model has no ten seconds of, it spent as it was before.

    Args:
        begin_us: microseconds since 1970 at which it begins; windows that ended by then are not its own.
    """

    __slots__ = ("_handlers", "_open", "_seen_us", "_tens", "_windows")

    def __init__(self, *, begin_us: int) -> None:
        self._windows = OpenWindows(begin_us)
        self._tens = self._windows.tens
        self._open = self._windows.open
        self._seen_us = begin_us
        self._handlers: dict[type[e.Event], Callable[[Any, int], None]] = {  # each takes its own kind of event
            e.AttemptFinished: self._on_attempt,
            e.OperationFinished: self._on_operation,
            e.FailedOver: self._on_failover,
            e.ProbeFinished: self._on_probe,
            e.StatusChanged: self._on_status,
            e.BreakerChanged: self._on_breaker,
            e.ModelRecovered: self._on_recovered,
            e.SettingsReloaded: self._on_reload,
            e.EngineStarted: self._on_start,
            e.EngineStopped: self._on_stop,
        }

    @property
    def left_out(self) -> int:
        """Events that were not summed because there were too many models (`open_windows.MAX_MODELS`) already."""
        return self._windows.left_out

    @property
    def lost(self) -> int:
        """Rows that were lost because too many waited (`open_windows.MAX_WAITING`) to be fetched."""
        return self._windows.lost

    def observe(self, event: e.Event, seq: int) -> None:
        """Takes an event; `seq` grows, and is never before an instant that windows were closed until.

        One that is earlier all the same is counted in the open window: rows that were handed out never change.
        """
        if seq >= self._windows.ten_end:
            if type(event) is e.EngineStarted:
                self.interrupt()
            self._windows.turn(seq)
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event, seq)
        self._seen_us = seq

    def close(self, until_us: int) -> list[Rolled]:
        """Ends the windows that ended by an instant; every row that was not handed out before, newest as it is.

        After more than an hour without a word only the windows at both ends of it are there, one of which is empty
        and tells what each model was meanwhile; the time between counts as unknown.
        """
        self.turn(until_us)
        self._windows.finish()
        return self._windows.fetch()

    def turn(self, until_us: int) -> None:
        """Ends the windows that ended by an instant, but for the adding up, which `advance` does."""
        if until_us >= self._windows.ten_end:
            self._windows.turn(until_us)

    def advance(self, models: int) -> bool:
        """Adds up what ended, of so many models at most; whether all of it is, and `fetch` may be asked.

        A model takes about 0.2 ms (two sketches are added to two others, and those copied).
        """
        return self._windows.advance(models)

    def fetch(self) -> list[Rolled]:
        """Every row since it was last asked."""
        return self._windows.fetch()

    def as_it_stands(self, at_us: int) -> list[Rolled]:
        """Besides what `close` gives, all open windows: what an orderly stop writes.

        `at_us` is later than every event; the time up to it counts as what it was.
        """
        return [*self.close(at_us), *self._windows.as_they_stand(at_us)]

    def resume(self, rows: Iterable[Rolled]) -> None:
        """Goes on where an earlier fold ended: at `begin_us`, before any event.

        When `begin_us` is what that one was closed until (a multiple of ten seconds), the events from there on have
        to be observed again. When it is the instant of its `as_it_stands`, none has to. Either way `rows` hold, in
        any order, what was written last of

        - the windows of ten seconds of the open minute, with the open one where `as_it_stands` wrote it;
        - the open minute, where it wrote that, **and the minute before it, whatever hour or day it is in**: it
          tells what each model was;
        - the open hour and the open day. They were written with each minute, so that the sum of their minutes, one
          of which may have been open, is what they are.

        Others may be among them and are passed over.
        """
        self._windows.refill(rows)

    def interrupt(self) -> None:
        """The engine ended without a word: nothing is known of its models from the latest event on.

        A start does this by itself; it is for whoever closes windows before the next start.
        """
        self._forget(self._seen_us)

    def _forget(self, at_us: int) -> None:
        for model in tuple(self._windows.standings):
            self._windows.leave(model, at_us)

    def _on_attempt(self, event: e.AttemptFinished, _: int) -> None:
        sums = self._tens.get(event.model) or self._open(event.model)
        if sums is None:
            return
        sums.calls += 1
        if event.number > 1:
            sums.retries += 1
        if event.cost is not None:
            sums.cost += event.cost
        kind = event.kind
        if kind is _SUCCESS:
            _time(sums, event)
        elif kind.judgement.verdict is _FAILURE:
            sums.failed += 1
            if kind in _TOOK_TOO_LONG:
                sums.timeouts += 1
        else:
            sums.neutral += 1
            if kind is OutcomeKind.RATE_LIMITED:
                sums.throttled += 1
        if event.read_tokens is not None:
            sums.read_tokens += event.read_tokens
        if event.written_tokens is not None:
            sums.written_tokens += event.written_tokens

    def _on_operation(self, event: e.OperationFinished, _: int) -> None:
        sums = self._tens.get(event.requested) or self._open(event.requested)
        if sums is None:
            return
        sums.operations += 1
        if event.result is _ANSWERED:
            sums.answered += 1
        elif event.result in _UNANSWERED:
            sums.unanswered += 1
        if event.is_degraded:
            sums.degraded += 1

    def _on_failover(self, event: e.FailedOver, _: int) -> None:
        left, taken = self._open(event.from_model), self._open(event.to_model)
        if left is not None:
            left.moved_out += 1
        if taken is not None:
            taken.moved_in += 1

    def _on_probe(self, event: e.ProbeFinished, _: int) -> None:
        sums = self._tens.get(event.model) or self._open(event.model)
        if sums is None:
            return
        sums.probes += 1
        if event.kind is _SUCCESS:
            sums.probe_us += round(event.latency * 1e6)
        elif event.kind.judgement.verdict is _FAILURE:
            sums.probes_failed += 1

    def _on_status(self, event: e.StatusChanged, seq: int) -> None:
        sums = self._open(event.model)
        if sums is not None:
            standing = self._windows.standing(event.model, seq)
            standing.tell(sums, seq)
            standing.status = event.new

    def _on_breaker(self, event: e.BreakerChanged, seq: int) -> None:
        if self._open(event.model) is not None:
            self._windows.standing(event.model, seq).breaker = event.new

    def _on_recovered(self, event: e.ModelRecovered, _: int) -> None:
        sums = self._open(event.model)
        if sums is not None:
            sums.recoveries += 1
            sums.recovery_ms += round(event.down_for * 1e3)

    def _on_reload(self, event: e.SettingsReloaded, seq: int) -> None:
        if event.models:
            for model in [each for each in self._windows.standings if each not in event.models]:
                self._windows.leave(model, seq)
            self._join(event.models, seq)

    def _on_start(self, event: e.EngineStarted, seq: int) -> None:
        self.interrupt()
        self._join(event.models, seq)

    def _on_stop(self, _: e.EngineStopped, seq: int) -> None:
        self._forget(seq)

    def _join(self, models: tuple[str, ...], seq: int) -> None:
        for model in models:
            if self._open(model) is not None:
                self._windows.standing(model, seq)


def _time(sums: Sums, answer: e.AttemptFinished) -> None:
    """Adds the times of a good answer."""
    latency = round(answer.latency * 1e6)
    sums.latency_us += latency
    if sums.latency_min_us is None or latency < sums.latency_min_us:
        sums.latency_min_us = latency
    if sums.latency_max_us is None or latency > sums.latency_max_us:
        sums.latency_max_us = latency
    sums.latency.add(answer.latency)
    if answer.first_token is not None:
        sums.first_tokens += 1
        sums.first_token_us += round(answer.first_token * 1e6)
        sums.first_token.add(answer.first_token)
