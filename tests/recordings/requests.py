"""A streamed request as a gateway tells of it: what the benches record."""

from __future__ import annotations

from collections.abc import Iterator

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import OperationResult


def streamed(
    number: int,
    at: float,
    *,
    model: str,
    latency: float,
    first_token: float,
    tokens: tuple[int, int],
    cost: int | None = None,
    failed: OutcomeKind | None = None,
    spacing: float = 0.0,
) -> Iterator[e.Event]:
    """Its events, `spacing` seconds apart: answered by the model asked, at the second attempt where one failed."""
    operation = f"69271f00-{number}"
    if failed is not None:
        yield e.AttemptFinished(
            at=at,
            operation=operation,
            model=model,
            number=1,
            kind=failed,
            latency=30.0,
            message="no answer within 30 s",
        )
    attempts = 1 if failed is None else 2
    yield e.AttemptFinished(
        at=at + spacing,
        operation=operation,
        model=model,
        number=attempts,
        kind=OutcomeKind.SUCCESS,
        latency=latency,
        first_token=first_token,
        status=200,
        read_tokens=tokens[0],
        written_tokens=tokens[1],
        cost=cost,
    )
    yield e.OperationFinished(
        at=at + 3 * spacing,
        operation=operation,
        requested=model,
        result=OperationResult.ANSWERED,
        latency=latency + 4e-4,
        attempts=attempts,
        served_by=model,
    )
