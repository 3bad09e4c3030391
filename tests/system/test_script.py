"""The engine from a plain script: no screen, no gateway, the script's own loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx2
import openai
import pytest

import hive_console
from hive_console import (
    Action,
    AsyncOpenAITransport,
    Command,
    Engine,
    OperationFailed,
    Task,
    UnknownModel,
    load_settings,
)
from hive_console.core.events import EngineStopped, OperationFinished
from hive_console.core.store import Wanted
from hive_storage.store import SqliteStore
from tests.system.program import Provider, settings_for


async def test_script_executes_falls_back_and_streams(tmp_path: Path, provider: Callable[[str], Provider]) -> None:
    primary, second = provider("alpha"), provider("beta")
    settings = load_settings(settings_for(tmp_path, primary, second), {})

    async with Engine(settings, data=tmp_path / "data", environ={}) as engine:
        reply = await engine.execute(Task.chat("alpha", "hello"))
        assert (reply.served_by, bool(reply.text)) == ("alpha", True)

        primary.kill()
        reply = await engine.execute(Task.chat("alpha", "hello"))
        assert (reply.served_by, reply.provenance.is_fallback) == ("beta", True)
        stream = await engine.open_stream(Task.chat("alpha", "hello"))
        events = [data async for data in stream]
        assert events[-1].rstrip().endswith(b"data: [DONE]")
        assert (await engine.command(Command(Action.DEACTIVATE, "alpha", reason="it is dead"))).is_done
        assert engine.snapshot().model("alpha") is not None
        with pytest.raises(UnknownModel):
            await engine.execute(Task.chat("nobody", "hello"))
        with pytest.raises(OperationFailed):
            await engine.execute(Task.chat("alpha", "hello", allow_fallback=False))

    async with SqliteStore.open(tmp_path / "data") as recording:
        events_kept = await recording.events(Wanted())
        audit = await recording.audit(Wanted())
        end = (await recording.holdings()).end
        assert end is not None
        fleet = await recording.state_at(end)
    assert sum(isinstance(event, OperationFinished) for event in events_kept) == 4
    assert any(isinstance(event, EngineStopped) for event in events_kept)
    assert [row.act.reason for row in audit] == ["it is dead", "it is dead"]
    setups = [model.setup for model in fleet.models]
    assert [(setup.provider, setup.fallbacks) for setup in setups if setup is not None] == [
        (model.provider, model.fallbacks) for model in settings.models
    ]


async def test_clients_that_exist_go_through_the_engine_in_process(
    tmp_path: Path, provider: Callable[[str], Provider]
) -> None:
    primary, second = provider("alpha"), provider("beta")
    settings = load_settings(settings_for(tmp_path, primary, second), {})

    async with Engine(settings, environ={}) as engine:
        http = httpx2.AsyncClient(transport=AsyncOpenAITransport(engine))
        async with openai.AsyncOpenAI(api_key="unused", http_client=http, max_retries=0) as client:
            asked = client.chat.completions.with_raw_response
            answer = await asked.create(model="alpha", messages=[{"role": "user", "content": "hello"}])
            assert answer.headers["x-hive-model"] == "alpha"

            primary.kill()
            stream = await client.chat.completions.create(
                model="alpha", messages=[{"role": "user", "content": "hello"}], stream=True
            )
            said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
            assert said
            assert stream.response.headers["x-hive-model"] == "beta"

        async for events in engine.stream(Task.chat("alpha", "hello")):
            assert events.startswith(b"data: ")
            break
        async with engine.stream(Task.chat("alpha", "hello")) as opened:
            assert opened.provenance.served_by == "beta"


def test_key_files_are_found_beside_the_settings_wherever_the_script_runs(tmp_path: Path) -> None:
    key = tmp_path / "the.key"
    key.write_text("a-key-of-some-length\n")
    key.chmod(0o600)
    config = tmp_path / "hive.yaml"
    config.write_text("models:\n  local:\n    endpoint: http://127.0.0.1:9/v1\n    key: file:the.key\n")
    config.chmod(0o600)

    assert load_settings(config, {}).models[0].key == f"file:{key}"


def test_every_public_name_can_be_imported() -> None:
    assert all(getattr(hive_console, name) is not None for name in hive_console.__all__)
    with pytest.raises(AttributeError):
        hive_console.nothing  # noqa: B018 - the lookup is the test
