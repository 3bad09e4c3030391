"""The page's counters equal what a scripted engine did, and its gauges what its snapshot says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from hive_console.adapters.metrics_page import MetricsPage
from hive_console.adapters.metrics_page.counters import DURATIONS, MAX_UNSETTLED
from hive_console.core.errors import OperationFailed
from hive_console.core.events import (
    AttemptFinished,
    BreakerChanged,
    FailedOver,
    NoticeSettled,
    NoticeTried,
    OperationFinished,
    ProbeFinished,
)
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings, ProbeKind, Strategy
from hive_console.core.snapshot import ChannelView, FleetSnapshot, SilenceView
from hive_console.core.states import Action, AlertState, NoticeEnd, NoticeKind, OperationResult, Severity
from hive_console.core.task import Task, Usage
from hive_console.sim.virtual_time import run_virtually
from tests.core.samples import alert_view, fleet_view, model_view
from tests.engine.scripted import BROKEN, DOWN, Line, Stage, model, staged

OPEN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


class Page:
    """A page that was parsed: samples by name and labels."""

    def __init__(self, page: MetricsPage) -> None:
        body, self.content_type = page.render("")
        self.text = body.decode()
        self.families = {family.name: family for family in plain_families(self.text)}
        self.samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        return self.samples.get((name, tuple(sorted(labels.items()))), 0.0)

    def total(self, name: str) -> float:
        return sum(value for (sample, _), value in self.samples.items() if sample == name)


Scene = Callable[[Stage, MetricsPage], Coroutine[None, None, None]]


def watched(scene: Scene, *models: ModelSettings, **fleet: Any) -> None:  # any argument of `staged`
    """Runs a scene with an engine that the page listens to."""

    async def run() -> None:
        async with staged(*models, **fleet) as stage:
            page = MetricsPage(stage.engine.snapshot, version="1.2.3")
            for event in stage.recorder.events:
                page.take(event)
            stage.engine._bus.subscribe(page.take)
            await scene(stage, page)

    run_virtually(run())


async def asked(stage: Stage, name: str, times: int = 1) -> None:
    for _ in range(times):
        with suppress(OperationFailed):
            await stage.ask(name)


def test_tokens_are_counted_as_the_providers_told_them() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        stage.provider.lines["a"] = Line(usage=Usage(read=100, written=7))
        await asked(stage, "a", 3)
        shown = Page(page)

        tokens = "gen_ai_client_token_usage_sum"
        labels = {"gen_ai_provider_name": stage.engine.settings.models[0].provider, "gen_ai_request_model": "a"}
        assert shown.value(tokens, gen_ai_token_type="input", **labels) == 300
        assert shown.value(tokens, gen_ai_token_type="output", **labels) == 21

    watched(scene, model("a"))


def test_answers_failures_failovers_and_calls_are_counted_as_they_happened() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        await asked(stage, "a", 7)
        stage.provider.lines["a"] = Line(outcome=BROKEN)
        await asked(stage, "a", 9)
        stage.provider.lines["b"] = Line(outcome=DOWN)
        await asked(stage, "a", 2)
        shown = Page(page)
        ended = stage.happened(OperationFinished)
        calls = stage.happened(AttemptFinished)

        for result in OperationResult:
            expected = sum(event.result is result for event in ended)
            assert shown.value("hive_operations_total", model="a", result=result.value) == expected
        assert shown.value("hive_operations_total", model="a", result="answered") == 16
        assert shown.total("hive_attempts_total") == len(calls)
        for kind in OutcomeKind:
            for name in ("a", "b"):
                expected = sum(call.model == name and call.kind is kind for call in calls)
                assert shown.value("hive_attempts_total", model=name, outcome=kind.value) == expected
        moved = len(stage.happened(FailedOver))
        assert moved == 9
        assert shown.value("hive_failovers_total", from_model="a", to_model="b") == moved
        trips = [event for event in stage.happened(BreakerChanged) if event.model == "a"]
        assert shown.value(
            "hive_breaker_transitions_total", model="a", from_state="closed", to_state="open"
        ) == len(trips)

    watched(scene, model("a", "b", threshold=3), model("b"))


def test_durations_of_operations_have_the_fields_names_and_bounds() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        await asked(stage, "a", 3)
        stage.provider.lines["a"] = Line(outcome=BROKEN, seconds=0.5)
        await asked(stage, "a")
        shown = Page(page)
        name = "gen_ai_client_operation_duration_seconds"
        own = {"gen_ai_provider_name": "a-provider", "gen_ai_request_model": "a", "gen_ai_response_model": "a"}
        other = {"gen_ai_provider_name": "b-provider", "gen_ai_request_model": "a", "gen_ai_response_model": "b"}

        assert shown.value(f"{name}_count", **own, error_type="") == 3
        assert shown.value(f"{name}_sum", **own, error_type="") == pytest.approx(0.3)
        assert shown.value(f"{name}_bucket", **own, error_type="", le="0.08") == 0
        assert shown.value(f"{name}_bucket", **own, error_type="", le="0.16") == 3
        assert shown.value(f"{name}_bucket", **own, error_type="", le="+Inf") == 3
        assert shown.value(f"{name}_sum", **other, error_type="") == pytest.approx(0.6)
        bounds = [labels["le"] for _, labels, *_ in shown.families[name].samples if "le" in labels]
        assert bounds[: len(DURATIONS) + 1] == [*map(str, DURATIONS), "+Inf"]

    watched(scene, model("a", "b"), model("b"))


def test_an_error_has_its_type() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.BAD_REQUEST, status=400))
        await asked(stage, "a", 2)
        shown = Page(page)

        assert (
            shown.value(
                "gen_ai_client_operation_duration_seconds_count",
                gen_ai_provider_name="a-provider",
                gen_ai_request_model="a",
                gen_ai_response_model="",
                error_type="bad_request",
            )
            == 2
        )
        assert shown.value("hive_operations_total", model="a", result="rejected") == 2

    watched(scene, model("a"))


def test_first_tokens_of_streams_are_timed() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        stage.provider.lines["a"] = Line(seconds=0.3)
        stream = await stage.engine.open_stream(Task("a", {"messages": []}))
        async for _ in stream:
            pass
        shown = Page(page)
        labels = {"gen_ai_provider_name": "a-provider", "gen_ai_request_model": "a"}

        assert shown.value("gen_ai_server_time_to_first_token_seconds_sum", **labels) == pytest.approx(0.3)
        assert shown.value("gen_ai_server_time_to_first_token_seconds_bucket", **labels, le="0.25") == 0
        assert shown.value("gen_ai_server_time_to_first_token_seconds_bucket", **labels, le="0.5") == 1

    watched(scene, model("a"))


def test_tokens_are_counted_by_type() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        page.counters.count_tokens("a", 1000, 16)
        shown = Page(page)
        labels = {"gen_ai_provider_name": "a-provider", "gen_ai_request_model": "a"}

        assert shown.value("gen_ai_client_token_usage_sum", **labels, gen_ai_token_type="input") == 1000
        assert shown.value("gen_ai_client_token_usage_bucket", **labels, gen_ai_token_type="output", le="16.0") == 1
        assert shown.value("gen_ai_client_token_usage_bucket", **labels, gen_ai_token_type="output", le="4.0") == 0

    watched(scene, model("a"))


def test_retries_are_calls_of_a_model_that_failed_in_the_same_operation() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        stage.provider.queues["a"] = [Line(outcome=BROKEN), Line(outcome=BROKEN)]
        await asked(stage, "a")
        await asked(stage, "a")
        shown = Page(page)

        assert len(stage.happened(AttemptFinished)) == 4
        assert shown.value("hive_retries_total", model="a") == 2

    watched(scene, model("a"))


def test_a_fallbacks_call_is_no_retry() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        stage.provider.lines["a"] = Line(outcome=BROKEN)
        await asked(stage, "a")

        assert len(stage.happened(AttemptFinished)) == 2
        assert Page(page).total("hive_retries_total") == 0

    watched(scene, model("a", "b"), model("b"))


def test_hedges_are_calls_given_up_because_another_answered() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        stage.provider.lines["a"] = Line(seconds=2)
        await asked(stage, "a", 3)
        shown = Page(page)

        assert shown.value("hive_hedges_total", model="a") == 3
        assert shown.total("hive_hedges_total") == 3
        assert not page.counters._unsettled

    watched(scene, model("a", "b", strategy=Strategy.PARALLEL), model("b"))


def test_a_caller_who_leaves_makes_no_hedge() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        call = asyncio.ensure_future(stage.ask("a"))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        shown = Page(page)

        assert shown.total("hive_hedges_total") == 0
        assert shown.value("hive_operations_total", model="a", result="cancelled") == 1

    watched(scene, model("a", "b", strategy=Strategy.PARALLEL), model("b"))


def test_outage_recovery_and_degraded_mode_are_timed() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        await asyncio.sleep(5)
        stage.provider.probes["a"] = Line(outcome=DOWN, seconds=0)
        await asyncio.sleep(60)
        during = Page(page)
        stage.provider.probes["a"] = Line(seconds=0)
        await asyncio.sleep(120)
        after = Page(page)

        assert during.value("hive_degraded_mode") == 1
        assert during.value("hive_model_status", model="a", status="unavailable") == 1
        assert during.value("hive_model_status", model="a", status="available") == 0
        assert during.value("hive_breaker_state", model="a", state="open") == 1
        assert during.value("hive_alerts_firing", severity="critical") >= 1
        assert during.value("hive_model_availability_ratio", model="a") < 1
        assert after.value("hive_degraded_mode") == 0
        assert after.value("hive_model_status", model="a", status="available") == 1
        assert after.value("hive_recovery_seconds_count", model="a", by_operator="false") == 1
        down_for = after.value("hive_recovery_seconds_sum", model="a", by_operator="false")
        assert 20 < down_for < 90
        lasted = after.value("hive_degraded_mode_seconds_total")
        assert 0 < during.value("hive_degraded_mode_seconds_total") < lasted
        assert lasted == pytest.approx(down_for, abs=35)  # the mode is held a while
        probes = stage.happened(ProbeFinished)
        assert after.total("hive_probe_duration_seconds_count") == len(probes)

    watched(scene, model("a", probe=ProbeKind.MODELS, threshold=2), threshold=1.0)


def test_seconds_in_degraded_mode_never_go_back() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        seen: list[float] = []
        await asyncio.sleep(2)
        for second in range(200):
            if second % 50 == 0:
                stage.provider.probes["a"] = Line(
                    outcome=DOWN if second % 100 == 0 else Outcome(OutcomeKind.SUCCESS), seconds=0
                )
            seen.append(Page(page).value("hive_degraded_mode_seconds_total"))
            await asyncio.sleep(1.7)

        assert seen == sorted(seen)
        assert seen[-1] > 60

    watched(scene, model("a", probe=ProbeKind.MODELS, threshold=2), threshold=1.0)


def test_what_operators_do_is_counted() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        await stage.say(Action.DEACTIVATE, "a")
        shown = Page(page)

        assert shown.value("hive_operator_actions_total", action="deactivate", phase="done") == 1
        assert shown.value("hive_breaker_state", model="a", state="isolated") == 1

    watched(scene, model("a"), model("b"))


def test_probe_costs_are_told_in_dollars() -> None:
    async def scene(stage: Stage, page: MetricsPage) -> None:
        await asyncio.sleep(2)
        shown = Page(page)

        assert shown.value("hive_probe_spent_dollars") == 0.25
        assert shown.value("hive_probe_budget_dollars") == 1

    watched(scene, model("a", probe=ProbeKind.COMPLETION, probe_cost=250_000))


def page_of(fleet: FleetSnapshot) -> MetricsPage:
    return MetricsPage(lambda: fleet, version="1.2.3")


def test_both_formats_are_read_by_their_own_parsers_and_say_the_same() -> None:
    page = page_of(fleet_view(model_view("a"), model_view("b")))
    page.take(AttemptFinished(at=1.0, operation="o", model="a", number=1, kind=OutcomeKind.SUCCESS, latency=0.1))

    plain, plain_type = page.render("*/*")
    rich, rich_type = page.render(OPEN)

    assert (plain_type, rich_type) == (
        "text/plain; version=0.0.4; charset=utf-8",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )
    assert rich.endswith(b"# EOF\n")
    told = {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in plain_families(plain.decode())
        for sample in family.samples
    }
    assert told == {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in open_metrics_families(rich.decode())  # type: ignore[no-untyped-call]  # it has no types
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("accept", "is_open"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        (OPEN, True),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=0.0.1, text/plain", True),
        ("application/openmetrics-text;q=0.5,text/plain;q=0.6", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;version=x\x1b[2J;q=9,;;,=", True),
        ("APPLICATION/OPENMETRICS-TEXT;Q=1.0", True),
        ("q=" * 10_000, False),
    ],
)
def test_the_accept_header_decides_and_is_never_repeated(accept: str, is_open: bool) -> None:  # noqa: FBT001
    _, content_type = page_of(fleet_view(model_view("a"))).render(accept)

    assert content_type.startswith("application/openmetrics-text; version=1.0.0" if is_open else "text/plain")


def test_hostile_names_are_written_harmlessly_and_stay_apart() -> None:
    hostile = ['a"} 1\nforged 1', "a\x1b[2J", "a\u202e", "x" * 500 + "1", "x" * 500 + "2", "back\\slash", "\ud800"]
    page = page_of(fleet_view(*map(model_view, hostile)))

    shown = Page(page)

    samples = [labels for (name, labels) in shown.samples if name == "hive_model_in_flight"]
    assert len(samples) == len(set(samples)) == len(hostile)
    assert "forged" not in shown.families
    assert not any(character in shown.text for character in "\x1b\u202e\ud800")
    assert all(len(value) <= 80 for labels in samples for _, value in labels)


def test_every_family_has_help_and_those_that_measure_tell_their_unit() -> None:
    shown = Page(page_of(fleet_view(model_view("a"))))

    for name, family in shown.families.items():
        assert family.documentation, name
        if not name.startswith(("hive_", "gen_ai_")):
            continue
        for ending, unit in {"_seconds": "in seconds", "_ratio": "0 to 1", "_dollars": "in dollars"}.items():
            assert not name.endswith(ending) or unit in family.documentation, name


def test_the_process_and_the_platform_are_told() -> None:
    shown = Page(page_of(fleet_view(model_view("a"))))

    assert {"process_resident_memory_bytes", "process_open_fds", "python_info"} <= set(shown.families)
    assert shown.value("hive_build_info", version="1.2.3") == 1


def test_two_pages_know_nothing_of_each_other() -> None:
    first, second = page_of(fleet_view(model_view("a"))), page_of(fleet_view(model_view("b")))

    assert Page(first).value("hive_model_in_flight_limit", model="a") == 10
    assert ("hive_model_in_flight_limit", (("model", "a"),)) not in Page(second).samples


def test_label_sets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hive_console.adapters.metrics_page.counters.MAX_SERIES", 5)
    page = page_of(fleet_view(model_view("a")))
    for number in range(100):
        page.take(FailedOver(at=1.0, operation="o", from_model=f"m{number}", to_model="b", cause=""))
        page.take(ProbeFinished(at=1.0, model=f"m{number}", kind=OutcomeKind.SUCCESS, latency=0.1))
    shown = Page(page)

    assert shown.total("hive_failovers_total") == 100
    assert shown.value("hive_failovers_total", from_model="other", to_model="other") == 95
    assert shown.value("hive_probe_duration_seconds_count", model="other", outcome="other") == 95


def test_operations_under_way_that_are_remembered_are_bounded() -> None:
    page = page_of(fleet_view(model_view("a")))
    for number in range(MAX_UNSETTLED + 100):
        page.take(
            AttemptFinished(
                at=1.0, operation=f"o{number}", model="a", number=1, kind=OutcomeKind.TIMED_OUT, latency=1.0
            )
        )

    assert len(page.counters._unsettled) == MAX_UNSETTLED


def test_alerts_silences_and_channels_are_gauges_and_what_became_of_notices_is_counted() -> None:
    fleet = fleet_view(
        model_view("a"),
        at=100.0,
        alerts=(
            alert_view("A1", severity=Severity.ERROR),
            alert_view("A2", severity=Severity.ERROR, silenced_by="S1"),
            alert_view("A3", inhibited_by="A1", state=AlertState.RESOLVED),
        ),
        silences=(
            SilenceView("S1", ("model=a",), by="ann", reason="x", begins=50.0, until=150.0),
            SilenceView("S2", ("model=a",), by="ann", reason="x", begins=150.0, until=250.0),
        ),
        channels=(ChannelView("ops", "slack", is_open=True, waiting=3), ChannelView("mail", "email")),
    )
    page = page_of(fleet)
    of_ops: dict[str, Any] = {"channel": "ops", "notice_id": "N1"}
    page.take(NoticeTried(at=1.0, number=1, **of_ops))
    page.take(NoticeTried(at=2.0, number=1, took=0.5, status=429, **of_ops))
    page.take(NoticeTried(at=3.0, number=2, took=0.5, is_delivered=True, **of_ops))
    page.take(
        NoticeSettled(
            at=3.0, end=NoticeEnd.DELIVERED, kind=NoticeKind.FIRING, alert_ids=("A1",), attempts=2, **of_ops
        )
    )

    shown = Page(page)

    assert shown.value("hive_alerts_firing", severity="error") == 2
    assert shown.value("hive_alerts_muted") == 1
    assert shown.value("hive_silences_active") == 1
    assert shown.value("hive_channel_open", channel="ops") == 1
    assert shown.value("hive_channel_open", channel="mail") == 0
    assert shown.value("hive_notices_waiting", channel="ops") == 3
    assert shown.value("hive_notices_total", channel="ops", end="delivered") == 1
    assert shown.value("hive_notice_attempts_total", channel="ops", result="failed") == 1
    assert shown.value("hive_notice_attempts_total", channel="ops", result="delivered") == 1
