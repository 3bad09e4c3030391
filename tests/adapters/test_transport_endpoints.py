"""N1 and N2 on real sockets: the address that was checked is the one that is called, and nobody is led on."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from hive_console.adapters.transport import HttpProviders
from hive_console.core.errors import ProviderError, SettingsError
from hive_console.core.gateway_settings import NetworkSettings
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.task import Task
from tests.adapters.upstream import KEY, Exchange, Keys, Upstream, completion, model_at

TASK = Task.chat("m", "ping")


class Names(AbstractResolver):
    """Knows every name, and answers each question with the next of its answers; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.is_closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    async def close(self) -> None:
        self.is_closed = True


def calling(names: Names, *allowed: str) -> HttpProviders:
    return HttpProviders(Keys(), now=lambda: 0.0, network=NetworkSettings(allowed), resolver=names)


async def outcome_at(endpoint: str, providers: HttpProviders) -> Outcome:
    try:
        await providers.complete(model_at(endpoint), TASK)
    except ProviderError as error:
        return error.outcome
    return SUCCESS


async def answering(exchange: Exchange) -> None:
    await exchange.reply(200, completion())


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream(answering) as upstream:
        yield upstream


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1", "0.0.0.0"]
)
async def test_a_name_that_leads_inside_is_not_connected_to(upstream: Upstream, address: str) -> None:
    async with calling(Names([address])) as providers:
        outcome = await outcome_at(f"https://api.example.com:{upstream.port}/v1", providers)

    assert outcome.kind is OutcomeKind.ENDPOINT_REFUSED
    assert "network.allowedEndpoints" in outcome.message
    assert address not in outcome.message
    assert upstream.connections == 0


async def test_a_listed_name_is_still_not_led_to_this_machine(upstream: Upstream) -> None:
    async with calling(Names(["127.0.0.1"]), "api.example.com") as providers:
        outcome = await outcome_at(f"http://api.example.com:{upstream.port}/v1", providers)

    assert outcome.kind is OutcomeKind.ENDPOINT_REFUSED
    assert upstream.connections == 0


async def test_a_listed_name_and_address_are_called(upstream: Upstream) -> None:
    async with calling(Names(["127.0.0.1"]), "api.example.com", "127.0.0.1") as providers:
        outcome = await outcome_at(f"http://api.example.com:{upstream.port}/v1", providers)

    assert outcome == SUCCESS
    assert upstream.asked[0].headers["host"] == f"api.example.com:{upstream.port}"


async def test_only_the_addresses_that_passed_are_tried(upstream: Upstream) -> None:
    names = Names(["169.254.169.254", "127.0.0.1", "10.0.0.1"])
    async with calling(names, "api.example.com", "127.0.0.1/32") as providers:
        outcome = await outcome_at(f"http://api.example.com:{upstream.port}/v1", providers)

    # The metadata address would have been tried first, and would not have answered.
    assert outcome == SUCCESS


async def test_a_name_that_is_rebound_between_two_looks_is_caught_at_the_second() -> None:
    async def answer_and_close(exchange: Exchange) -> None:
        await exchange.reply(200, completion(), {"connection": "close"})
        exchange.close()

    names = Names(["127.0.0.1"], ["127.0.0.2"])
    async with Upstream(answer_and_close) as upstream, calling(names, "*.example.com", "127.0.0.1") as providers:
        first = await outcome_at(f"http://one.example.com:{upstream.port}/v1", providers)
        second = await outcome_at(f"http://two.example.com:{upstream.port}/v1", providers)

    assert first == SUCCESS
    assert second.kind is OutcomeKind.ENDPOINT_REFUSED
    assert names.asked == ["one.example.com", "two.example.com"]


@pytest.mark.parametrize(
    "host", ["[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "127.1", "localhost.", "0.0.0.0", "169.254.169.254"]
)
async def test_addresses_in_a_url_are_checked_without_a_resolver(upstream: Upstream, host: str) -> None:
    names = Names(["127.0.0.1"])
    async with calling(names) as providers:
        outcome = await outcome_at(f"http://{host}:{upstream.port}/v1", providers)
        fault = providers.fault_of(model_at(f"http://{host}:{upstream.port}/v1"))

    assert outcome.kind is OutcomeKind.ENDPOINT_REFUSED
    assert fault.startswith("endpoint not allowed: it is ")
    assert (upstream.connections, names.asked) == (0, [])


async def test_localhost_is_called_by_its_own_name(upstream: Upstream) -> None:
    async with calling(Names(["127.0.0.1"])) as providers:
        assert await outcome_at(f"http://localhost:{upstream.port}/v1", providers) == SUCCESS


async def test_plain_http_to_an_unlisted_name_is_not_even_resolved() -> None:
    names = Names(["8.8.8.8"])
    async with calling(names) as providers:
        outcome = await outcome_at("http://api.example.com/v1", providers)

    assert outcome.kind is OutcomeKind.ENDPOINT_REFUSED
    assert names.asked == []


async def test_a_probe_of_a_refused_endpoint_is_an_outcome() -> None:
    async with calling(Names(["10.0.0.1"])) as providers:
        outcome = await providers.probe(model_at("https://api.example.com/v1"))

    assert outcome.kind is OutcomeKind.ENDPOINT_REFUSED


async def test_a_name_that_nobody_knows_is_a_failed_connection() -> None:
    class Nobody(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise OSError(None, "no such name")

    async with calling(Nobody([])) as providers:
        outcome = await outcome_at("https://api.example.com/v1", providers)

    assert outcome.kind is OutcomeKind.CONNECTION_FAILED


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_n2_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(status: int) -> None:
    async with Upstream(answering) as elsewhere:

        async def redirect(exchange: Exchange) -> None:
            await exchange.reply(
                status, b"", {"location": f"http://localhost:{elsewhere.port}/v1/chat/completions"}
            )

        async with Upstream(redirect) as upstream, calling(Names(["127.0.0.1"])) as providers:
            outcome = await outcome_at(upstream.endpoint, providers)
            probed = await providers.probe(model_at(upstream.endpoint))

    assert (outcome.kind, probed.kind) == (OutcomeKind.MALFORMED, OutcomeKind.MALFORMED)
    assert upstream.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert elsewhere.connections == 0


async def test_other_rules_count_from_the_next_call_on(upstream: Upstream) -> None:
    endpoint = f"http://api.example.com:{upstream.port}/v1"
    async with calling(Names(["127.0.0.1"])) as providers:
        before = await outcome_at(endpoint, providers)
        providers.use(NetworkSettings(("api.example.com", "127.0.0.1")))
        after = await outcome_at(endpoint, providers)

    assert before.kind is OutcomeKind.ENDPOINT_REFUSED
    assert after == SUCCESS


async def test_the_resolver_is_closed_at_the_end() -> None:
    names = Names(["8.8.8.8"])
    async with calling(names):
        assert not names.is_closed

    assert names.is_closed


def test_rules_that_mean_nothing_are_refused_at_once() -> None:
    with pytest.raises(SettingsError, match="allowedEndpoints"):
        calling(Names([]), "http://a")
