"""What the conditions tell the alert book: for a rule and a subject, that something is wrong, or that it is not."""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.states import AlertRule, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One look at one condition. Told when it changes, and as often as one likes while it does not.

    Attributes:
        rule: the rule.
        subject: what it is about, in a word; with the rule (and its name) it is the alert's identity.
        is_bad: whether the condition holds.
        text: what is wrong, with its numbers; shown with the alert.
        severity: where it differs from the rule's.
        labels: (name, value) pairs for routes, silences and inhibition, such as `("model", "gpt-5")`.
        name: the rule's name in the settings file, of `AlertRule.OWN`.
        cause: why it holds no longer, where that needs a word.
        is_gone: whether there is nothing any more of which it could hold (the model has left, a person took it
            out): the alert ends at once, whatever its rule keeps it for.
    """

    rule: AlertRule
    subject: str
    is_bad: bool
    text: str = ""
    severity: Severity | None = None
    labels: tuple[tuple[str, str], ...] = ()
    name: str = ""
    cause: str = ""
    is_gone: bool = False
