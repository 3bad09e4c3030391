"""The demo fleet: its settings, its ports, its script and traffic, and the thread that carries it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

import httpx
import pytest

from hive_console.core.policies import ramp_policy_of
from hive_console.core.settings import Dialect, Settings, Strategy
from hive_console.sim.demo import DemoFleet, DemoThread, demo_settings
from hive_console.sim.demo_settings import FLEET
from hive_console.sim.faults import Fault, Hang, HttpError, Outage
from hive_console.sim.incidents import DEMO_SCRIPT, Incident, Script
from hive_console.sim.port import Port
from hive_console.sim.profile import ModelProfile, draw_words
from hive_console.sim.provider import SimulatedProvider
from hive_console.sim.traffic import MAX_IN_FLIGHT, Traffic

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loopback speaks plain HTTP; loading certificates takes longer than the requests."""

CALM = Script(120.0, ())
ENDPOINTS = {provider.name: f"http://127.0.0.1:{9000 + index}/v1" for index, provider in enumerate(FLEET)}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.002)


def is_refused(endpoint: str) -> bool:
    """Asks the kernel only: no server has to answer."""
    try:
        socket.create_connection(("127.0.0.1", int(endpoint.split(":")[2].removesuffix("/v1")))).close()
    except ConnectionRefusedError:
        return True
    return False


def by_provider(settings: Settings) -> dict[str, str]:
    return {model.provider: model.endpoint for model in settings.models}


# --- settings ------------------------------------------------------------------------------------


def test_the_demo_has_eight_models_of_four_providers_in_both_dialects() -> None:
    settings = demo_settings(ENDPOINTS)

    assert len(settings.models) >= 8
    assert len({model.provider for model in settings.models}) >= 4
    assert {model.dialect for model in settings.models} == set(Dialect)
    assert {model.strategy for model in settings.models} == set(Strategy)
    assert settings.environment == "DEMO"
    assert all(model.key is None for model in settings.models)


def test_every_model_has_a_fallback_of_another_provider() -> None:
    settings = demo_settings(ENDPOINTS, gateway_port=0)

    for model in settings.models:
        others = {settings.model(fallback).provider for fallback in model.fallbacks}
        assert others - {model.provider}, model.id
    assert settings.gateway.port == 0


def test_no_incident_takes_a_model_and_all_its_fallbacks_away() -> None:
    settings = demo_settings(ENDPOINTS)

    for incident in DEMO_SCRIPT.incidents:
        for model in settings.models:
            chain = [settings.model(name) for name in (model.id, *model.fallbacks)]
            out = [m for m in chain if {m.provider, f"{m.provider}/{m.id}"} & set(incident.targets)]
            assert len(out) < len(chain), (incident.sentence, model.id)


def test_the_last_outage_takes_enough_models_for_degraded_mode() -> None:
    settings = demo_settings(ENDPOINTS)
    out = [model for model in settings.models if model.provider in DEMO_SCRIPT.incidents[-1].targets]

    assert 1 - len(out) / len(settings.models) < settings.resilience.degraded_mode_threshold


def test_a_newcomer_sees_every_model_with_all_of_its_traffic_before_the_script_begins_again() -> None:
    model = demo_settings(ENDPOINTS).models[0]
    ramp = ramp_policy_of(model)
    assert ramp is not None

    steps = sum(share < 1 for share in ramp.steps)
    worst = model.max_recovery_timeout + steps * ramp.step_seconds

    assert DEMO_SCRIPT.incidents[-1].end + worst <= DEMO_SCRIPT.cycle


def test_every_target_of_the_script_exists() -> None:
    names = {provider.name for provider in FLEET}
    names |= {f"{provider.name}/{model.profile.id}" for provider in FLEET for model in provider.models}

    assert {target for incident in DEMO_SCRIPT.incidents for target in incident.targets} <= names


def test_latencies_are_log_normal_around_their_median() -> None:
    profile = ModelProfile("m", first_token=0.4, spread=0.25)
    rng = Random(7)

    draws = sorted(profile.draw_first_token(rng) for _ in range(4000))

    assert draws[2000] == pytest.approx(0.4, rel=0.05)
    assert draws[3800] / draws[2000] == pytest.approx(1.51, rel=0.1)


def test_an_answer_never_has_more_tokens_than_asked_for() -> None:
    rng = Random(7)

    assert all(len(draw_words(rng, limit)[0]) <= limit for limit in range(1, 200))


# --- the fleet -----------------------------------------------------------------------------------


async def test_endpoints_are_known_before_the_servers_run_and_stay() -> None:
    fleet = DemoFleet(gateway_port=0)
    bound = fleet.bind()
    assert fleet.bind() is bound

    await fleet.start()

    assert fleet.settings is bound
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        for model in bound.models:
            listed = (await client.get(f"{model.endpoint}/models")).json()
            assert model.wire_name in [entry["id"] for entry in listed["data"]]
    await fleet.stop()


async def test_a_stopped_fleet_gives_its_ports_back() -> None:
    fleet = DemoFleet(gateway_port=0)
    await fleet.start()
    endpoint = fleet.settings.models[0].endpoint

    await fleet.stop()
    await fleet.stop()

    assert is_refused(endpoint)
    Port(int(endpoint.split(":")[2].removesuffix("/v1"))).release()


def test_settings_before_the_ports_are_taken_say_what_to_do() -> None:
    with pytest.raises(RuntimeError, match="bind"):
        _ = DemoFleet().settings


async def test_the_script_takes_a_provider_away_and_brings_it_back_on_the_same_port() -> None:
    script = Script(120.0, (Incident(0.05, 0.1, ("xai", "openai/gpt-5"), Outage(), "xai is out"),))
    fleet = DemoFleet(gateway_port=0, script=script)
    await fleet.start()
    endpoint = by_provider(fleet.settings)["xai"]
    seen: list[tuple[str, Fault | None, str, bool]] = []

    def look(target: str, fault: Fault | None) -> None:
        sentence = "".join(incident.sentence for incident in fleet.incidents)
        seen.append((target, fault, sentence, is_refused(endpoint)))

    fleet._providers["xai"].on_fault = look
    running = asyncio.ensure_future(fleet.run(lambda: ""))
    await until(lambda: len(seen) == 2)

    assert seen == [("*", Outage(), "xai is out", True), ("*", None, "", False)]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await fleet.stop()


async def test_a_fault_can_be_set_by_hand() -> None:
    fleet = DemoFleet(gateway_port=0)
    await fleet.start()
    google = by_provider(fleet.settings)["google"]

    await fleet.set_fault("google", Outage())
    was_refused = is_refused(google)
    await fleet.set_fault("google", None)

    assert was_refused
    assert not is_refused(google)
    with pytest.raises(KeyError):
        await fleet.set_fault("nobody", Outage())
    await fleet.stop()


async def test_a_cancelled_run_leaves_no_task() -> None:
    fleet = DemoFleet(gateway_port=0, script=CALM)
    await fleet.start()
    gateway = by_provider(fleet.settings)["openai"]
    running = asyncio.ensure_future(fleet.run(lambda: gateway))
    await until(lambda: fleet.counts is not None and fleet.counts.sent >= 3)

    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await fleet.stop()
    for _ in range(20):
        await asyncio.sleep(0)

    assert asyncio.all_tasks() == {asyncio.current_task()}


# --- traffic -------------------------------------------------------------------------------------


async def provider_of(*names: str) -> SimulatedProvider:
    profiles = tuple(ModelProfile(name, first_token=0.001, pace=50_000) for name in names)
    provider = SimulatedProvider("gateway", profiles, port=Port(), latency_rng=Random(1), reply_rng=Random(2))
    await provider.start()
    return provider


async def play(traffic: Traffic, url: Callable[[], str], condition: Callable[[], bool]) -> None:
    running = asyncio.ensure_future(traffic.run(url))
    try:
        await until(condition)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_traffic_is_answered_and_a_quarter_of_it_is_streamed() -> None:
    gateway = await provider_of("a", "b")
    traffic = Traffic([("a", 3), ("b", 1)], rng=Random(5), rate=300)

    await play(traffic, lambda: gateway.base_url, lambda: traffic.counts.answered >= 200)

    counts = traffic.counts
    assert counts.refused == counts.unreachable == 0
    assert counts.streamed / counts.sent == pytest.approx(0.25, abs=0.1)
    await gateway.stop()


async def test_traffic_counts_refusals() -> None:
    gateway = await provider_of("a")
    await gateway.set_fault("*", HttpError(503))
    traffic = Traffic([("a", 1)], rng=Random(5), rate=300)

    await play(traffic, lambda: gateway.base_url, lambda: traffic.counts.refused >= 20)

    assert traffic.counts.answered == 0
    await gateway.stop()


async def test_traffic_survives_a_gateway_that_goes_and_comes() -> None:
    gateway = await provider_of("a")
    await gateway.set_fault("*", Outage())
    traffic = Traffic([("a", 1)], rng=Random(5), rate=300)
    running = asyncio.ensure_future(traffic.run(lambda: gateway.base_url))

    await until(lambda: traffic.counts.unreachable >= 10)
    await gateway.set_fault("*", None)
    await until(lambda: traffic.counts.answered >= 10)

    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await gateway.stop()


async def test_traffic_waits_for_a_gateway_that_has_no_address_yet() -> None:
    gateway = await provider_of("a")
    asked: Counter[str] = Counter()

    def url() -> str:
        asked["times"] += 1
        return gateway.base_url if asked["times"] > 20 else ""

    traffic = Traffic([("a", 1)], rng=Random(5), rate=300)
    await play(traffic, url, lambda: traffic.counts.answered >= 5)

    assert traffic.counts.unreachable == 0
    await gateway.stop()


async def test_traffic_never_has_more_in_flight_than_its_bound() -> None:
    gateway = await provider_of("a")
    await gateway.set_fault("*", Hang())
    traffic = Traffic([("a", 1)], rng=Random(5), rate=2000)

    await play(traffic, lambda: gateway.base_url, lambda: traffic.counts.skipped >= 50)

    assert traffic.counts.sent == MAX_IN_FLIGHT
    await gateway.stop()


async def test_an_address_that_is_none_counts_as_unreachable() -> None:
    traffic = Traffic([("a", 1)], rng=Random(5), rate=300)

    await play(traffic, lambda: "nonsense", lambda: traffic.counts.unreachable >= 3)


# --- the thread ----------------------------------------------------------------------------------


def test_the_thread_gives_settings_at_once_and_serves_soon_after() -> None:
    demo = DemoThread(lambda: "", gateway_port=0)
    settings = demo.start()

    # Asked before the servers can be up: the kernel keeps the connection.
    with httpx.Client(trust_env=False, verify=NO_TLS, timeout=20) as client:
        statuses = {client.get(f"{model.endpoint}/models").status_code for model in settings.models}

    assert demo.wait_until_up(20)
    assert statuses == {200}
    assert demo.stop()
    assert demo.failure is None
    assert "demo-fleet" not in [thread.name for thread in threading.enumerate()]


def test_the_thread_stops_in_the_middle_of_traffic_and_incidents() -> None:
    gateway = WatchedUrl()
    script = Script(60.0, (Incident(0, 60, ("openai",), Hang(), "openai hangs"),))
    demo = DemoThread(gateway, gateway_port=0, script=script)
    gateway.url = by_provider(demo.start())["openai"]
    assert demo.wait_until_up(20)
    assert gateway.asked.wait(20)

    assert demo.stop()
    assert demo.stop()
    assert demo.failure is None


class WatchedUrl:
    """A gateway's address that tells when it was asked for."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = threading.Event()

    def __call__(self) -> str:
        self.asked.set()
        return self.url


def test_a_thread_that_is_stopped_while_it_starts_stops() -> None:
    demo = DemoThread(lambda: "", gateway_port=0)
    demo.start()

    assert demo.stop()


def test_a_thread_that_never_started_stops() -> None:
    assert DemoThread(lambda: "").stop()


def test_a_failure_of_the_fleet_is_kept_for_its_owner() -> None:
    def broken() -> str:
        raise LookupError("no such gateway")

    demo = DemoThread(broken, gateway_port=0)
    demo.start()
    while demo.failure is None:
        threading.Event().wait(0.01)

    assert demo.stop()
    assert isinstance(demo.failure, ExceptionGroup)
