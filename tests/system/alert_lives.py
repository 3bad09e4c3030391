"""The real program with real receivers, killed while it tells people of alerts, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from tests.system.program import Headless, Provider, eventually, set_fault
from tests.system.receivers import Mailbox, Webhooks, mailbox, webhooks

GROUP_WAIT = 0.2

FLEET = """\
resilience: {{healthCheckInterval: 200ms, operationDeadline: 20s}}
gateway: {{port: 0}}
models:
{models}alerts:
  groupWait: {group_wait}ms
  groupInterval: 1s
  reopenWithin: 0s
  stormAbove: 1000
  channels:
    hook: {{type: webhook, url: "{hook}/hook", rate: 50, burst: 50, hourly: 10000}}
    mail:
      {{type: email, host: 127.0.0.1, port: {port}, security: none, from: hive@example.org,
       to: [ann@example.org], rate: 50, burst: 50, hourly: 10000}}
  routes:
    - match: [rule=model-unavailable]
      steps: [{{after: 0s, channels: [hook, mail]}}]
  rules:
    model-unavailable: {{severity: error}}
"""
MODEL = """\
  {name}:
    provider: {name}-inc
    endpoint: {endpoint}
    timeout: 2s
    probe: completion
    circuitBreakerThreshold: 1
    recoveryTimeout: 300ms
"""

MODELS = tuple(f"m{number}" for number in range(7))
"""Each is down in its turn: one that came and went all the time would flap, and be kept firing."""


@dataclass
class Lives:
    """An engine that is killed and started again, and its receivers.

    Attributes:
        kills: how often it was killed.
        excused: what may have come again since: at each kill the engine may not have known of the last of each.
    """

    folder: Path
    settings: Path
    provider: Provider
    hook: Webhooks
    mail: Mailbox
    engine: Headless
    kills: int = 0
    excused: Counter[str] = field(default_factory=Counter)

    def told(self, kind: str) -> int:
        """Notices of this kind that the webhook's receiver knows, each once."""
        return len({post.key for post in self.hook.of("/hook") if post.body["kind"] == kind})

    def hear(self, kind: str, count: int) -> None:
        """Returns when so many notices of this kind have been told."""
        eventually(lambda: self.told(kind) >= count, every=0.002, what=f"{count} notices are {kind}")

    def kill(self) -> None:
        """kill -9, and the next start."""
        self.engine.kill()
        self.kills += 1
        self.excused.update({post.key for post in self.hook.of("/hook")[-1:]})
        self.excused.update({str(letter["Message-ID"]) for letter in self.mail.letters[-1:]})
        self.engine = Headless(self.folder, str(self.settings))

    def problems(self) -> list[str]:
        """What a person behind the receivers would complain about."""
        posts = self.hook.of("/hook")
        hook = [(post.key, post.body["kind"], [alert["id"] for alert in post.body["alerts"]]) for post in posts]
        mail = [(str(one["Message-ID"]), _kind_of(one), [str(one["References"])]) for one in self.mail.letters]
        allowed = self.excused + Counter(self.hook.unheard)
        return [*_wrong("hook", hook, allowed), *_wrong("mail", mail, allowed)]


def _kind_of(letter: EmailMessage) -> str:
    return "resolved" if "resolved" in str(letter["Subject"]).lower() else "firing"


def _wrong(channel: str, came: Sequence[tuple[str, str, list[str]]], allowed: Counter[str]) -> list[str]:
    found: list[str] = []
    seen: Counter[str] = Counter()
    told: set[str] = set()
    for key, kind, alerts in came:
        seen[key] += 1
        if seen[key] > 1:
            if seen[key] - 1 > allowed[key]:
                found.append(f"{channel}: {key} came again, and its sender knew that it had come")
            continue
        for alert in alerts:
            if kind == "firing":
                if alert in told:
                    found.append(f"{channel}: {alert} was told twice")
                told.add(alert)
            elif kind == "resolved":
                if alert not in told:
                    found.append(f"{channel}: {alert} was called off, and was not told")
                told.discard(alert)
    return [*found, *(f"{channel}: {alert} was never called off" for alert in told)]


@contextmanager
def lives(folder: Path, *, trouble: float = 0.0, seed: str = "lives") -> Iterator[Lives]:
    """Runs the program, its models and its receivers for as long as the block lasts."""
    provider = Provider(folder, *MODELS, latency="1ms")
    with webhooks(trouble=trouble, delay=0.05, seed=seed) as hook, mailbox() as mail:
        settings = folder / "hive.yaml"
        settings.write_text(
            FLEET.format(
                models="".join(MODEL.format(name=name, endpoint=provider.endpoint) for name in MODELS),
                hook=hook.url,
                port=mail.port,
                group_wait=int(GROUP_WAIT * 1000),
            )
        )
        settings.chmod(0o600)
        scene = Lives(folder, settings, provider, hook, mail, Headless(folder, str(settings)))
        try:
            yield scene
        finally:
            scene.engine.stop()
            provider.kill()


MOMENTS = ("soon", "told", "after")
"""When the engine of an episode is killed: before anybody is told, while somebody is, when it is nearly over."""


def live(scene: Lives, moments: Iterable[str], *, pause: Callable[[], None] = lambda: None) -> None:
    """Episode after episode, with a kill in each; `pause` waits a moment before those that nothing triggers."""
    for episode, moment in enumerate(moments):
        model = MODELS[episode % len(MODELS)]
        told, over = scene.told("firing"), scene.told("resolved")
        set_fault(scene.provider, model, "http:500")
        if moment == "soon":
            pause()
            scene.kill()
        scene.hear("firing", told + 1)
        if moment == "told":  # its answer is under way
            scene.kill()
        set_fault(scene.provider, model, "none")
        if moment == "after":
            pause()
            scene.kill()
        scene.hear("resolved", over + 1)
