"""Which models of a chain can serve a request at all; asked before any permit is taken."""

from __future__ import annotations

from hive_console.core.fitness import mixes_vectors
from hive_console.core.member import Member
from hive_console.core.task import Work
from hive_console.engine.operation import Operation
from hive_console.engine.ports import Provider

OTHER_VECTORS = "its vectors do not compare with those of the model asked for"


class Fitness:
    """Says why a model is not asked for an operation."""

    __slots__ = ("_members", "_provider")

    def __init__(self, members: dict[str, Member], provider: Provider) -> None:
        self._members = members
        self._provider = provider

    def lack(self, member: Member, operation: Operation) -> str:
        """Why this model cannot serve the operation, or ``""``."""
        model = member.settings
        if operation.task.work is Work.EMBEDDINGS:
            wanted = self._members[operation.requested].settings
            if mixes_vectors(wanted, model):
                return OTHER_VECTORS
        return self._provider.unfit(model, operation.task)
