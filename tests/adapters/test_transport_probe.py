"""Probes ask cheaply, answer within their time, and never raise for what a provider does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hive_console.adapters.transport import HttpProviders
from hive_console.adapters.transport import providers as calls
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import Dialect, ProbeKind
from tests.adapters.upstream import KEY, Exchange, Keys, Script, Upstream, completion, model_at


@pytest.fixture
async def providers() -> AsyncIterator[HttpProviders]:
    async with HttpProviders(Keys(), now=lambda: 0.0) as providers:
        yield providers


def replying(status: int, body: bytes = b"{}") -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(status, body)

    return script


async def outcome_of(script: Script, providers: HttpProviders, probe: ProbeKind = ProbeKind.MODELS) -> Outcome:
    async with Upstream(script) as upstream:
        return await providers.probe(model_at(upstream.endpoint, probe=probe))


@pytest.mark.parametrize(
    ("dialect", "header", "value"),
    [(Dialect.OPENAI, "authorization", f"Bearer {KEY}"), (Dialect.ANTHROPIC, "x-api-key", KEY)],
)
async def test_the_models_list_is_asked_for(
    providers: HttpProviders, dialect: Dialect, header: str, value: str
) -> None:
    async with Upstream(replying(200, b'{"data":[]}')) as upstream:
        outcome = await providers.probe(model_at(upstream.endpoint, dialect))

    [asked] = upstream.asked
    assert outcome == SUCCESS
    assert (asked.method, asked.path, asked.headers[header]) == ("GET", "/v1/models", value)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>", OutcomeKind.MALFORMED),
        (200, b"", OutcomeKind.MALFORMED),
        (302, b"", OutcomeKind.MALFORMED),
        (401, b"", OutcomeKind.KEY_REFUSED),
        (404, b"", OutcomeKind.MODEL_NOT_FOUND),
        (405, b"", OutcomeKind.MODEL_NOT_FOUND),
        (429, b"", OutcomeKind.RATE_LIMITED),
        (503, b"", OutcomeKind.SERVER_ERROR),
    ],
)
async def test_the_answer_to_a_models_probe_is_classified(
    providers: HttpProviders, status: int, body: bytes, kind: OutcomeKind
) -> None:
    assert (await outcome_of(replying(status, body), providers)).kind is kind


async def test_an_endpoint_without_a_models_list_is_told_what_to_set(providers: HttpProviders) -> None:
    assert "`probe: completion`" in (await outcome_of(replying(404), providers)).message


async def test_a_completion_probe_asks_for_few_tokens(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.reply(200, completion())

    async with Upstream(script) as upstream:
        outcome = await providers.probe(model_at(upstream.endpoint, probe=ProbeKind.COMPLETION))

    assert outcome == SUCCESS
    assert upstream.asked[0].json["max_tokens"] == 16


async def test_a_completion_probe_knows_both_names_of_the_bound(providers: HttpProviders) -> None:
    async def script(exchange: Exchange) -> None:
        if "max_tokens" in exchange.asked.json:
            text = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            await exchange.reply(400, {"error": {"message": text, "code": "unsupported_parameter"}})
        else:
            await exchange.reply(200, completion())

    async with Upstream(script) as upstream:
        outcome = await providers.probe(model_at(upstream.endpoint, probe=ProbeKind.COMPLETION))

    assert outcome == SUCCESS
    assert upstream.asked[1].json["max_completion_tokens"] == 16


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, OutcomeKind.MALFORMED), (400, OutcomeKind.BAD_REQUEST), (500, OutcomeKind.SERVER_ERROR)],
)
async def test_the_answer_to_a_completion_probe_is_classified(
    providers: HttpProviders, status: int, kind: OutcomeKind
) -> None:
    assert (await outcome_of(replying(status), providers, ProbeKind.COMPLETION)).kind is kind


@pytest.mark.parametrize("probe", [ProbeKind.MODELS, ProbeKind.COMPLETION, ProbeKind.GET])
async def test_a_probe_ends_in_time_and_frees_its_connection(providers: HttpProviders, probe: ProbeKind) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.hang()

    async with Upstream(script) as upstream:
        outcome = await providers.probe(
            model_at(upstream.endpoint, probe=probe, probe_timeout=0.1, probe_path="/health")
        )
        await upstream.until(lambda: upstream.open == 0)

    assert outcome.kind is OutcomeKind.TIMED_OUT


@pytest.mark.parametrize("body", [b"", b"ok", b"<html>", b"x" * 100_000])
@pytest.mark.parametrize("status", [200, 204])
async def test_a_get_probe_asks_for_its_path_and_takes_any_2xx(
    providers: HttpProviders, status: int, body: bytes
) -> None:
    async with Upstream(replying(status, body if status == 200 else b"")) as upstream:
        model = model_at(upstream.endpoint, probe=ProbeKind.GET, probe_path="/health")
        outcome = await providers.probe(model)

    [asked] = upstream.asked
    assert outcome == SUCCESS
    assert (asked.method, asked.path, asked.headers["authorization"]) == ("GET", "/health", f"Bearer {KEY}")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, OutcomeKind.MALFORMED),
        (401, OutcomeKind.KEY_REFUSED),
        (403, OutcomeKind.KEY_REFUSED),
        (404, OutcomeKind.MODEL_NOT_FOUND),
        (429, OutcomeKind.RATE_LIMITED),
        (500, OutcomeKind.SERVER_ERROR),
        (503, OutcomeKind.SERVER_ERROR),
    ],
)
async def test_the_answer_to_a_get_probe_is_classified(
    providers: HttpProviders, status: int, kind: OutcomeKind
) -> None:
    async with Upstream(replying(status)) as upstream:
        outcome = await providers.probe(model_at(upstream.endpoint, probe=ProbeKind.GET, probe_path="/health"))

    assert outcome.kind is kind


async def test_a_health_page_that_never_ends_is_healthy_and_costs_its_connection(
    providers: HttpProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "SKIP_SECONDS", 0.01)

    async def script(exchange: Exchange) -> None:
        await exchange.start_events("text/plain")
        await exchange.hang()

    async with Upstream(script) as upstream:
        outcome = await providers.probe(model_at(upstream.endpoint, probe=ProbeKind.GET, probe_path="/health"))
        await upstream.until(lambda: upstream.open == 0)

    assert outcome == SUCCESS


async def test_small_health_pages_keep_their_connection(providers: HttpProviders) -> None:
    async with Upstream(replying(200, b"ok")) as upstream:
        model = model_at(upstream.endpoint, probe=ProbeKind.GET, probe_path="/health")
        for _ in range(3):
            await providers.probe(model)

        assert upstream.connections == 1


async def test_a_dead_endpoint_and_a_missing_key_are_outcomes(providers: HttpProviders) -> None:
    async with Upstream(replying(200)) as upstream:
        dead = upstream.endpoint

    assert (await providers.probe(model_at(dead))).kind is OutcomeKind.CONNECTION_FAILED
    assert (await providers.probe(model_at(dead, key="env:NONE"))).kind is OutcomeKind.KEY_REFUSED


async def test_a_model_without_probes_is_not_called(providers: HttpProviders) -> None:
    async with Upstream(replying(200)) as upstream:
        outcome = await providers.probe(model_at(upstream.endpoint, probe=ProbeKind.NONE))

    assert outcome.kind is OutcomeKind.REFUSED
    assert upstream.connections == 0
