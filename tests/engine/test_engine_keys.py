"""A refused key in a running engine: nobody tries the other models of the key, a person is told, it heals."""

from __future__ import annotations

import asyncio

import pytest

from hive_console.core.errors import OperationFailed
from hive_console.core.events import AlertRaised, AlertResolved, KeyQuarantined, KeyRestored
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings, ProbeKind
from hive_console.core.states import Action, AlertRule, ModelStatus, Severity
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import Line, Stage, model, staged

REFUSED = Line(outcome=Outcome(OutcomeKind.KEY_REFUSED, status=401), seconds=0.1)
EMPTY = Line(outcome=Outcome(OutcomeKind.QUOTA_EXHAUSTED, status=402), seconds=0.1)


def keyed(name: str, *fallbacks: str, probe: ProbeKind = ProbeKind.NONE) -> ModelSettings:
    return model(name, *fallbacks, key="env:ACME_KEY", provider="acme", probe=probe)


def of_rule(stage: Stage, kind: type[AlertRaised | AlertResolved]) -> list[str]:
    return [event.subject for event in stage.happened(kind) if event.rule is AlertRule.KEY_REFUSED]


def test_the_other_models_of_a_refused_key_are_not_tried() -> None:
    async def scene() -> None:
        async with staged(keyed("a", "b", "c"), keyed("b"), model("c")) as stage:
            stage.provider.lines.update(a=REFUSED, b=REFUSED)

            served = [await stage.ask("a") for _ in range(5)]

            assert served == ["c"] * 5
            assert stage.provider.calls.count("a") == 1
            assert "b" not in stage.provider.calls

    run_virtually(scene())


def test_a_person_is_told_once_what_to_do_and_never_the_key() -> None:
    async def scene() -> None:
        async with staged(keyed("a", "c"), keyed("b", "c"), model("c")) as stage:
            stage.provider.lines.update(a=REFUSED, b=REFUSED)
            for _ in range(40):
                await stage.ask("a")
                await stage.ask("b")
                await asyncio.sleep(10)

            raised = [event for event in stage.happened(AlertRaised) if event.rule is AlertRule.KEY_REFUSED]
            assert [(event.subject, event.severity) for event in raised] == [("a", Severity.CRITICAL)]
            assert raised[0].text == (
                "acme refuses the key env:ACME_KEY: a, b left alone; replace it, or its permissions, then reset or"
                " wait a minute"
            )
            assert len(stage.happened(KeyQuarantined)) == 1
            assert stage.provider.calls.count("a") + stage.provider.calls.count("b") <= 8

    run_virtually(scene())


def test_a_mended_key_frees_all_of_its_models_and_ends_the_alert() -> None:
    async def scene() -> None:
        async with staged(keyed("a", "c"), keyed("b", "c"), model("c")) as stage:
            stage.provider.lines["a"] = REFUSED
            await stage.ask("a")
            stage.provider.lines.clear()
            await asyncio.sleep(60)

            served = [await stage.ask("b"), await stage.ask("a")]

            assert served == ["b", "a"]
            assert [event.models for event in stage.happened(KeyRestored)] == [("a", "b")]
            assert of_rule(stage, AlertResolved) == ["a"]

    run_virtually(scene())


def test_probes_of_a_refused_key_are_one_a_minute_over_all_of_its_models() -> None:
    async def scene() -> None:
        models = (keyed(name, probe=ProbeKind.MODELS) for name in "abcd")
        async with staged(*models) as stage:
            stage.provider.lines.update(dict.fromkeys("abcd", REFUSED))
            await asyncio.sleep(2)
            before = len(stage.provider.probed)

            await asyncio.sleep(600)

            assert 9 <= len(stage.provider.probed) - before <= 10 + 4

    run_virtually(scene())


def test_a_probe_that_met_the_refusal_finds_it_mended() -> None:
    async def scene() -> None:
        async with staged(keyed("a", probe=ProbeKind.MODELS), keyed("b", probe=ProbeKind.MODELS)) as stage:
            stage.provider.probes.update(a=REFUSED, b=REFUSED)
            await asyncio.sleep(5)
            was = stage.view("b").status
            stage.provider.probes.clear()

            await asyncio.sleep(70)

            assert (was, stage.view("b").status) == (ModelStatus.UNAVAILABLE, ModelStatus.AVAILABLE)

    run_virtually(scene())


def test_an_operator_who_checks_is_not_told_to_wait() -> None:
    async def scene() -> None:
        async with staged(keyed("a", "c", probe=ProbeKind.MODELS), model("c")) as stage:
            stage.provider.lines["a"] = REFUSED
            await stage.ask("a")
            stage.provider.lines.clear()
            before = len(stage.provider.probed)

            result = await stage.say(Action.CHECK_NOW, "a")

            assert result.is_done
            assert len(stage.provider.probed) == before + 1

    run_virtually(scene())


def test_a_reset_by_hand_lets_every_model_of_the_key_be_called() -> None:
    async def scene() -> None:
        async with staged(keyed("a", "c"), keyed("b", "c"), model("c")) as stage:
            stage.provider.lines["a"] = REFUSED
            await stage.ask("a")
            stage.provider.lines.clear()

            await stage.say(Action.RESET, "a")

            assert [await stage.ask("a"), await stage.ask("b")] == ["a", "b"]
            assert of_rule(stage, AlertResolved) == ["a"]

    run_virtually(scene())


def test_where_no_other_key_is_left_the_caller_hears_when_the_next_look_is() -> None:
    async def scene() -> None:
        async with staged(keyed("a", "b"), keyed("b")) as stage:
            stage.provider.lines["a"] = REFUSED

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert caught.value.outcome.kind is OutcomeKind.KEY_REFUSED
            assert caught.value.tried == ("a",)
            assert caught.value.retry_after == pytest.approx(60.0)

    run_virtually(scene())


def test_an_empty_purse_moves_on_and_is_an_alert_of_its_model() -> None:
    async def scene() -> None:
        async with staged(keyed("a", "b"), keyed("b")) as stage:
            stage.provider.lines["a"] = EMPTY

            served = [await stage.ask("a") for _ in range(3)]

            assert served == ["b"] * 3
            assert stage.provider.calls.count("a") == 1
            told = [(event.rule, event.text) for event in stage.happened(AlertRaised)]
            assert told[0] == (AlertRule.MODEL_UNAVAILABLE, "a is unavailable: quota exhausted")

    run_virtually(scene())
