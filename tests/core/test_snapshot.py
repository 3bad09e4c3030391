"""Views answer small questions about themselves."""

from __future__ import annotations

from hive_console.core.settings import RouteSettings, Settings, Strategy
from hive_console.core.snapshot import RouteView, before_start
from hive_console.core.states import AlertState, BreakerState, ModelStatus
from tests.core.samples import NOW, alert_view, fleet_view, model_settings, model_view

FLEET = fleet_view(model_view("a"), model_view("b"), alerts=(alert_view("A2"), alert_view("A1", subject="b")))


def test_a_model_is_found_by_its_id() -> None:
    found = FLEET.model("b")

    assert found is not None
    assert found.model_id == "b"
    assert FLEET.model("ghost") is None


def test_an_alert_is_found_by_its_id() -> None:
    found = FLEET.alert("A1")

    assert found is not None
    assert found.subject == "b"
    assert FLEET.alert("A9") is None


def test_an_alert_wants_attention_while_it_fires_and_nobody_has_it() -> None:
    assert alert_view().wants_attention
    assert not alert_view(acknowledged_by="ada").wants_attention
    assert not alert_view(state=AlertState.RESOLVED, resolved_at=NOW).wants_attention


def test_h2_before_the_start_the_models_are_named_and_nothing_is_claimed() -> None:
    chain = model_settings("a", fallbacks=("b",), strategy=Strategy.WEIGHTED, weight=3.0, breaker_threshold=7)

    view = before_start(Settings((chain, model_settings("b")), environment="prod"), NOW)

    assert (view.sequence, view.at, view.environment, view.is_degraded) == (0, NOW, "prod", False)
    assert [model.model_id for model in view.models] == ["a", "b"]
    assert {model.status for model in view.models} == {ModelStatus.UNKNOWN}
    first = view.models[0]
    assert (first.fallbacks, first.strategy, first.weight, first.serving) == (("b",), Strategy.WEIGHTED, 3.0, "a")
    assert (first.breaker.state, first.breaker.failure_threshold) == (BreakerState.CLOSED, 7)
    assert (first.error_rate, first.p95, first.availability, first.last_health_check) == (None, None, None, None)


def test_before_the_start_a_route_is_served_by_its_primary() -> None:
    route = RouteSettings("smart", "a", ("b",), Strategy.FASTEST)
    settings = Settings((model_settings("a"), model_settings("b")), routes=(route,))

    assert before_start(settings, NOW).routes == (RouteView("smart", "a", "a", Strategy.FASTEST, ("a", "b")),)


def test_limits_are_those_of_the_settings() -> None:
    model = model_settings("a", timeout=8.0, health_check_interval=5.0, failure_rate_threshold=0.5)

    limits = before_start(Settings((model,)), NOW).models[0].limits

    assert (limits.check_interval, limits.timeout, limits.slow_above) == (5.0, 8.0, 4.0)
    assert (limits.degraded_error_rate, limits.trip_error_rate) == (0.05, 0.5)
