"""docs/breaker.md shows the code's own table, and its numbers are the code's."""

from __future__ import annotations

import re

import pytest

from hive_console.core.breaker import PROBE_GRACE
from hive_console.core.breaker_policy import PERMIT_LEASE
from hive_console.core.command import FREEZE_SECONDS
from hive_console.core.policies import RECOVERY_DECAY, breaker_policy_of
from hive_console.core.ramp import STEPS
from hive_console.core.settings import ModelSettings
from hive_console.core.states import BreakerState
from hive_console.core.transitions import as_markdown
from tests.core.samples import model_settings
from tests.make_docs import BEGIN, BREAKER, END, with_table

PAGE = BREAKER.read_text()
WORDS = " ".join(PAGE.split())


def test_the_table_is_the_codes_own() -> None:
    assert PAGE.partition(BEGIN)[2].partition(END)[0].strip() == as_markdown()


def test_writing_the_table_again_changes_nothing() -> None:
    assert with_table(PAGE) == PAGE


def test_a_page_without_its_markers_is_not_written() -> None:
    with pytest.raises(ValueError, match=r"breaker\.md has lost its markers"):
        with_table("nothing")


@pytest.mark.parametrize("state", BreakerState)
def test_every_state_has_its_row(state: BreakerState) -> None:
    assert f"\n| `{state.value}` | " in PAGE.partition(BEGIN)[0]


def test_the_numbers_are_the_codes() -> None:
    model, policy = model_settings(), breaker_policy_of(model_settings())
    times = [policy.open.after(trips) for trips in range(3)]

    assert "{:g}, {:g}, then {:g} seconds".format(*times) in WORDS
    assert f"`circuitBreakerThreshold`, {model.breaker_threshold})" in WORDS
    assert f"`halfOpenProbes` calls are admitted ({model.half_open_probes})" in WORDS
    assert f"within {PROBE_GRACE:g} seconds" in WORDS
    assert f"after {PERMIT_LEASE:g} seconds" in WORDS
    assert f"{STEPS[-1]:.0%}".replace("%", " %") in WORDS
    assert ", ".join(f"{share * 100:g}" for share in STEPS[:-1]) in WORDS
    assert (RECOVERY_DECAY, FREEZE_SECONDS) == (60.0, 3600.0)  # "a minute", "an hour"


SPELLINGS = {"circuitBreakerThreshold": "breaker_threshold"}


@pytest.mark.parametrize("key", sorted(set(re.findall(r"`([a-z]+[A-Z]\w+)`", PAGE))))
def test_every_key_is_a_setting(key: str) -> None:
    field = SPELLINGS.get(key) or re.sub(r"([A-Z])", lambda found: "_" + found.group(1).lower(), key)

    assert field in ModelSettings.__dataclass_fields__
