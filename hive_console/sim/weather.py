"""Which fault holds for which model of one provider right now. Time comes in as an argument."""

from __future__ import annotations

from collections.abc import Callable

from hive_console.core.errors import SettingsError
from hive_console.core.text import NAME_LIMIT, clean
from hive_console.sim.faults import Fault, Mixed, Outage, SteadyFault, effective

EVERYTHING = "*"
"""The target that means the whole provider."""


class Weather:
    """The faults of one provider: at most one for each model and one for all of it."""

    def __init__(self, models: tuple[str, ...]) -> None:
        self._targets = (EVERYTHING, *models)
        self._faults: dict[str, tuple[Fault, float]] = {}

    def put(self, target: str, fault: Fault | None, *, now: float) -> None:
        """Sets, replaces or (`None`) ends the fault of a model or of `*`.

        Raises `SettingsError` for a model that the provider does not have.
        """
        if target not in self._targets:
            raise SettingsError(
                "model", f"{clean(target, NAME_LIMIT)!r} is not served here; served: {', '.join(self._targets)}"
            )
        if fault is None:
            self._faults.pop(target, None)
        else:
            self._faults[target] = (fault, now)

    def over(self, model: str, now: float, draw: Callable[[], float] = lambda: 1.0) -> Outage | SteadyFault | None:
        """What goes wrong with this model at this moment; its own fault comes before the provider's.

        Args:
            model: who is asked.
            now: seconds on the clock that `put` was told.
            draw: uniform in 0..1, for faults that strike by dice; asked only where one is set.
        """
        for target in (model, EVERYTHING):
            if target in self._faults:
                fault, since = self._faults[target]
                active = effective(fault, now - since, draw() if isinstance(fault, Mixed) else 1.0)
                if active is not None:
                    return active
        return None

    @property
    def is_dark(self) -> bool:
        """Whether the whole provider is out."""
        entry = self._faults.get(EVERYTHING)
        return entry is not None and isinstance(entry[0], Outage)

    def faults(self) -> dict[str, Fault]:
        """Every fault that is set, by target."""
        return {target: self._faults[target][0] for target in self._targets if target in self._faults}
