"""docs/runbooks.md is true: the keys beside its actions are those of the screens, its places too."""

from __future__ import annotations

import re
from pathlib import Path

from hive_console.core.states import Action
from hive_console.ui.deeds import DEED_KEYS, EMERGENCY_KEY

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "runbooks.md").read_text()
CONSOLE = (Path(__file__).resolve().parents[2] / "docs" / "console.md").read_text()


def test_every_key_beside_an_action_is_that_actions() -> None:
    keys = {action.value: key for action, key in DEED_KEYS.items()}
    keys |= {action.value: EMERGENCY_KEY for action in (Action.KILL, Action.REVIVE)}

    named = re.findall(r"`([a-z-]+)` \(`(.)`\)", PAGE)

    assert len(named) > 20
    assert all(keys[action] == key for action, key in named)


def test_every_place_has_the_key_that_the_page_of_the_screens_gives_it() -> None:
    named = set(re.findall(r"`(\d)` \((\w+)\)", PAGE))

    assert named
    assert all(f"| `{key}` | {place} |" in CONSOLE for key, place in named)
