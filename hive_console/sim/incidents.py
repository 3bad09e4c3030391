"""A script of incidents that repeats: what goes wrong when, with whom, in which words. Pure; time comes in."""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.errors import SettingsError
from hive_console.sim.faults import Fault, Flapping, HttpError, Outage, RateLimited, Slow


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that goes wrong for a while in every cycle.

    Attributes:
        start: seconds after the cycle began.
        duration: seconds it lasts.
        targets: providers (`openai`) or models (`openai/gpt-5`).
        fault: what is wrong with them.
        sentence: what happens, for people.
    """

    start: float
    duration: float
    targets: tuple[str, ...]
    fault: Fault
    sentence: str

    @property
    def end(self) -> float:
        """Seconds after the cycle began at which it is over."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class Script:
    """Incidents that come again every `cycle` seconds."""

    cycle: float
    incidents: tuple[Incident, ...]

    def __post_init__(self) -> None:
        """Checks that every incident has its place within one cycle."""
        for incident in self.incidents:
            if incident.start < 0 or incident.duration <= 0 or incident.end > self.cycle:
                raise SettingsError(
                    "incidents", f"{incident.sentence!r} is not within one cycle of {self.cycle:g} s"
                )


def current(script: Script, elapsed: float) -> tuple[Incident, ...]:
    """The incidents that are going on `elapsed` seconds after the start, in the script's order."""
    moment = elapsed % script.cycle
    return tuple(incident for incident in script.incidents if incident.start <= moment < incident.end)


def faults_at(script: Script, elapsed: float) -> dict[str, Fault]:
    """The fault of every target that has one; where incidents overlap the later one of the script wins."""
    return {target: incident.fault for incident in current(script, elapsed) for target in incident.targets}


def until_change(script: Script, elapsed: float) -> float:
    """Seconds until the next incident begins or ends, or until the cycle does."""
    moment = elapsed % script.cycle
    edges = [edge for incident in script.incidents for edge in (incident.start, incident.end)]
    return min((edge for edge in (*edges, script.cycle) if edge > moment), default=script.cycle) - moment


DEMO_SCRIPT = Script(
    cycle=120.0,
    incidents=(
        # Soon enough that nobody has left yet, late enough that every model was seen healthy first.
        Incident(8, 18, ("anthropic",), Outage(), "anthropic refuses connections; its models fail over"),
        # Four times the latency stays below the demo's timeout: first the model is degraded, then it is out.
        Incident(34, 12, ("openai/gpt-5",), Slow(4), "gpt-5 answers four times slower than usual"),
        Incident(46, 13, ("openai/gpt-5",), Slow(20), "gpt-5 slows down further; its calls time out"),
        Incident(62, 11, ("deepseek/deepseek-v3",), RateLimited(2), "deepseek-v3 is rate limited, 2 s at a time"),
        # Six bad seconds open the breaker; in the six good ones it closes, and then it opens again.
        Incident(73, 18, ("xai/grok-3",), Flapping(12, 0.5, HttpError(503)), "grok-3 flaps: 503 and back"),
        # Three models of ten: below the demo's threshold for degraded mode.
        Incident(94, 12, ("google", "mistral"), Outage(), "google and mistral are out together: degraded mode"),
        # The rest of the cycle is calm, so that recovery is seen to the end.
    ),
)
"""Everything a newcomer should see within two minutes."""
