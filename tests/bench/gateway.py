"""What the gateway costs: the same requests sent straight to a loopback upstream and through `hive-console serve`.

`python -m tests.bench.gateway` gives the gateway one core and its client and upstream the other, with everything
on (breaker, recorder, metrics, health checks), and prints each figure beside the direct one of the same run: what
it adds at an upstream that answers at once, its CPU, what is left of the throughput at one that takes 50 ms,
streamed events a second, the time from start to first answer, and memory. LiteLLM's proxy is measured beside it
where `litellm` is on the path.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.bench.http_load import Run, body, cpu_seconds, load, resident_megabytes, upstream
from tests.system.program import COMMAND, environment

SECONDS = 3.0
"""Seconds of one run."""

WARM_UP = 0.5
"""Seconds before each run that are not counted: connections open, caches fill."""

GATEWAY_CORE, CLIENT_CORE = 0, 1

START_PATIENCE = 60.0
"""Seconds until a proxy must have answered; LiteLLM's takes a quarter of that."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """One program between client and upstream."""

    name: str
    address: str
    pid: int
    started_in: float


def run_load(address: str, in_flight: int, *, is_streamed: bool = False) -> Run:
    """One measured run after a short one that is not."""
    uvloop.run(load(address, in_flight, WARM_UP, is_streamed=is_streamed))
    return uvloop.run(load(address, in_flight, SECONDS, is_streamed=is_streamed))


def _first_answer(address: str, began: float, process: subprocess.Popen[bytes]) -> float:
    """Seconds from `began` to the first 200."""
    asked = urllib.request.Request(  # noqa: S310 - a loopback address
        f"{address}/chat/completions",
        data=body(is_streamed=False),
        headers={"content-type": "application/json", "authorization": "Bearer sk-bench-only"},
    )
    while time.perf_counter() - began < START_PATIENCE and process.poll() is None:
        try:
            with urllib.request.urlopen(asked, timeout=5):  # noqa: S310 - a loopback address
                return time.perf_counter() - began
        except (OSError, urllib.error.URLError):
            time.sleep(0.005)
    raise RuntimeError("the proxy never answered")


@contextmanager
def _running(name: str, command: tuple[str, ...], address: str, env: dict[str, str]) -> Iterator[Proxy]:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        os.sched_setaffinity(process.pid, {GATEWAY_CORE})
        yield Proxy(name, address, process.pid, _first_answer(address, began, process))
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _ours(folder: Path, direct: str) -> Iterator[Proxy]:
    port = _free_port()
    settings = folder / "hive.yaml"
    settings.write_text(
        f"gateway: {{port: {port}}}\nresilience: {{maxConcurrentRequests: 100}}\n"
        f"models:\n  alpha: {{provider: bench, endpoint: '{direct}', fallbacks: [beta]}}\n"
        f"  beta: {{provider: spare, endpoint: '{direct}', wireName: alpha}}\n"
    )
    settings.chmod(0o600)
    command = (*COMMAND, "serve", str(settings), "--data", str(folder / "data"))
    with _running("hive-console", command, f"http://127.0.0.1:{port}/v1", environment(folder)) as proxy:
        yield proxy


@contextmanager
def _litellm(folder: Path, direct: str, program: str) -> Iterator[Proxy]:
    port = _free_port()
    settings = folder / "litellm.yaml"
    settings.write_text(
        "model_list:\n- model_name: alpha\n  litellm_params:\n"
        f"    {{model: openai/alpha, api_base: '{direct}', api_key: sk-upstream}}\n"
        "general_settings: {master_key: sk-bench-only}\n"
    )
    command = (program, "--config", str(settings), "--port", str(port), "--host", "127.0.0.1")
    with _running("LiteLLM", command, f"http://127.0.0.1:{port}/v1", {**os.environ}) as proxy:
        yield proxy


def _line(what: str, figure: str, goal: str = "") -> None:
    print(f"  {what:42} {figure:44} {goal}")


def _at_once(direct: str, proxy: Proxy) -> None:
    for in_flight in (1, 16):
        straight = run_load(direct, in_flight)
        before, began = cpu_seconds(proxy.pid), time.perf_counter()
        through = run_load(proxy.address, in_flight)
        # The warm-up's CPU is in the difference: it is taken out by its share of the time.
        share = SECONDS / (time.perf_counter() - began)
        cpu = (cpu_seconds(proxy.pid) - before) * share / len(through.latencies)
        added = (through.quantile(0.5) - straight.quantile(0.5)) * 1e3
        goals = ("added p50 0.4, p99 2 ms", "CPU 0.25 ms")
        ratio = f"(ratio {through.quantile(0.5) / straight.quantile(0.5):.1f})"
        _line(
            f"0 ms upstream, {in_flight:2} in flight",
            f"added p50 {added:.2f} ms {ratio}, p99 {through.quantile(0.99) * 1e3:.2f} ms",
            goals[0] if in_flight == 1 else "",
        )
        _line(
            "",
            f"CPU {cpu * 1e3:.3f} ms, {through.rate:.0f} requests/s (direct {straight.rate:.0f})",
            goals[1] if in_flight == 16 else "",
        )


def _streams(direct: str, proxy: Proxy) -> None:
    straight = run_load(direct, 16, is_streamed=True)
    through = run_load(proxy.address, 16, is_streamed=True)
    rate, bare = through.events / through.seconds, straight.events / straight.seconds
    _line("16 streams", f"{rate:.0f} events/s (direct {bare:.0f}, ratio {rate / bare:.2f})", "25000")


def _at_fifty(direct: str, proxy: Proxy) -> None:
    straight, through = run_load(direct, 64), run_load(proxy.address, 64)
    ratio = through.rate / straight.rate
    _line(
        "50 ms upstream, 64 in flight",
        f"{ratio:.2f} of direct ({straight.rate:.0f}/s), p50 {through.quantile(0.5) * 1e3:.1f} ms",
        "0.95",
    )


def measure(open_proxy: str) -> None:
    """All figures of one program: `hive-console`, or the path of LiteLLM's."""
    for delay in (0.0, 0.05):
        with tempfile.TemporaryDirectory() as name, upstream(delay, core=CLIENT_CORE) as direct:
            folder = Path(name)
            ours = open_proxy == "hive-console"
            with _ours(folder, direct) if ours else _litellm(folder, direct, open_proxy) as proxy:
                if delay:
                    _at_fifty(direct, proxy)
                    continue
                print(proxy.name)
                _line("start to first answer", f"{proxy.started_in:.2f} s", "0.8")
                _at_once(direct, proxy)
                _streams(direct, proxy)
                _line("memory", f"{resident_megabytes(proxy.pid):.0f} MB", "90")


def main() -> None:
    os.sched_setaffinity(0, {CLIENT_CORE})
    measure("hive-console")
    program = shutil.which("litellm")
    if program:
        measure(program)
    else:
        print("LiteLLM is not installed: `pip install 'litellm[proxy]'` puts it beside")


if __name__ == "__main__":
    main()
