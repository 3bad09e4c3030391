"""How a codec says that a model's dialect cannot say what a request asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.raw_body import RawBody
from hive_console.core.settings import Dialect
from hive_console.core.task import Body
from hive_console.core.text import clean_message


def unfit(field: str) -> ProviderError:
    """The error (`UNFIT`) to raise, naming the field."""
    return ProviderError(
        Outcome(OutcomeKind.UNFIT, message=clean_message(f"this model's dialect has no counterpart for {field}"))
    )


def check_fields(
    request: Body, *, known: frozenset[str], harmless: Mapping[str, tuple[Any, ...]]
) -> None:  # decoded JSON
    """Refuses by name the first field that is neither known nor at a value that asks for nothing special."""
    for name, value in request.items():
        if value is None or name in known:
            continue
        if value not in harmless.get(name, ()):
            raise unfit(name)


def listed(value: Any, field: str) -> list[Any]:  # decoded JSON
    """`value` as a list; refuses by name what is none."""
    if not isinstance(value, list | tuple):
        raise unfit(f"{field} that are no list")
    return list(value)


def translated_once(request: Body, dialect: Dialect, translate: Callable[[Body], dict[str, Any]]) -> dict[str, Any]:
    """What `translate` makes of the request; a raw body keeps it, or its refusal, one for each dialect.

    A request is asked about before a place at a model is taken, and again for each model and attempt. The
    translation is shared: who needs another one copies it.
    """
    if not isinstance(request, RawBody):
        return translate(request)
    kept: dict[str, Any] | Outcome | None = request.kept.get(dialect)
    if kept is None:
        try:
            kept = translate(request)
        except ProviderError as error:
            kept = error.outcome
        request.kept[dialect] = kept
    if isinstance(kept, Outcome):
        raise ProviderError(kept)
    return kept
