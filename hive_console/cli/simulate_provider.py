"""`hive-console simulate-provider`: one simulated provider in the foreground, for drills."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import replace
from random import Random

import click

from hive_console.core.errors import SettingsError
from hive_console.core.settings import Dialect
from hive_console.sim.control import ControlServer
from hive_console.sim.fault_words import WORDS, fault_word, parse_fault, parse_seconds
from hive_console.sim.faults import Fault
from hive_console.sim.port import Port
from hive_console.sim.profile import ModelProfile
from hive_console.sim.provider import SimulatedProvider
from hive_console.sim.weather import EVERYTHING

DEFAULT_MODELS = {Dialect.OPENAI: "gpt-5,gpt-5-mini", Dialect.ANTHROPIC: "claude-4-sonnet,claude-4-haiku"}
"""Names that well-known clients accept."""

Faults = tuple[tuple[str, Fault | None], ...]


def _targeted(text: str, models: list[str]) -> tuple[str, Fault | None]:
    name, _, word = text.rpartition("=")
    target = name or EVERYTHING
    if target not in {EVERYTHING, *models}:
        raise SettingsError("fault", f"{target!r} is not one of the models: {', '.join(models)}")
    return target, parse_fault(word)


def _told(target: str, fault: Fault | None) -> None:
    print(f"fault {target}: {fault_word(fault)}", flush=True)


async def _serve(provider: SimulatedProvider, control: ControlServer, faults: Faults) -> None:
    loop = asyncio.get_running_loop()
    is_over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not everywhere: there Ctrl-C still arrives as KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, is_over.set)
    try:
        await control.start()
        # Before the first line: whoever reads it may count on the faults.
        for target, fault in faults:
            await provider.set_fault(target, fault)
        await provider.start(*control.routes)
        print(provider.base_url, flush=True)
        print(f"control {control.url}", flush=True)
        for target, fault in provider.faults.items():
            _told(target, fault)
        provider.on_fault = _told
        await is_over.wait()
    finally:
        await control.stop()
        await provider.stop()


@click.command("simulate-provider")
@click.option(
    "--dialect",
    type=click.Choice([dialect.value for dialect in Dialect]),
    default=Dialect.OPENAI.value,
    show_default=True,
    help="The protocol to speak.",
)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--control-port", type=click.IntRange(0, 65_535), default=0, help="Port for setting faults.")
@click.option("--models", metavar="A,B", help="Names of the models; two well-known ones unless given.")
@click.option("--latency", metavar="300ms", default="300ms", show_default=True, help="Median time to first token.")
@click.option(
    "--fault",
    "faults",
    metavar="[MODEL=]FAULT",
    multiple=True,
    help=f"What is wrong from the start; may be given again. FAULT: {', '.join(WORDS)}.",
)
@click.option("--seed", default="simulation", show_default=True, help="Seed of all dice.")
def command(
    *,
    dialect: str,
    port: int,
    control_port: int,
    models: str | None,
    latency: str,
    faults: tuple[str, ...],
    seed: str,
) -> None:
    """Run one simulated provider on loopback until it is interrupted.

    The first line of the output is its base URL, the second the address where faults are set; then comes one
    line for each change of a fault.
    """
    spoken = Dialect(dialect)
    try:
        first_token = parse_seconds("latency", latency)
        names = [name.strip() for name in (models or DEFAULT_MODELS[spoken]).split(",")]
        profiles = tuple(replace(ModelProfile(name), first_token=first_token) for name in dict.fromkeys(names))
        wanted = tuple(_targeted(text, names) for text in faults)
    except SettingsError as problem:
        raise click.UsageError(str(problem)) from problem
    own = _taken(port)
    try:
        control = _taken(control_port)
    except click.ClickException:
        own.release()
        raise
    provider = SimulatedProvider(
        "simulated",
        profiles,
        port=own,
        dialect=spoken,
        latency_rng=Random(f"{seed}/latency"),
        reply_rng=Random(f"{seed}/reply"),
    )
    asyncio.run(_serve(provider, ControlServer(provider, control), wanted))


def _taken(port: int) -> Port:
    try:
        return Port(port)
    except OSError as problem:
        raise click.ClickException(
            f"cannot take port {port} on 127.0.0.1: {problem.strerror}; choose another, or 0 for any"
        ) from problem
