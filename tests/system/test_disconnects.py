"""Clients that leave, and clients that read slowly: what the engine holds for them, and what goes on upstream."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hive_console.adapters.control_socket import fetch_snapshot
from hive_console.core.snapshot import ModelView
from tests.system.program import Headless, Provider, eventually, failed_services, set_fault, traffic_of

LEAVING = 100
"""Clients that disconnect in the middle of their streams."""

SOON = 5.0
"""Seconds until upstream has noticed; a second is what it should take, the rest is for a busy machine."""

SLOW_SECONDS = 4.0
"""Seconds a slow client reads for."""

PER_SECOND = 1024
"""Bytes it reads a second."""

HELD = 16 * 1024 * 1024
"""Bytes the engine may hold for one slow client at most: socket buffers on both sides and what is between."""


class Stage:
    """One engine on one provider with two models: one drips for ever, one babbles for ever."""

    def __init__(self, engine: Headless, provider: Provider) -> None:
        self.engine = engine
        self.provider = provider
        self.gateway = engine.gateway()

    def view(self, model: str) -> ModelView:
        models = asyncio.run(fetch_snapshot(self.engine.data)).models
        return next(view for view in models if view.model_id == model)

    def resident(self) -> int:
        pages = Path(f"/proc/{self.engine.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def unread(self) -> int:
        """Bytes from the provider that wait in the kernel because the engine does not read on."""
        lines = Path(f"/proc/{self.engine.process.pid}/net/tcp").read_text().splitlines()[1:]
        rows = [line.split() for line in lines]
        from_provider = [row[4] for row in rows if int(row[2].rpartition(":")[2], 16) == self.provider.port]
        return max((int(queues.rpartition(":")[2], 16) for queues in from_provider), default=0)

    def connected(self, model: str, *, receive_buffer: int | None = None) -> socket.socket:
        """A client that has asked for a stream."""
        url = urlsplit(self.gateway)
        client = socket.socket()
        if receive_buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(30)
        client.connect((url.hostname or "", url.port or 0))
        body = (
            b'{"model": "%s", "stream": true, "messages": [{"role": "user", "content": "tell"}]}' % model.encode()
        )
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {url.netloc}\r\ncontent-length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        return client


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("disconnects")
    provider = Provider(folder, "dripping", "babbling", "silent", latency="5ms")
    set_fault(provider, "dripping", "drip:200ms")
    set_fault(provider, "babbling", "endless")
    set_fault(provider, "silent", "hang")
    path = folder / "hive.yaml"
    path.write_text(
        "gateway: {port: 0}\nresilience: {maxConcurrentRequests: 200}\nmodels:\n"
        + "".join(
            f"  {model}: {{provider: p, endpoint: '{provider.endpoint}', probe: none, timeout: 60s,"
            " idleTimeout: 30s}\n"
            for model in ("dripping", "babbling", "silent")
        )
    )
    path.chmod(0o600)
    engine = Headless(folder, str(path))
    try:
        yield Stage(engine, provider)
        assert engine.stop() == 0
        assert "Traceback" not in engine.log()
        assert failed_services(engine.data) == []
    finally:
        engine.kill()
        provider.kill()


@pytest.mark.parametrize("model", ["dripping", "silent"])
def test_when_all_clients_leave_nothing_goes_on_upstream_and_nothing_is_held_against_the_model(
    stage: Stage, model: str
) -> None:
    clients = [stage.connected(model) for _ in range(LEAVING)]
    eventually(
        lambda: traffic_of(stage.provider)["in_flight"] == LEAVING, what="all streams are under way upstream"
    )
    if model == "dripping":
        assert all(client.recv(1) for client in clients)
    before = stage.view(model)

    for client in clients:
        client.close()

    eventually(lambda: traffic_of(stage.provider)["in_flight"] == 0, within=SOON, what="upstream has noticed")
    eventually(lambda: stage.view(model).in_flight == 0, what="every permit is back")
    after = stage.view(model)
    assert (after.breaker.consecutive_failures, after.failure_count) == (0, 0)
    assert after.status is before.status
    assert traffic_of(stage.provider)["asked"][model] == LEAVING


def test_slow_client_pauses_upstream_and_costs_no_memory(stage: Stage) -> None:
    before = stage.resident()
    client = stage.connected("babbling", receive_buffer=4096)
    read, end = 0, time.monotonic() + SLOW_SECONDS
    peak = before
    while time.monotonic() < end:
        read += len(client.recv(PER_SECOND // 4))
        peak = max(peak, stage.resident())
        # The slow client's own pace, not a wait for something.
        time.sleep(0.25)
    unread = stage.unread()
    client.close()

    assert read > 0
    assert unread > 0
    assert peak - before < HELD
    eventually(lambda: traffic_of(stage.provider)["in_flight"] == 0, within=SOON, what="upstream has noticed")
