"""The command line. Commands load when they are called, so that `hive-console --help` is instant."""

from __future__ import annotations

from importlib import import_module

import click

from hive_console.version import VERSION

_COMMANDS = {
    "run": "Show the console and run the engine (the default).",
    "serve": "Run engine, gateway and recorder without a screen.",
    "attach": "Show the console on a running engine; leaving it stops nothing.",
    "status": "Print the fleet of a running engine.",
    "alerts": "List, acknowledge and silence alerts; try a channel.",
    "tail": "Print what happens, one line each: for pipes and screen readers.",
    "report": "Write an incident report from the recording.",
    "review": "Show a recording: the fleet as it was at any time.",
    "reload": "Apply the settings file of a running engine again.",
    "audit": "Show, verify and export what operators did.",
    "check": "Validate a settings file and show each model's plan.",
    "keys": "List the keys of the screens, and how to remap them.",
    "init": "Write a commented starter settings file.",
    "db": "Back up the recording, or look whether it is well.",
    "export": "Print what was recorded as CSV or JSON lines.",
    "simulate": "Rehearse weeks of outages in seconds and judge the outcome.",
    "simulate-provider": "Run a simulated provider to try things out on.",
}


class LazyGroup(click.Group):
    """Loads a command's module when the command is called; what is no command is an argument of `run`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands, in the order a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Loads one command."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"hive_console.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Lists the commands without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts `run` in front where the first word is no command, as in `hive-console hive.yaml`."""
        if not args or (args[0] not in _COMMANDS and args[0] not in {"--help", "-h", "--version"}):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="hive-console")
def main() -> None:
    """Keep AI-model traffic flowing while models fail, and see it happen.

    Without a command the console opens: hive-console [SETTINGS], or hive-console --demo, which needs no key
    and no file.
    """
