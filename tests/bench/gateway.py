"""What the gateway costs: the same requests sent straight to a loopback upstream and through `hive-console serve`.

`python -m tests.bench.gateway` prints, for an upstream that answers at once and one that takes 50 ms, with 1 and
with 16 requests in flight: median, 99th percentile and requests per second of both ways, their ratios, and the CPU
of the engine's process per request. An upstream that answers at once shows the bare cost; no model is that quick.
"""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.system.program import Headless

SECONDS = 1.8
"""Seconds of one run; eight runs and the start stay below twenty seconds."""

WARM_UP = 0.1
"""Seconds before each run that are not counted: connections open, caches fill."""

BODY = b'{"model": "alpha", "messages": [{"role": "user", "content": "hello"}]}'
ANSWER = (
    b'{"id": "1", "object": "chat.completion", "created": 1, "model": "alpha", "choices": [{"index": 0, "message": '
    b'{"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]}'
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Run:
    """Latencies in seconds, sorted, of what was answered in `seconds`."""

    latencies: tuple[float, ...]
    seconds: float

    def quantile(self, share: float) -> float:
        return self.latencies[math.ceil(share * len(self.latencies)) - 1]

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    try:
        while await _message(reader):
            await asyncio.sleep(delay)
            writer.write(HEAD % len(ANSWER) + ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One request or answer with a length; its first line."""
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, length = head.lower().partition(b"content-length:")
    await reader.readexactly(int(length.split(b"\r\n", 1)[0] or 0))
    return head.split(b"\r\n", 1)[0]


async def _upstream(delay: float) -> None:
    server = await asyncio.start_server(lambda reader, writer: _answer(reader, writer, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _ask(address: str, *, until: float, latencies: list[float]) -> None:
    """One client: one request after the other over one connection."""
    url = urlsplit(address)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    request = (
        f"POST {url.path}/chat/completions HTTP/1.1\r\nhost: {url.netloc}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n"
    ).encode() + BODY
    try:
        while (began := time.perf_counter()) < until:
            writer.write(request)
            status = await _message(reader)
            assert b" 200 " in status, status
            latencies.append(time.perf_counter() - began)
    finally:
        writer.close()


async def _load(address: str, in_flight: int, seconds: float) -> Run:
    latencies: list[float] = []
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(_ask(address, until=began + seconds, latencies=latencies))
    return Run(tuple(sorted(latencies)), time.perf_counter() - began)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _compare(direct: str, gateway: str, pid: int) -> None:
    for in_flight in (1, 16):
        asyncio.run(_load(direct, in_flight, WARM_UP))
        straight = asyncio.run(_load(direct, in_flight, SECONDS))
        asyncio.run(_load(gateway, in_flight, WARM_UP))
        before = _cpu_seconds(pid)
        through = asyncio.run(_load(gateway, in_flight, SECONDS))
        cpu = (_cpu_seconds(pid) - before) / len(through.latencies)
        for name, run in (("direct", straight), ("gateway", through)):
            milliseconds = f"p50 {run.quantile(0.5) * 1e3:7.2f} ms   p99 {run.quantile(0.99) * 1e3:7.2f} ms"
            print(f"  {in_flight:2} in flight, {name:8} {milliseconds}   {run.rate:7.0f} requests/s")
        p50, p99 = (through.quantile(share) / straight.quantile(share) for share in (0.5, 0.99))
        ratios = f"p50 {p50:7.2f}      p99 {p99:7.2f}      {through.rate / straight.rate:7.2f}"
        print(f"  {in_flight:2} in flight, ratio    {ratios}   engine's CPU {cpu * 1e3:.2f} ms a request")


def run(folder: Path, delay: float) -> None:
    upstream = subprocess.Popen(
        (sys.executable, "-m", "tests.bench.gateway", str(delay)), stdout=subprocess.PIPE, text=True
    )
    engine: Headless | None = None
    try:
        assert upstream.stdout is not None
        direct = f"http://127.0.0.1:{int(upstream.stdout.readline())}/v1"
        settings = folder / "hive.yaml"
        settings.write_text(
            "gateway: {port: 0}\nresilience: {maxConcurrentRequests: 100}\n"
            f"models:\n  alpha: {{provider: bench, endpoint: '{direct}', probe: none}}\n"
        )
        settings.chmod(0o600)
        engine = Headless(folder, str(settings))
        print(f"an upstream that takes {delay * 1e3:.0f} ms")
        _compare(direct, engine.gateway(), engine.process.pid)
    finally:
        if engine is not None:
            engine.stop()
        upstream.kill()
        upstream.wait()
        if upstream.stdout is not None:
            upstream.stdout.close()


def main() -> None:
    for delay in (0.0, 0.05):
        with tempfile.TemporaryDirectory() as folder:
            run(Path(folder), delay)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(_upstream(float(sys.argv[1])))
    else:
        main()
