"""Python's garbage collector at start: while modules load there is no garbage, and looking for it costs a tenth."""

from __future__ import annotations

import gc


def collect_no_garbage_yet() -> None:
    """Switches collection off; a command that stays calls `collect_garbage_from_now_on`."""
    gc.disable()


def collect_garbage_from_now_on() -> None:
    """Switches collection on; what was loaded until now stays for ever and is not looked at again."""
    gc.freeze()
    gc.enable()
