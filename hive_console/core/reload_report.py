"""What came of reading the settings file again, for whoever asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReloadReport:
    """The file as it is now, held against what is in force.

    Attributes:
        is_good: whether it was applied, or could be where only that was asked.
        message: what came of it, in a sentence.
        changes: what it changes, a line each.
        problems: why it cannot be used, each as `file:line: key: text`.
        warnings: what somebody should know all the same.
        action_id: the audit row's id, where one was written.
        digest: names the content that was read; give it back to have exactly that applied.
    """

    is_good: bool
    message: str
    changes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    action_id: str = ""
    digest: str = ""
