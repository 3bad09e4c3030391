"""Traces of the kind `breaker`: each step on a real `core.breaker.Breaker`, each expectation read back from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hive_console.core.breaker import Breaker
from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TrialRule, TripRule
from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState
from hive_console.core.transitions import Move, Permit, Refusal
from tests.scenarios.telling import Mismatch, NotOffered

Trace = Mapping[str, Any]
"""A scenario, a configuration or a step as YAML gives it."""

OUTCOMES = {
    "ok": Verdict.SUCCESS,
    "error_ok": Verdict.SUCCESS,
    "fail": Verdict.FAILURE,
    "timeout": Verdict.FAILURE,
    "crash": Verdict.FAILURE,
    "bad_result": Verdict.FAILURE,
    "ignored": Verdict.NEUTRAL,
    "cancel": Verdict.NEUTRAL,
    "cancelled": Verdict.NEUTRAL,
}

STATES = {
    "closed": BreakerState.CLOSED,
    "open": BreakerState.OPEN,
    "half_open": BreakerState.HALF_OPEN,
    "forced_open": BreakerState.ISOLATED,
    "isolated": BreakerState.ISOLATED,
    "disabled": BreakerState.DISABLED,
    "metrics_only": BreakerState.METRICS_ONLY,
}
NAMES = {
    BreakerState.CLOSED: "closed",
    BreakerState.OPEN: "open",
    BreakerState.HALF_OPEN: "half_open",
    BreakerState.ISOLATED: "forced_open",
    BreakerState.DISABLED: "disabled",
    BreakerState.METRICS_ONLY: "metrics_only",
}
COUNTERS = frozenset(
    {
        "calls",
        "successes",
        "failures",
        "consecutive_failures",
        "consecutive_successes",
        "slow",
        "ignored",
        "rejected",
    }
)
TOLERANCE = 1e-6
"""Seconds and shares: the traces write decimals, floats add up."""


def run(scenario: Trace) -> None:
    """Runs one trace; raises `Mismatch` or `NotOffered`."""
    Play(policy_of(scenario.get("config", {})), scenario.get("config", {})).run(scenario["steps"])


# --- configuration ----------------------------------------------------------------------------------


def policy_of(config: Trace) -> BreakerPolicy:
    _known(config, {"trip", "open", "half_open", "ignored_as", "initial_state", "warmup_seconds", "name"}, "config")
    if config.get("ignored_as", "neutral") != "neutral":
        raise NotOffered("an ignored result is neutral and never counts as a success")
    trip = config.get("trip", {"mode": "consecutive", "failures": 5})
    rule = trip_rule(trip)
    return BreakerPolicy(
        trip=rule,
        open=open_time(config.get("open", {})),
        trial=trial_rule(config.get("half_open", {})),
        prober_goes_first=False,
        warm_up=float(config.get("warmup_seconds", 0)),
    )


def trip_rule(trip: Trace) -> TripRule:
    _known(
        trip,
        {"mode", "failures", "size", "rate", "min_calls", "seconds", "buckets", "strict", "slow", "evaluate_on"},
        "config.trip",
    )
    mode = trip.get("mode", "consecutive")
    slow = trip.get("slow") or {}
    common: dict[str, Any] = {
        "is_strict": bool(trip.get("strict", False)),
        "only_on_failure": trip.get("evaluate_on", "any") == "failure",
        "slow_seconds": slow.get("seconds"),
        "slow_rate": slow.get("rate"),
    }
    if mode == "consecutive":
        return TripRule(consecutive=trip["failures"], minimum_calls=trip.get("min_calls", 1), **common)
    common |= {"consecutive": None, "minimum_calls": trip.get("min_calls", 1)}
    if mode == "count":
        return TripRule(window_calls=trip["size"], failure_rate=trip.get("rate"), **common)
    if mode == "time":
        buckets = {"buckets": trip["buckets"]} if "buckets" in trip else {}
        return TripRule(window_seconds=trip["seconds"], failure_rate=trip.get("rate"), **buckets, **common)
    if mode == "k_of_n":
        return TripRule(window_calls=trip["size"], failures=trip["failures"], **common)
    if mode == "time_count":
        return TripRule(window_seconds=trip["seconds"], failures=trip["failures"], **common)
    raise NotOffered(f"a {mode} window; windows here roll")


def open_time(config: Trace) -> OpenTime:
    _known(config, {"seconds", "backoff", "sequence"}, "config.open")
    backoff = config.get("backoff") or {}
    _known(backoff, {"multiplier", "max"}, "config.open.backoff")
    return OpenTime(
        seconds=float(config.get("seconds", 60)),
        factor=float(backoff.get("multiplier", 1)),
        cap=float(backoff.get("max", "inf")),
        sequence=tuple(float(value) for value in config.get("sequence", ())),
    )


def trial_rule(config: Trace) -> TrialRule:
    _known(
        config, {"permits", "permits_mode", "decide", "max_seconds", "on_expire", "probe_lease"}, "config.half_open"
    )
    if config.get("on_expire", "open") != "open":
        raise NotOffered("trials that came to no verdict never close a breaker")
    decide = config.get("decide", {"successes": 1})
    _known(
        decide,
        {"successes", "calls", "rate", "slow_rate", "max_failures", "success_k", "failure_k", "of"},
        "decide",
    )
    permits = config.get("permits", 1)
    verdict: dict[str, Any]
    if "successes" in decide:
        verdict = {"successes": decide["successes"], "failures": 1}
    elif "success_k" in decide:
        wanted, of = decide["success_k"], decide["of"]
        verdict = {"successes": wanted, "failures": of - wanted + 1}
    elif "failure_k" in decide:
        wanted, of = decide["failure_k"], decide["of"]
        verdict = {"successes": of - wanted + 1, "failures": wanted}
    elif "max_failures" in decide:
        verdict = {"successes": None, "failures": decide["max_failures"] + 1, "calls": decide["calls"]}
    else:
        verdict = {
            "successes": None,
            "failures": None,
            "calls": decide["calls"],
            "failure_rate": decide.get("rate"),
            "slow_rate": decide.get("slow_rate"),
        }
    lease: dict[str, Any] = {"lease": float(config["probe_lease"])} if "probe_lease" in config else {}
    return TrialRule(
        permits=permits,
        is_concurrent=config.get("permits_mode", "total") == "concurrent",
        expires_after=config.get("max_seconds"),
        **verdict,
        **lease,
    )


# --- steps ------------------------------------------------------------------------------------------


class Play:
    """One trace under way: a breaker, the calls in flight, and the moves so far."""

    def __init__(self, policy: BreakerPolicy, config: Trace) -> None:
        initial = config.get("initial_state", "closed")
        if initial not in STATES:
            raise NotOffered(f"initial state {initial}")
        self.policy = policy
        self.breaker = Breaker(policy, 0.0, state=STATES[initial])
        self.moves: list[Move] = []
        self.flight: dict[str, Permit | None] = {}
        self.begun: dict[str, float] = {}
        self.executed = 0
        self.now = 0.0
        self.allowed: bool | None = None
        self.refusal: Refusal | None = None
        self.raised = False
        self.has_error = False

    def run(self, steps: list[Trace]) -> None:
        for number, step in enumerate(steps, 1):
            _known(
                step,
                {"at", "call", "start", "end", "outcome", "op", "tick", "times", "dur", "expect", "data"}
                | {"for", "until", "note", "cause"},
                "step",
            )
            self.now = float(step["at"])
            self._note(self.breaker.age(self.now))
            expect = step.get("expect", {})
            for _ in range(step.get("times", 1)):
                self._do(step)
                if "allowed" in expect and self.allowed is not expect["allowed"]:
                    raise Mismatch(number, f"allowed: expected {expect['allowed']}, got {self.allowed}")
            self._check(number, expect)

    def _do(self, step: Trace) -> None:
        self.allowed, self.refusal, self.raised, self.has_error = None, None, False, False
        if "call" in step:
            self._begin("the call")
            self.now += float(step.get("dur", 0))
            self._end("the call", step["call"])
        elif "start" in step:
            self._begin(str(step["start"]))
        elif "end" in step:
            self._end(str(step["end"]), step["outcome"])
        elif "op" in step:
            self._operate(step)
        elif "tick" not in step:
            raise NotOffered(f"a step of the form {sorted(step)}")

    def _begin(self, name: str) -> None:
        admission = self.breaker.acquire(self.now)
        self._note(admission.move)
        self.allowed = isinstance(admission, Permit)
        self.executed += self.allowed
        self.flight[name] = admission if isinstance(admission, Permit) else None
        self.begun[name] = self.now
        self.refusal = admission if isinstance(admission, Refusal) else None

    def _end(self, name: str, outcome: str) -> None:
        if outcome not in OUTCOMES:
            raise NotOffered(f"outcome {outcome}")
        permit = self.flight.pop(name)
        if permit is None:
            return
        self.raised = outcome == "crash"
        duration = self.now - self.begun[name]
        verdict = OUTCOMES[outcome]
        self._note(self.breaker.settle(permit, verdict, self.now, cause=outcome, duration=duration))

    def _operate(self, step: Trace) -> None:
        does = self._deeds(step).get(step["op"])
        if does is None:
            raise NotOffered(f"operation {step['op']}")
        move = does()
        self._note(move)
        self.has_error = step["op"] == "half_open" and move is None

    def _deeds(self, step: Trace) -> dict[str, Callable[[], Move | None]]:
        breaker, now, holder = self.breaker, self.now, str(step.get("data", "operator"))
        return {
            "trip": lambda: breaker.trip(now, "by hand", seconds=step.get("for"), until=step.get("until")),
            "health_fail": lambda: breaker.trip(now, "health check failed"),
            "force_open": lambda: breaker.isolate(now, "by hand"),
            "reset": lambda: breaker.reset(now, "by hand"),
            "enable": lambda: breaker.reset(now, "by hand"),
            "disable": lambda: breaker.disable(now, "by hand"),
            "metrics_only": lambda: breaker.observe_only(now, "by hand"),
            "half_open": lambda: breaker.half_open(now, "by hand"),
            "isolate": lambda: breaker.isolate(now, "by hand", holder=holder),
            "unisolate": lambda: breaker.release(now, "by hand", holder=holder, is_trusted=True),
            "save_restore": self._restart,
            "wall_clock_jump": lambda: None,  # nothing here reads a wall clock: `now` is the only time there is
        }

    def _restart(self) -> None:
        saved = json.loads(json.dumps(self.breaker.save()))
        self.breaker = Breaker.restored(self.policy, saved, self.now)

    def _note(self, move: Move | None) -> None:
        if move is not None:
            self.moves.append(move)

    # --- expectations ---

    def _check(self, number: int, expect: Trace) -> None:
        for key, wanted in expect.items():
            if key == "allowed":
                continue
            if key in {"counters", "event_counters"}:
                self._check_counters(number, key, wanted)
                continue
            read = self._readings(wanted).get(key)
            if read is None:
                raise NotOffered(f"expectation {key}")
            got = read()
            if not _equal(got, wanted if key != "state_any" else got) or (key == "state_any" and got not in wanted):
                raise Mismatch(number, f"{key}: expected {wanted}, got {got}")

    def _readings(self, wanted: Any) -> dict[str, Callable[[], Any]]:  # whatever YAML can hold
        breaker = self.breaker
        state = self._state(wanted)
        return {
            "state": lambda: state,
            "state_any": lambda: state,
            "failure_rate": lambda: breaker.failure_rate(self.now),
            "open_remaining": lambda: None if breaker.open_until is None else breaker.open_until - self.now,
            "retry_after": lambda: None if self.refusal is None else self.refusal.retry_after,
            "events": lambda: [[NAMES[move.old], NAMES[move.new]] for move in self.moves],
            "events_last": lambda: [NAMES[self.moves[-1].old], NAMES[self.moves[-1].new]] if self.moves else None,
            "events_count": lambda: len(self.moves),
            "threshold_events": lambda: breaker.threshold_crossings,
            "executed_total": lambda: self.executed,
            "raises": lambda: self.raised,
            "error": lambda: self.has_error,
        }

    def _state(self, wanted: Any) -> str:  # a name or a list of names
        is_isolated = self.breaker.state is BreakerState.ISOLATED
        names = wanted if isinstance(wanted, list) else [wanted]
        return "isolated" if is_isolated and "isolated" in names else NAMES[self.breaker.state]

    def _check_counters(self, number: int, key: str, wanted: Trace) -> None:
        _known(wanted, COUNTERS, key)
        if key == "event_counters" and not self.moves:
            raise Mismatch(number, "there was no event that could carry counters")
        counters = self.moves[-1].counters if key == "event_counters" else self.breaker.counters(self.now)
        for name, value in wanted.items():
            got = getattr(counters, name)
            if got != value:
                raise Mismatch(number, f"{key}.{name}: expected {value}, got {got}")


def _equal(got: Any, wanted: Any) -> bool:  # whatever YAML can hold
    if isinstance(got, float) and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return abs(got - wanted) <= TOLERANCE
    return bool(got == wanted)


def _known(found: Trace, known: set[str] | frozenset[str], where: str) -> None:
    unknown = sorted(set(found) - known)
    if unknown:
        raise NotOffered(f"{where}: {', '.join(unknown)}")
