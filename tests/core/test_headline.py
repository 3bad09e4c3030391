"""The sentence on top: what is wrong, since when, and who serves now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core.headline import headline
from hive_console.core.snapshot import HoldView
from hive_console.core.states import AlertState, BreakerState, DegradationLevel, HoldKind, ModelStatus
from tests.core.samples import NOW, alert_view, breaker_view, fleet_view, model_view


def test_before_the_first_snapshot_nothing_is_claimed() -> None:
    assert headline(fleet_view(sequence=0), NOW) == "The engine is starting; nothing is known yet."


def test_a_well_fleet_is_said_to_be_well() -> None:
    assert headline(fleet_view(model_view("a"), model_view("b")), NOW) == "All 2 models are well."


def test_h2_models_that_nobody_checked_are_not_called_well() -> None:
    fleet = fleet_view(model_view("a", status=ModelStatus.UNKNOWN), model_view("b"))

    assert headline(fleet, NOW) == "1 of 2 models not checked yet; nothing is known to be wrong."


def test_the_last_trouble_is_remembered() -> None:
    alerts = (
        alert_view("A2", state=AlertState.RESOLVED, resolved_at=NOW - 120.0),
        alert_view("A1", state=AlertState.RESOLVED, resolved_at=NOW - 600.0),
    )

    said = headline(fleet_view(model_view("a"), alerts=alerts), NOW)

    assert said == "All 1 models are well; last alert ended 2 m ago."


def test_a_route_that_was_moved_by_hand_is_not_forgotten() -> None:
    fleet = fleet_view(model_view("a", pinned_to="b", serving="b"), model_view("b"))

    assert headline(fleet, NOW) == "All models are well; traffic of a is sent to b by hand."


def test_a_model_that_is_down_is_named_with_who_serves_and_how_fast() -> None:
    down = model_view("a", status=ModelStatus.UNAVAILABLE, status_cause="server error", serving="b")
    fleet = fleet_view(down, model_view("b", p95=4.25))

    assert headline(fleet, NOW + 42) == "a DOWN for 42 s (server error) → traffic on b (p95 4.2s)."


def test_a_standby_of_unknown_speed_is_named_without_one() -> None:
    fleet = fleet_view(model_view("a", status=ModelStatus.UNAVAILABLE, serving="b"), model_view("b"))

    assert headline(fleet, NOW + 1).endswith("→ traffic on b.")


def test_a_standby_that_the_snapshot_does_not_show_is_still_named() -> None:
    fleet = fleet_view(model_view("a", status=ModelStatus.UNAVAILABLE, serving="ghost"))

    assert headline(fleet, NOW + 1).endswith("→ traffic on ghost.")


def test_traffic_that_nobody_serves_is_said_loudly() -> None:
    fleet = fleet_view(model_view("a", status=ModelStatus.UNAVAILABLE, serving=None))

    assert headline(fleet, NOW + 1).endswith("→ NOBODY serves its traffic.")


def test_a_degraded_model_that_still_serves_is_said_to() -> None:
    slow = model_view("a", status=ModelStatus.DEGRADED, status_cause="slow: p95 9.0 s, limit 5 s")

    said = headline(fleet_view(slow), NOW + 5)

    assert said == "a DEGRADED for 5 s (slow: p95 9.0 s, limit 5 s), still serving."


def test_a_deactivated_model_is_not_called_down() -> None:
    out = model_view("a", status=ModelStatus.UNAVAILABLE, breaker=breaker_view(BreakerState.ISOLATED), serving="b")

    assert headline(fleet_view(out, model_view("b")), NOW + 60).startswith("a deactivated by hand for 1 m")


def test_the_worst_comes_first_and_the_others_are_counted() -> None:
    degraded = model_view("a", status=ModelStatus.DEGRADED, status_since=NOW - 900)
    served = model_view("b", status=ModelStatus.UNAVAILABLE, status_since=NOW - 600, serving="d")
    unserved = model_view("c", status=ModelStatus.UNAVAILABLE, status_since=NOW, serving=None)

    said = headline(fleet_view(degraded, served, unserved, model_view("d")), NOW)

    assert said.startswith("c DOWN")
    assert said.endswith("; 2 more in trouble.")


def test_what_was_done_on_purpose_comes_after_what_happened() -> None:
    meant = model_view(
        "a", status=ModelStatus.UNAVAILABLE, breaker=breaker_view(BreakerState.ISOLATED), serving="c"
    )
    happened = model_view("b", status=ModelStatus.DEGRADED, status_since=NOW + 60)

    assert headline(fleet_view(meant, happened, model_view("c")), NOW + 90).startswith("b DEGRADED")


def test_what_was_done_on_purpose_is_urgent_when_nobody_serves() -> None:
    meant = model_view(
        "a", status=ModelStatus.UNAVAILABLE, breaker=breaker_view(BreakerState.ISOLATED), serving=None
    )
    happened = model_view("b", status=ModelStatus.UNAVAILABLE, status_since=NOW - 60, serving="c")

    said = headline(fleet_view(meant, happened, model_view("c")), NOW)

    assert said.startswith("a deactivated by hand")


def test_of_two_that_are_equally_bad_the_older_comes_first() -> None:
    young = model_view("a", status=ModelStatus.UNAVAILABLE, status_since=NOW, serving="c")
    old = model_view("b", status=ModelStatus.UNAVAILABLE, status_since=NOW - 600, serving="c")

    assert headline(fleet_view(young, old, model_view("c")), NOW).startswith("b DOWN for 10 m")


def test_degraded_mode_stands_before_everything_and_in_percent() -> None:
    fleet = fleet_view(
        model_view("a", status=ModelStatus.UNAVAILABLE, serving="b"),
        model_view("b"),
        is_degraded=True,
        available_share=0.5,
    )

    assert headline(fleet, NOW).startswith("DEGRADED MODE (50.0 % available). a DOWN")


def test_degraded_mode_is_said_also_in_its_last_seconds_when_all_models_are_back() -> None:
    fleet = fleet_view(model_view("a"), model_view("b"), is_degraded=True, available_share=1.0)

    assert headline(fleet, NOW).startswith("DEGRADED MODE (100 % available).")


def test_an_outage_stands_before_a_model_that_was_deactivated_earlier() -> None:
    unavailable, isolated = ModelStatus.UNAVAILABLE, breaker_view(BreakerState.ISOLATED)
    meant = model_view("meant", status=unavailable, status_since=NOW - 900, breaker=isolated, serving="b")
    down = model_view("down", status=unavailable, status_since=NOW - 60, serving="b")

    assert headline(fleet_view(meant, down, model_view("b")), NOW).startswith("down DOWN")


@pytest.mark.parametrize(
    ("level", "said"),
    [
        (DegradationLevel.FULL, "DEGRADED MODE (25.0 % available). "),
        (DegradationLevel.REDUCED, "DEGRADED MODE, reduced: no call is sent twice (25.0 % available). "),
        (
            DegradationLevel.ESSENTIAL,
            "DEGRADED MODE, essential: background work is turned away (25.0 % available). ",
        ),
        (DegradationLevel.CRITICAL, "DEGRADED MODE, critical: only critical work is served (25.0 % available). "),
    ],
)
def test_the_level_is_told_with_what_is_turned_away(level: DegradationLevel, said: str) -> None:
    fleet = fleet_view(model_view("a"), is_degraded=True, available_share=0.25, level=level)

    assert headline(fleet, NOW).startswith(said)


def test_a_recovering_model_is_told_with_its_share() -> None:
    fleet = fleet_view(model_view("gpt-5", ramp=0.25), model_view("b"))

    assert headline(fleet, NOW) == "No model is down; gpt-5 recovering, 25 % of its traffic."


def test_several_recovering_models_are_counted() -> None:
    fleet = fleet_view(model_view("a", ramp=0.25), model_view("b", ramp=0.1))

    assert headline(fleet, NOW) == "No model is down; 2 models recovering."


def test_a_recovering_model_is_told_beside_the_trouble_of_another() -> None:
    down = model_view("a", status=ModelStatus.UNAVAILABLE, status_cause="boom", serving="b")

    said = headline(fleet_view(down, model_view("b", ramp=0.1)), NOW + 5)

    assert said == "a DOWN for 5 s (boom) → traffic on b; b recovering, 10 % of its traffic."


def test_frozen_automation_is_not_forgotten() -> None:
    still = breaker_view(is_frozen=True, frozen_until=NOW + 3540)
    one = fleet_view(model_view("a", breaker=still), model_view("b"))
    for_ever = fleet_view(model_view("a", breaker=replace(still, frozen_until=None)))
    two = fleet_view(model_view("a", breaker=still), model_view("b", breaker=still))

    assert headline(one, NOW) == "All models are well; a frozen by hand for 59 m more."
    assert headline(for_ever, NOW) == "All models are well; a frozen by hand."
    assert headline(two, NOW) == "All models are well; 2 models frozen by hand."


def test_a_frozen_model_that_is_down_says_both_once() -> None:
    still = breaker_view(BreakerState.OPEN, is_frozen=True)
    down = model_view("a", status=ModelStatus.UNAVAILABLE, status_cause="boom", serving="b", breaker=still)

    said = headline(fleet_view(down, model_view("b")), NOW + 5)

    assert said == "a DOWN for 5 s (boom), frozen by hand → traffic on b."


def test_an_unchecked_fleet_still_tells_of_frozen_models() -> None:
    still = model_view("a", breaker=breaker_view(is_frozen=True))

    said = headline(fleet_view(still, model_view("b", status=ModelStatus.UNKNOWN)), NOW)

    assert said == "1 of 2 models not checked yet; nothing is known to be wrong; a frozen by hand."


def held(kind: HoldKind, target: str, detail: str = "", until: float | None = NOW + 720) -> HoldView:
    return HoldView(kind, target, "maria", NOW - 60, until, detail=detail)


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        (held(HoldKind.PINNED, "a", "b"), "traffic of a is sent to b by maria for 12 m more."),
        (held(HoldKind.WEIGHTED, "a", "0.5", until=None), "a has weight 0.5 by maria."),
        (held(HoldKind.FROZEN, "a"), "a frozen by maria for 12 m more."),
        (held(HoldKind.FROZEN, "*"), "2 models frozen by hand."),
    ],
)
def test_what_is_held_is_told_with_its_owner_and_its_end(hold: HoldView, said: str) -> None:
    fleet = fleet_view(model_view("a"), model_view("b"), holds=(hold,))

    assert headline(fleet, NOW) == f"All models are well; {said}"


@pytest.mark.parametrize(
    ("target", "named"), [("*", "the whole fleet"), ("provider:acme", "provider acme"), ("a", "a")]
)
def test_a_kill_switch_that_is_on_stands_before_everything(target: str, named: str) -> None:
    fleet = fleet_view(model_view("b"), holds=(held(HoldKind.KILLED, target),), is_degraded=True)

    said = headline(fleet, NOW)

    assert said.startswith(f"KILL SWITCH on for {named} by maria for 12 m more: nothing of it is called. DEGRADED")


def test_several_kill_switches_are_counted_and_safe_mode_follows() -> None:
    holds = (held(HoldKind.KILLED, "a"), held(HoldKind.KILLED, "b"), held(HoldKind.SAFE_MODE, "*"))

    said = headline(fleet_view(model_view("c"), holds=holds), NOW)

    assert "1 more kill switch is on. SAFE MODE by maria for 12 m more. All" in said


def test_a_killed_model_is_told_as_what_somebody_did() -> None:
    down = model_view("a", status=ModelStatus.UNAVAILABLE, serving="b")

    said = headline(fleet_view(down, model_view("b"), holds=(held(HoldKind.KILLED, "a"),)), NOW + 60)

    assert "a KILLED by maria for 1 m → traffic on b" in said
