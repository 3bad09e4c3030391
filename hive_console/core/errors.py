"""The one tree of public errors. Messages say what was tried, what came back and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hive_console.core.hop import Hop
    from hive_console.core.outcome import Outcome


class HiveError(Exception):
    """Any error that hive-console raises on purpose."""


class SettingsError(HiveError):
    """A value that a setting cannot take.

    Attributes:
        field: the setting's name, as the YAML file spells it.
        problem: what is wrong and what would be right.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class ConfigurationError(HiveError):
    """A configuration file that cannot be used; `problems` lists every reason at once, each with its place."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ProviderError(HiveError):
    """A provider's call that did not succeed, translated at the border: nothing above sees HTTP or sockets."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message or outcome.kind.value)
        self.outcome = outcome


class OperationFailed(HiveError):
    """An operation that no model answered.

    Attributes:
        requested: the model the caller asked for; of a virtual model its primary.
        outcome: the last classified outcome, the one that decides the status a client sees.
        tried: the models that were really called, in order.
        retry_after: seconds until the earliest breaker may admit a call again; `None` when unknown.
        operation: the operation's id, as the recording has it.
        attempts: calls made.
        route: the virtual model that was asked for, or empty.
        trail: every hop in order.
    """

    def __init__(
        self,
        requested: str,
        outcome: Outcome,
        *,
        tried: tuple[str, ...],
        retry_after: float | None,
        operation: str = "",
        attempts: int = 0,
        route: str = "",
        trail: tuple[Hop, ...] = (),
    ) -> None:
        names = ", ".join(tried) or "no model"
        super().__init__(
            f"no model answered for {route or requested}: tried {names}; last: {outcome.kind.value}"
            f"{f' ({outcome.message})' if outcome.message else ''}"
        )
        self.requested = requested
        self.outcome = outcome
        self.tried = tried
        self.retry_after = retry_after
        self.operation = operation
        self.attempts = attempts
        self.route = route
        self.trail = trail


class UnknownModel(HiveError):
    """A task asked for a model that the settings do not name."""

    def __init__(self, model: str, known: tuple[str, ...]) -> None:
        super().__init__(f"model {model!r} is not configured; configured: {', '.join(known)}")
        self.model = model
        self.known = known


class DataFolderBusy(HiveError):
    """Another process records into the same data folder; `holder` says which and since when."""

    def __init__(self, folder: str, holder: str) -> None:
        super().__init__(
            f"{folder} is in use by {holder}; hive-console attach --data {folder} shows it; or stop it, or choose"
            " another folder with --data"
        )
        self.folder = folder
        self.holder = holder


class RecordingFailed(HiveError):
    """The recorder could not make a row durable; whatever depended on it has not been done."""


class StreamBroken(HiveError):
    """A stream ended after its first token without its end; the text so far stands and is never continued
    by another model.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message or outcome.kind.value)
        self.outcome = outcome


def place_of(error: BaseException) -> str:
    """What kind of error and where: `KeyError at door.py:42`; not its own text, which may quote a request."""
    trace = error.__traceback__
    if trace is None:
        return type(error).__name__
    while trace.tb_next is not None:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rsplit("/", 1)[-1]
    return f"{type(error).__name__} at {file}:{trace.tb_lineno}"
