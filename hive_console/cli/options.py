"""Options that several commands share, and how their errors end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from hive_console.core.console_settings import ThemeChoice
from hive_console.core.errors import ConfigurationError, HiveError

Command = TypeVar("Command", bound=Callable[..., Any])

FAILED = 1


def launch_options(command: Command) -> Command:
    """SETTINGS, --config, --data, --port and --demo."""
    for option in (
        click.option("--demo", "is_demo", is_flag=True, help="Simulated providers and traffic; needs nothing."),
        click.option("--port", type=click.IntRange(0, 65_535), help="Gateway port; 0 takes a free one."),
        click.option(
            "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder to record into."
        ),
        click.option("--config", type=click.Path(path_type=Path), help="Settings file; the same as naming it."),
        click.argument("settings", required=False, type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


def recording_options(command: Command) -> Command:
    """--data and --output, of commands that write down what a recording holds."""
    for option in (
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Write into this file, when all is there.",
        ),
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            help="Data folder or recording; default: $XDG_DATA_HOME/hive-console or ~/.local/share/hive-console.",
        ),
    ):
        command = option(command)
    return command


def look_options(command: Command) -> Command:
    """--theme, --ascii, --no-mouse and --slow, as one argument `look` (`hive_console.ui.look.Flags`)."""

    @wraps(command)
    def with_look(*, theme: str | None, is_ascii: bool, no_mouse: bool, is_slow: bool, **others: object) -> object:
        from hive_console.ui.look import Flags  # commands without a screen do without it

        choice = None if theme is None else ThemeChoice(theme)
        return command(look=Flags(choice, is_ascii=is_ascii, no_mouse=no_mouse, is_slow=is_slow), **others)

    decorated: Any = with_look  # click's decorators return what they are given
    for option in (
        click.option("--slow", "is_slow", is_flag=True, help="Spare the line: every 2 s, 16 colours, no mouse."),
        click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal, which selects text by it."),
        click.option("--ascii", "is_ascii", is_flag=True, help="Draw without Unicode."),
        click.option(
            "--theme",
            type=click.Choice([choice.value for choice in ThemeChoice]),
            help="The colours; auto takes what the terminal can show.",
        ),
    ):
        decorated = option(decorated)
    return cast("Command", decorated)


def one_file(settings: Path | None, config: Path | None) -> Path | None:
    """The settings file of the command line, however it was named; refuses two different ones."""
    if settings is not None and config is not None and settings != config:
        raise click.UsageError("SETTINGS and --config name two files; name one")
    return settings or config


@contextmanager
def plain_errors() -> Iterator[None]:
    """Says an expected error in plain lines on stderr and exits 1; no traceback, nothing lost."""
    try:
        yield
    except ConfigurationError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(FAILED)
    except HiveError as error:
        click.echo(f"hive-console: {error}", err=True)
        sys.exit(FAILED)
