"""The channel `terminal`: the consoles that look at this engine. They ring by themselves at the notice's event."""

from __future__ import annotations

from collections.abc import Callable

from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt, Verdict


class ConsoleChannel:
    """Fits `engine.ports.Notifier`: told is whoever looks now, and where nobody does there is nobody to tell later.

    A bell that rings an hour late, at whoever attaches then, tells nothing that the inbox does not.
    """

    def __init__(self, consoles: Callable[[], int]) -> None:
        """`consoles` counts those that are attached."""
        self._consoles = consoles

    async def deliver(self, notice: Notice) -> Receipt:  # noqa: ARG002 - what it says is drawn from the inbox
        """Delivered where somebody looks."""
        count = self._consoles()
        if not count:
            return Receipt(verdict=Verdict.NOBODY, answer="no console is attached")
        return Receipt(verdict=Verdict.DELIVERED, answer=f"rung at {count} console{'s' * (count != 1)}")

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:  # noqa: ARG002 - none forgets
        """Consoles have the inbox."""
        return None

    async def close(self) -> None:
        """Has nothing to let go of."""
