"""When the steps of an escalation are due. Instants are absolute: no restart and no delay moves them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hive_console.core.alert_settings import Step


@dataclass(frozen=True, slots=True)
class Timed:
    """A step as it is counted: see `Step`; times are as the settings have them, or made of them.

    Attributes:
        is_reminder: whether it is no step of the escalation, and only tells again who was told.
    """

    after: float
    channels: tuple[str, ...]
    repeats: int = 0
    every: float = 900.0
    then_every: float = 0.0
    is_reminder: bool = False

    @classmethod
    def of(cls, step: Step) -> Timed:
        """A step of the settings."""
        return cls(step.after, step.channels, step.repeats, step.every, step.then_every)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a step is due.

    Attributes:
        at: when.
        step: the step's place in the escalation; 0 is the first.
        repeat: 0 is the step itself, 1 its first repeat.
        channels: who is told, as the settings say it.
    """

    at: float
    step: int
    repeat: int
    channels: tuple[str, ...]

    def is_news(self, since: float) -> bool:
        """Whether it is what an alert is told by at once, without a wait of its own."""
        return self.repeat == 0 and self.at <= since


def overdue(steps: Sequence[Timed], since: float, *, done: float, now: float) -> list[Occurrence]:
    """What is due and not done, the earliest first; of the repeats of one step only the latest.

    Steps are counted from `since`; what was due until `done` is done. It takes as long for ninety days as for one.
    """
    found = (
        Occurrence(_at(step, since, repeat), place, repeat, step.channels)
        for place, step, repeat in _latest_of(steps, since, now)
    )
    return sorted((one for one in found if one.at > done), key=lambda one: (one.at, one.step))


def next_at(steps: Iterable[Timed], since: float, done: float) -> float | None:
    """When something is due that was not until `done`; `None` when nothing ever is."""
    return min((at for step in steps if (at := _next_of(step, since, done)) is not None), default=None)


def told_next(steps: Iterable[Timed], since: float, done: float) -> tuple[str, ...]:
    """The channels that are told when `next_at` comes, as the settings say them; none when it never does."""
    due = [(at, step.channels) for step in steps if (at := _next_of(step, since, done)) is not None]
    first = min((at for at, _ in due), default=None)
    return tuple(dict.fromkeys(name for at, channels in due if at == first for name in channels))


def next_step(steps: Sequence[Timed], since: float, done: float) -> int | None:
    """The first step of the escalation that was not due until `done`, whatever may be repeated before it."""
    later = (place for place, step in enumerate(steps) if since + step.after > done and not step.is_reminder)
    return next(later, None)


def steps_done(steps: Iterable[Timed], since: float, done: float) -> int:
    """How many steps of the escalation were due until then."""
    return sum(since + step.after <= done and not step.is_reminder for step in steps)


def _latest_of(steps: Sequence[Timed], since: float, now: float) -> Iterator[tuple[int, Timed, int]]:
    for place, step in enumerate(steps):
        repeat = _latest(step, since, now)
        if repeat is not None:
            yield place, step, repeat


def _next_of(step: Timed, since: float, done: float) -> float | None:
    latest = _latest(step, since, done)
    if latest is None:
        return since + step.after
    if latest >= step.repeats and not step.then_every:
        return None
    return _at(step, since, latest + 1)


def _latest(step: Timed, since: float, now: float) -> int | None:
    """The number of the last repeat that is due by now; `None` before the step itself is.

    Compared as instants and not as spans, so that what `_at` calls due is due.
    """
    if since + step.after > now:
        return None
    elapsed = now - since - step.after
    repeat = int(elapsed // step.every)
    if repeat >= step.repeats:
        beyond = elapsed - step.repeats * step.every
        repeat = step.repeats + (int(max(0.0, beyond) // step.then_every) if step.then_every else 0)
    is_last = repeat >= step.repeats and not step.then_every
    if not is_last and _at(step, since, repeat + 1) <= now:
        return repeat + 1
    return repeat - 1 if _at(step, since, repeat) > now else repeat


def _at(step: Timed, since: float, repeat: int) -> float:
    quick = min(repeat, step.repeats)
    return since + step.after + quick * step.every + (repeat - quick) * step.then_every
