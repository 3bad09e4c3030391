"""How long people wait for an alert: `python -m tests.bench.alert_latency`.

One model after the other is asked 20 times a second and begins to answer 500. Measured from then: until the alert
stands in the inbox (a snapshot shows it), and until a Slack-shaped receiver on the loopback interface has it, less
the group's wait. The promises are 1 s each.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hive_console import Engine, OperationFailed, Task, load_settings
from hive_console.core.alert_settings import AlertRoute, AlertSettings, ChannelKind, ChannelSettings, Step
from hive_console.core.alerting.matching import Matcher
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertRule, AlertState
from tests.system.program import PATIENCE, Provider, set_fault
from tests.system.receivers import Webhooks, webhooks

MODELS = tuple(f"m{number}" for number in range(10))
"""Each is down once: one that came and went all the time would flap, and be kept firing."""

MODEL = """\
  {name}:
    provider: {name}-inc
    endpoint: {endpoint}
    timeout: 5s
    recoveryTimeout: 5s
"""
GROUP_WAIT = 2.0
PACE = 0.05
LOOK = 0.005


async def _ask_for_ever(engine: Engine, model: str) -> None:
    async with asyncio.TaskGroup() as group:
        while True:
            group.create_task(_ask(engine, model))
            await asyncio.sleep(PACE)


async def _ask(engine: Engine, model: str) -> None:
    with suppress(OperationFailed):
        await engine.execute(Task.chat(model, "hello"))


def _firing(engine: Engine) -> AlertView | None:
    return next(
        (
            alert
            for alert in engine.snapshot().alerts
            if alert.rule is AlertRule.MODEL_UNAVAILABLE and alert.state is AlertState.FIRING
        ),
        None,
    )


async def _until(fact: object) -> float:
    assert callable(fact)
    async with asyncio.timeout(2 * PATIENCE):
        while not fact():  # noqa: ASYNC110 - a view tells, it does not call
            await asyncio.sleep(LOOK)
    return time.time()


async def _run(folder: Path, slack: Webhooks, provider: Provider) -> tuple[list[float], list[float]]:
    (folder / "slack").write_text(f"{slack.url}/services/T/B/x")
    (folder / "slack").chmod(0o600)
    channel = ChannelSettings("slack", ChannelKind.SLACK, f"file:{folder / 'slack'}", rate=50.0, burst=50)
    route = AlertRoute(matchers=(Matcher("rule", "model-unavailable"),), steps=(Step(0.0, ("slack",)),))
    alerts = AlertSettings(
        channels=(channel,), routes=(route,), group_wait=GROUP_WAIT, reopen_within=0.0, storm_above=10_000
    )
    file = folder / "hive.yaml"
    file.write_text("models:\n" + "".join(MODEL.format(name=name, endpoint=provider.endpoint) for name in MODELS))
    settings = replace(load_settings(file, {}), alerts=alerts)
    inbox: list[float] = []
    told: list[float] = []
    async with Engine(settings, data=folder / "data", environ={}, key_folder=folder) as engine:
        for model in MODELS:
            asking = asyncio.create_task(_ask_for_ever(engine, model))
            await asyncio.sleep(1.0)
            posts = len(slack.posts)
            await asyncio.to_thread(set_fault, provider, model, "http:500")
            began = time.time()
            inbox.append(await _until(lambda: _firing(engine)) - began)
            await _until(lambda posts=posts: len(slack.posts) > posts)
            told.append(slack.posts[posts].at - began - GROUP_WAIT)
            await asyncio.to_thread(set_fault, provider, model, "none")
            await _until(lambda posts=posts: len(slack.posts) > posts + 1)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
    return inbox, told


def main() -> None:
    with tempfile.TemporaryDirectory() as name, webhooks() as slack:
        folder = Path(name)
        provider = Provider(folder, *MODELS)
        try:
            inbox, told = asyncio.run(_run(folder, slack, provider))
        finally:
            provider.kill()
    print(f"{len(MODELS)} episodes, group wait {GROUP_WAIT:g} s")
    for what, seconds in (("fault to inbox", inbox), ("fault to receiver, less the group's wait", told)):
        print(f"{what:44} median {statistics.median(seconds):.3f} s, longest {max(seconds):.3f} s")


if __name__ == "__main__":
    main()
