"""The default rules: what each means, when it fires and ends, how much it matters, what to do about it.

Numbers are those of Google's SRE workbook (chapter 5: burn rates) and of BIP-03 where they have one; each other one
says why. `docs/runbooks.md` tells of each rule at length, under its id.
More than 400 lines, nearly all of them data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hive_console.core.states import Action, AlertRule, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        rule: its id.
        title: what is wrong, in a few words, without a subject.
        severity: how much it matters.
        wait: seconds for which its condition must hold before it fires (`for`).
        keep: seconds for which its condition must not hold before it is resolved.
        threshold: what its number is compared with: shares 0..1, times in seconds, burn rates as a multiple of what
            is allowed; `None` where nothing is measured, or where the bound is the model's own.
        minimum: events below which nothing is judged.
        window: seconds it looks back.
        ends: when it is resolved by itself, in words.
        advice: what to do, in words: the first lines of its runbook.
        actions: what a person may press, the first one first.
        explained_by: rules whose alert about the same thing mutes this one.
    """

    rule: AlertRule
    title: str
    severity: Severity
    wait: float = 0.0
    keep: float = 0.0
    threshold: float | None = None
    minimum: int = 0
    window: float = 0.0
    ends: str = ""
    advice: str = ""
    actions: tuple[Action, ...] = ()
    explained_by: tuple[AlertRule, ...] = ()

    @property
    def bound(self) -> float:
        """Its threshold; 0 where nothing is measured."""
        return 0.0 if self.threshold is None else self.threshold

    @property
    def runbook(self) -> str:
        """Where `docs/runbooks.md` tells of it."""
        return f"docs/runbooks.md#{self.rule.value}"


_CAUSES = (
    AlertRule.MODEL_UNAVAILABLE,
    AlertRule.PROVIDER_DOWN,
    AlertRule.KEY_REFUSED,
    AlertRule.QUOTA_EXHAUSTED,
    AlertRule.KILL_SWITCH,
)
"""What explains that a model fails, is slow or does not answer: a person has those alerts already."""

_BURN_KEEP = 60.0
"""Seconds that a burn must be over: a number at its bound must not come and go with every failure."""

_OPERATIONS = (
    Rule(
        rule=AlertRule.OPERATION_BURN_FAST,
        title="callers get no answers: the month's budget burns fast",
        severity=Severity.CRITICAL,
        keep=_BURN_KEEP,
        threshold=14.4,
        minimum=100,
        window=3_600.0,
        ends="over the last five minutes, or the last hour, fewer operations fail",
        advice="Callers are affected after all fallbacks. See which models of the route fail, and why; send its "
        "traffic to one that answers.",
        actions=(Action.FAIL_OVER, Action.CHECK_NOW, Action.RESET),
        explained_by=(AlertRule.KILL_SWITCH,),
    ),
    Rule(
        rule=AlertRule.OPERATION_BURN_SLOW,
        title="callers miss answers: the month's budget burns",
        severity=Severity.CRITICAL,
        keep=_BURN_KEEP,
        threshold=6.0,
        minimum=100,
        window=21_600.0,
        ends="over the last half hour, or the last six hours, fewer operations fail",
        advice="Some operations fail for hours after all fallbacks. Look for the kind of failure that most have.",
        actions=(Action.FAIL_OVER, Action.CHECK_NOW),
        explained_by=(AlertRule.OPERATION_BURN_FAST, AlertRule.KILL_SWITCH),
    ),
    Rule(
        rule=AlertRule.OPERATION_BUDGET,
        title="callers miss answers: the month's budget will not last",
        severity=Severity.WARNING,
        keep=_BURN_KEEP,
        threshold=1.0,
        minimum=100,
        window=259_200.0,
        ends="over the last six hours, or the last three days, fewer operations fail",
        advice="Nobody needs to hurry. Look at the report of the last days, and at the route's chain.",
        actions=(),
        explained_by=(
            AlertRule.OPERATION_BURN_FAST,
            AlertRule.OPERATION_BURN_SLOW,
            AlertRule.KILL_SWITCH,
        ),
    ),
    Rule(
        rule=AlertRule.FALLBACKS_EXHAUSTED,
        title="no model answered",
        severity=Severity.CRITICAL,
        ends="it answers again and no operation failed for half a minute, or there was none for five minutes",
        advice="Every model of the chain failed for somebody. See which could answer, and pin the traffic to it.",
        actions=(Action.FAIL_OVER, Action.CHECK_NOW, Action.RESET),
        explained_by=(AlertRule.OPERATION_BURN_FAST, AlertRule.KILL_SWITCH),
    ),
    Rule(
        rule=AlertRule.FAILURE_IMPACT,
        title="many operations meet a failure",
        severity=Severity.WARNING,
        keep=_BURN_KEEP,
        threshold=0.05,
        minimum=50,
        window=900.0,
        ends="at most one operation in twenty met a failure over fifteen minutes",
        advice="Callers are answered, but by fallbacks or after retries. Take the failing model out for now.",
        actions=(Action.FAIL_OVER, Action.DEACTIVATE),
        explained_by=(
            AlertRule.OPERATION_BURN_FAST,
            AlertRule.FALLBACKS_EXHAUSTED,
            AlertRule.KILL_SWITCH,
        ),
    ),
    Rule(
        rule=AlertRule.FALLBACK_SLOWER,
        title="fallbacks answer slower than the primary",
        severity=Severity.WARNING,
        keep=_BURN_KEEP,
        threshold=0.10,
        minimum=20,
        window=900.0,
        ends="fallbacks are at most 10 % slower, or answer too little over fifteen minutes to tell",
        advice="Bring the primary back, or put a faster model first among the fallbacks.",
        actions=(Action.CHECK_NOW, Action.FAIL_BACK, Action.SET_WEIGHT),
        explained_by=(AlertRule.KILL_SWITCH,),
    ),
)

_FLEET = (
    Rule(
        rule=AlertRule.DEGRADED_MODE,
        title="degraded mode",
        severity=Severity.CRITICAL,
        ends="enough models are available for a minute",
        advice="Too few models are available; less important work may be turned away. Bring back what can serve.",
        actions=(Action.CHECK_NOW, Action.RESET, Action.ACTIVATE),
        explained_by=(AlertRule.KILL_SWITCH,),
    ),
    Rule(
        rule=AlertRule.PROVIDER_DOWN,
        title="provider down",
        severity=Severity.CRITICAL,
        threshold=2.0,
        ends="one of its models is available again",
        advice="Traffic is on other providers where chains have some. See the provider's status page; wait or pin.",
        actions=(Action.FAIL_OVER, Action.CHECK_NOW, Action.KILL),
        explained_by=(AlertRule.KEY_REFUSED, AlertRule.KILL_SWITCH),
    ),
    Rule(
        rule=AlertRule.KILL_SWITCH,
        title="kill switch",
        severity=Severity.CRITICAL,
        ends="the kill is lifted",
        advice="Somebody stopped all calls on purpose. Ask them; revive when the reason is over.",
        actions=(Action.REVIVE,),
    ),
)

_MODELS = (
    Rule(
        rule=AlertRule.MODEL_UNAVAILABLE,
        title="model unavailable",
        severity=Severity.WARNING,
        ends="the model is available or degraded again",
        advice="Its traffic is on its fallbacks already. Look at its last error; check it now.",
        actions=(Action.CHECK_NOW, Action.FAIL_OVER, Action.DEACTIVATE),
        explained_by=(
            AlertRule.PROVIDER_DOWN,
            AlertRule.KEY_REFUSED,
            AlertRule.QUOTA_EXHAUSTED,
            AlertRule.SECRET_UNRESOLVED,
            AlertRule.KILL_SWITCH,
        ),
    ),
    Rule(
        rule=AlertRule.BREAKER_OPEN,
        title="breaker open",
        severity=Severity.WARNING,
        wait=60.0,
        ends="a trial went well and the breaker closed",
        advice="It is tried again by itself. Look at the failures that opened it; check it now.",
        actions=(Action.CHECK_NOW, Action.HALF_OPEN, Action.RESET, Action.DEACTIVATE),
        explained_by=(AlertRule.MODEL_UNAVAILABLE, AlertRule.PROVIDER_DOWN),
    ),
    Rule(
        rule=AlertRule.MODEL_ERRORS,
        title="model fails often",
        severity=Severity.WARNING,
        wait=60.0,
        keep=300.0,
        threshold=0.05,
        minimum=10,
        window=300.0,
        ends="at most 5 % of its calls failed over five minutes, for five minutes",
        advice="Its fallbacks answer for it. Look at the kinds of its failures; move its traffic before it trips.",
        actions=(Action.FAIL_OVER, Action.CHECK_NOW, Action.TRIP, Action.DEACTIVATE),
        explained_by=_CAUSES,
    ),
    Rule(
        rule=AlertRule.MODEL_SLOW,
        title="model slow",
        severity=Severity.WARNING,
        wait=120.0,
        keep=600.0,
        minimum=20,
        window=600.0,
        ends="its p95 is at most half of its timeout, or twice what is usual at this hour, for ten minutes",
        advice="Compare it with its fallbacks; move some of its traffic, or hedge.",
        actions=(Action.FAIL_OVER, Action.SET_WEIGHT),
        explained_by=_CAUSES,
    ),
    Rule(
        rule=AlertRule.FIRST_TOKEN_SLOW,
        title="first token late",
        severity=Severity.WARNING,
        wait=120.0,
        keep=600.0,
        minimum=20,
        window=600.0,
        ends="the p95 to its first token is at most 10 s, and three times what is usual, for ten minutes",
        advice="Streams begin late, as a rule because the provider queues. Move some of its traffic.",
        actions=(Action.FAIL_OVER, Action.SET_WEIGHT),
        explained_by=(*_CAUSES, AlertRule.MODEL_SLOW),
    ),
    Rule(
        rule=AlertRule.HUNG_REQUESTS,
        title="requests hang",
        severity=Severity.WARNING,
        threshold=5.0,
        ends="no call runs longer than it may",
        advice="A call outlived its timeout, which should have ended it. Deactivate the model if more hang.",
        actions=(Action.DEACTIVATE, Action.KILL),
        explained_by=(AlertRule.ENGINE_LATE, AlertRule.KILL_SWITCH),
    ),
    Rule(
        rule=AlertRule.RATE_LIMITED,
        title="rate limited",
        severity=Severity.WARNING,
        keep=60.0,
        threshold=0.10,
        minimum=10,
        window=300.0,
        ends="at most 10 % of its calls were told to come later over five minutes",
        advice="The provider's limit is reached. Move some traffic, lower its rate, or ask for a higher limit.",
        actions=(Action.FAIL_OVER, Action.SET_WEIGHT),
        explained_by=_CAUSES,
    ),
    Rule(
        rule=AlertRule.QUOTA_EXHAUSTED,
        title="quota exhausted",
        severity=Severity.ERROR,
        ends="a call is answered again",
        advice="The account is empty or its budget is spent: pay, or raise it. Only a person can mend this.",
        actions=(Action.FAIL_OVER, Action.CHECK_NOW, Action.RESET),
        explained_by=(AlertRule.KILL_SWITCH,),
    ),
    Rule(
        rule=AlertRule.KEY_REFUSED,
        title="key refused",
        severity=Severity.CRITICAL,
        ends="the key is taken again; it is tried once a minute",
        advice="Replace the key or mend its permissions, then reset. Only a person can mend this.",
        actions=(Action.RESET, Action.CHECK_NOW),
        explained_by=(AlertRule.KILL_SWITCH,),
    ),
    Rule(
        rule=AlertRule.SECRET_UNRESOLVED,
        title="key not found",
        severity=Severity.WARNING,
        ends="the model can be called",
        advice="The settings name a key that is not there, or an address not allowed. Mend it and reload.",
        actions=(),
    ),
    Rule(
        rule=AlertRule.RECOVERY_SLOW,
        title="recovery slow",
        severity=Severity.WARNING,
        threshold=30.0,
        ends="the model is in use again, or its checks fail",
        advice="Its checks are good and it is not in use yet. Half-open its breaker, or reset it.",
        actions=(Action.HALF_OPEN, Action.RESET, Action.THAW),
        explained_by=(
            AlertRule.OPERATION_BURN_FAST,
            AlertRule.FALLBACKS_EXHAUSTED,
            AlertRule.KEY_REFUSED,
            AlertRule.QUOTA_EXHAUSTED,
            AlertRule.KILL_SWITCH,
        ),
    ),
    Rule(
        rule=AlertRule.RECOVERY_FLAPPING,
        title="recovers and fails in turns",
        severity=Severity.WARNING,
        threshold=3.0,
        window=900.0,
        ends="fewer than three recoveries within fifteen minutes",
        advice="It comes back too early. Deactivate it until its provider is well, or raise recoveryTimeout.",
        actions=(Action.DEACTIVATE, Action.FREEZE, Action.FAIL_OVER),
        explained_by=(AlertRule.PROVIDER_DOWN, AlertRule.KILL_SWITCH),
    ),
)

_CONSOLE = (
    Rule(
        rule=AlertRule.PROBER_STALLED,
        title="health checks stalled",
        severity=Severity.CRITICAL,
        wait=15.0,
        threshold=2.5,
        ends="every model was checked in time again",
        advice="What the screens say of these models may be old. Check one now; if nothing comes back, restart.",
        actions=(Action.CHECK_NOW,),
        explained_by=(AlertRule.ENGINE_LATE,),
    ),
    Rule(
        rule=AlertRule.ENGINE_LATE,
        title="engine late",
        severity=Severity.CRITICAL,
        wait=5.0,
        keep=30.0,
        threshold=1.0,
        ends="the engine's loop is on time for half a minute",
        advice="Timeouts and checks are late with it. See what else the machine does: CPU, memory, disk.",
        actions=(),
    ),
    Rule(
        rule=AlertRule.NOTIFIER_FAILING,
        title="notices do not get through",
        severity=Severity.ERROR,
        threshold=120.0,
        ends="the channel delivers again",
        advice="Look at the channel's last answer, mend its address or secret, and send it a test.",
        actions=(Action.TEST_CHANNEL,),
    ),
    Rule(
        rule=AlertRule.RECORDER_FAILING,
        title="recorder failing",
        severity=Severity.CRITICAL,
        ends="it writes again, and nothing was lost for a minute",
        advice="What happens now is not kept. See whether the disk is full or the folder can be written to.",
        actions=(),
    ),
    Rule(
        rule=AlertRule.AUDIT_BROKEN,
        title="audit trail broken",
        severity=Severity.CRITICAL,
        ends="a later check finds the trail whole",
        advice="Somebody or something changed what was recorded. Keep a copy of the recording; find out who.",
        actions=(),
    ),
    Rule(
        rule=AlertRule.SETTINGS_REFUSED,
        title="settings refused",
        severity=Severity.WARNING,
        ends="settings that can be used are read",
        advice="The settings before stay in force. Mend the line that is named, and reload.",
        actions=(),
    ),
    Rule(
        rule=AlertRule.SILENCE_ENDING,
        title="a silence ends soon",
        severity=Severity.WARNING,
        threshold=900.0,
        ends="the silence is over, was lengthened, or hides nothing any more",
        advice="What it hides will be told again. Is the work done? If not, silence it anew.",
        actions=(Action.SILENCE, Action.UNSILENCE),
    ),
    Rule(
        rule=AlertRule.UNACKNOWLEDGED,
        title="critical alerts that nobody has",
        severity=Severity.WARNING,
        threshold=900.0,
        ends="somebody has them, or they are resolved",
        advice="Acknowledge what you take; escalate what you cannot.",
        actions=(Action.ACKNOWLEDGE, Action.ESCALATE),
    ),
)

RULES: Mapping[AlertRule, Rule] = {rule.rule: rule for rule in (*_OPERATIONS, *_FLEET, *_MODELS, *_CONSOLE)}
"""The default rules by id: one of each `AlertRule` but `OWN`."""
