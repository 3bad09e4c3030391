"""What the fleet as a whole remembers over a restart: alerts, keys, ejections, degraded mode, cost of probes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_console.core import events as e
from hive_console.core.alerting.book import KEPT_RESOLVED, AlertBook
from hive_console.core.alerting.saved import ROW_LIMIT, SLOTS, TEXT_LIMIT, slot_of_record
from hive_console.core.alerting.standing import EXHAUSTED_CALM, EXHAUSTED_KEEP, FLEET, SETTINGS
from hive_console.core.degradation import HOLD, Degradation
from hive_console.core.faults import FAULT_SECONDS
from hive_console.core.fleet import OUTLIER, SWEEP_EVERY, Fleet
from hive_console.core.memory import ALERTS, CONDITIONS, DEGRADATION, KEYS, PENDING, PROBES, SILENCES, Memory
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.probe_budget import DAY, ProbeBudget
from hive_console.core.restart import AS_BEFORE
from hive_console.core.settings import ModelSettings, ResilienceSettings, Settings
from hive_console.core.snapshot import AlertView, HoldView
from hive_console.core.states import (
    AlertRule,
    AlertState,
    BreakerState,
    DegradationLevel,
    HoldKind,
    ModelStatus,
    OperationResult,
)
from hive_console.core.transitions import Permit
from tests.core.alert_driver import bad, down, exhausted, firing, operation, status, told, tripped, up, wanted
from tests.core.any_json import ANY_JSON
from tests.core.samples import FAILED, NOW, model_settings
from tests.property.modest import MODEST

R = AlertRule
S = BreakerState
LATER = NOW + 60.0
KEY = "env:ACME_KEY"
REFUSED = Outcome(OutcomeKind.KEY_REFUSED, status=401)


OLD_FIELDS = frozenset(
    [
        "number",
        "rule",
        "severity",
        "subject",
        "text",
        "raised_at",
        "resolved_at",
        "acknowledged_by",
        "acknowledged_at",
        "note",
        "last",
    ]
)
"""What versions without episodes wrote of an alert."""


class House:
    """The parts that remember, and the alerts hear of everything that is told."""

    def __init__(
        self, *models: ModelSettings, now: float = NOW, saved: Any = None, fleet: ResilienceSettings | None = None
    ) -> None:
        listed = models or tuple(model_settings(name) for name in "abcd")
        self.fleet = Fleet(Settings(listed, resilience=fleet or ResilienceSettings()), now)
        self.alerts = AlertBook()
        self.degradation = Degradation(0.6)
        self.budget = ProbeBudget(1_000)
        self.memory = Memory(fleet=self.fleet, alerts=self.alerts, degradation=self.degradation, budget=self.budget)
        self.told: list[e.Event] = []
        self.hear(self.memory.restore({} if saved is None else saved, now))
        self.hear(self.memory.reconcile(now))

    def hear(self, events: Iterable[e.Event]) -> None:
        for event in events:
            self.told.append(event)
            self.hear(self.alerts.observe(event))

    def look(self, now: float) -> None:
        """What a running engine does each second."""
        self.hear(self.fleet.refresh(now))
        self.hear(self.degradation.look((member.status for member in self.fleet.members.values()), now))
        self.hear(self.alerts.tick(now))

    def call(self, name: str, outcome: Outcome, now: float) -> None:
        member = self.fleet.members[name]
        permit, caused = member.acquire(now)
        assert isinstance(permit, Permit), permit
        self.hear([*caused, *member.settle(permit, outcome, now, latency=0.1)])
        self.hear(self.fleet.settled(member, outcome, now))

    def saved(self) -> Any:  # JSON
        return json.loads(json.dumps(self.memory.save()))

    def again(self, *models: ModelSettings, now: float = LATER, rows: Any = None) -> House:
        """The next process, where `rows` stand in place of those that were written."""
        return House(*models, now=now, saved={**self.saved(), **(rows or {})})

    def of(self, kind: type[e.Event]) -> list[Any]:  # of that kind
        return [event for event in self.told if isinstance(event, kind)]

    def alert(self, rule: AlertRule) -> AlertView:
        return next(alert for alert in self.alerts.views() if alert.rule is rule)


def with_open_breaker() -> House:
    """Alerts A1, of the unavailable model, and A2, of the breaker that has been open for a minute."""
    house = House(now=NOW - 60)
    house.hear(house.fleet.members["a"].trip(NOW - 60, "by ann: a drill"))
    house.hear(house.alerts.tick(NOW))
    return house


# --- alerts ----------------------------------------------------------------------------------------


def test_acknowledged_alert_comes_back_acknowledged_with_its_id_and_is_not_raised_anew() -> None:
    before = with_open_breaker()
    before.hear(before.alerts.acknowledge("A1", "ann", "on it", NOW + 1))

    after = before.again()

    assert after.alerts.views() == before.alerts.views()
    assert after.alert(R.MODEL_UNAVAILABLE).acknowledged_by == "ann"
    assert after.of(e.AlertRaised) == []
    assert after.of(e.AlertsRestored) == [
        e.AlertsRestored(at=LATER, alert_ids=("A1", "A2"), count=2, acknowledged=1)
    ]


def test_the_alert_of_a_kill_goes_on_for_as_long_as_it_stands() -> None:
    before = House()
    warden = before.fleet.warden
    before.hear(warden.place(HoldView(HoldKind.KILLED, "*", "ann", NOW, reason="leak"), NOW, cause="by ann"))

    after = before.again()
    lifted = before.again(rows={"!holds/*": {"holds": []}})

    assert after.alert(R.KILL_SWITCH).state is AlertState.FIRING
    assert after.of(e.AlertRaised) == []
    assert lifted.alert(R.KILL_SWITCH).state is AlertState.RESOLVED


def test_start_without_alerts_tells_of_none() -> None:
    assert House().told == []


def test_numbers_go_on_so_that_no_id_is_given_twice() -> None:
    before = with_open_breaker()

    after = before.again()
    after.hear(after.fleet.members["b"].trip(LATER, "by ann"))

    assert [event.alert_id for event in after.of(e.AlertRaised)] == ["A3"]


@pytest.mark.parametrize("lost", ["A1", "A2"])
def test_no_id_is_given_twice_though_a_part_of_the_book_is_lost(lost: str) -> None:
    before = with_open_breaker()

    after = before.again(rows={f"{ALERTS}{lost.removeprefix('A')}": None})
    after.hear(after.fleet.members["b"].trip(LATER, "by ann"))

    ids = [event.alert_id for event in after.of(e.AlertRaised)]
    assert not {"A1", "A2"} & set(ids)
    assert [event.service for event in after.of(e.ServiceFailed)] == ["the saved state of the alert book"]


def test_alert_is_over_once_the_status_is_known() -> None:
    before = House()
    before.hear([status(ModelStatus.UNAVAILABLE, NOW)])
    after = before.again()
    assert firing(after.alerts) == [(R.MODEL_UNAVAILABLE, "a")]  # nobody knows yet

    after.call("a", SUCCESS, LATER + 1)

    assert firing(after.alerts) == []
    assert [(event.alert_id, event.lasted) for event in after.of(e.AlertResolved)] == [("A1", 61.0)]


def test_model_that_is_still_out_keeps_its_alert() -> None:
    before = House()
    for _ in range(2):
        before.call("a", FAILED, NOW)
    after = before.again()

    after.look(LATER)
    after.call("a", FAILED, LATER + 1)

    assert after.of(e.AlertRaised) == []
    assert after.fleet.members["a"].status is ModelStatus.UNAVAILABLE
    assert after.alert(R.MODEL_UNAVAILABLE).raised_at == NOW


def test_alert_whose_condition_did_not_outlive_the_restart_ends_at_once() -> None:
    before = House()
    tripped(before.alerts, NOW)  # of a model whose own state says otherwise
    before.hear([e.SettingsRefused(at=NOW, source="file", problem="none")])
    before.hear([e.KeyQuarantined(at=NOW, key=KEY, provider="acme", models=("b",))])
    before.hear([e.DegradedModeEntered(at=NOW, available_share=0.1, threshold=0.6)])
    assert [subject for _, subject in firing(before.alerts)] == ["a", SETTINGS, "b", FLEET]

    after = before.again()

    assert firing(after.alerts) == []
    assert [event.alert_id for event in after.of(e.AlertResolved)] == ["A1", "A2", "A3", "A4"]
    assert after.of(e.AlertsRestored) == []


def test_what_is_measured_goes_on_firing_until_it_is_measured_anew() -> None:
    before = House()
    before.hear(before.alerts.see([bad(R.RATE_LIMITED)], NOW))

    after = before.again()

    assert firing(after.alerts) == [(R.RATE_LIMITED, "a")]
    assert after.of(e.AlertRaised) == []


def test_alerts_of_models_that_left_the_settings_are_over() -> None:
    before = with_open_breaker()
    before.hear([status(ModelStatus.UNAVAILABLE, NOW, "b"), exhausted(NOW, "c"), exhausted(NOW, "a", "smart")])

    after = before.again(model_settings("z"))

    assert firing(after.alerts) == []
    assert len(after.of(e.AlertResolved)) == 5


def test_deactivated_model_has_no_alert_after_a_restart() -> None:
    before = with_open_breaker()
    before.hear(before.fleet.members["a"].isolate(NOW, "by ann"))
    assert firing(before.alerts) == []

    assert firing(before.again().alerts) == []


def test_exhausted_route_ends_by_time_as_it_would_have() -> None:
    before = House()
    before.hear([exhausted(NOW), exhausted(NOW + 20)])

    after = before.again()
    after.look(NOW + 20 + EXHAUSTED_KEEP - 1)
    assert firing(after.alerts) == [(R.FALLBACKS_EXHAUSTED, "a")]
    after.look(NOW + 20 + EXHAUSTED_KEEP)

    assert firing(after.alerts) == []


def test_exhausted_route_that_answers_again_ends_its_alert() -> None:
    before = House()
    before.hear([exhausted(NOW)])

    after = before.again(now=NOW + 5)
    after.hear([operation(NOW + EXHAUSTED_CALM)])

    assert firing(after.alerts) == []


def test_exhausted_route_lasts_no_longer_when_the_clock_was_set_back() -> None:
    before = House()
    before.hear([exhausted(NOW)])

    after = before.again(now=NOW - 86_400)
    after.look(NOW - 86_400 + EXHAUSTED_KEEP)

    assert firing(after.alerts) == []
    [over] = after.of(e.AlertResolved)
    assert over.lasted == EXHAUSTED_KEEP


def test_exhausted_alert_of_which_nobody_knows_since_when_ends_at_once() -> None:
    before = House()
    before.hear([exhausted(NOW)])
    row = before.saved()[f"{ALERTS}1"]
    row["alerts"][0]["last"] = None

    assert firing(before.again(rows={f"{ALERTS}1": row}).alerts) == []


def test_latest_resolved_alerts_come_back_in_their_order() -> None:
    before = House()
    for number in range(KEPT_RESOLVED + 20):
        before.hear([down(NOW + 700 * number), up(NOW + 700 * number)])
    at = NOW + 700 * (KEPT_RESOLVED + 20)

    after = before.again(now=at)

    assert after.alerts.views() == before.alerts.views()
    assert len(after.alerts.views()) == KEPT_RESOLVED
    after.hear([down(at + 700), up(at + 700)])
    assert len(after.alerts.views()) == KEPT_RESOLVED
    assert len(after.saved()) == len(before.saved())


def test_more_resolved_alerts_than_are_kept_leave_the_latest() -> None:
    before = House()
    parts: dict[str, Any] = {}
    for number in range(1, 2 * KEPT_RESOLVED):  # an old part is written anew when something in it changes only
        before.hear([down(NOW + 700 * number), up(NOW + 700 * number)])
        parts |= json.loads(json.dumps(before.memory.alert(f"A{number}")))

    after = before.again(rows=parts)

    assert after.alerts.views() == before.alerts.views()


def test_part_of_the_book_never_outgrows_its_row() -> None:
    before = House()
    for number in range(20):
        name = f"{number}" + "\u00e9" * 3_000
        for turn in range(SLOTS - 1):
            told(before.alerts, down(NOW, f"{number}/{turn}"), up(NOW, f"{number}/{turn}"))
        told(before.alerts, down(NOW, name))

    rows = {name: row for name, row in before.saved().items() if name.startswith(ALERTS)}

    assert max(len(json.dumps(row)) for row in rows.values()) <= ROW_LIMIT + 100
    assert len(rows[f"{ALERTS}0"]["alerts"]) < 20


def test_long_text_is_cut_and_its_alert_kept() -> None:
    before = House()
    models = tuple(f"model-{number}" for number in range(1_000))
    before.hear([e.KeyQuarantined(at=NOW, key=KEY, provider="acme", models=models)])

    [row] = before.saved()[f"{ALERTS}1"]["alerts"]

    assert len(row["text"]) == TEXT_LIMIT


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "of a newer version"},
        {"number": 2},
        {"number": -1},
        {"subject": None},
        {"raised_at": "yesterday"},
        {"acknowledged_by": 7},
    ],
)
def test_part_that_is_not_whole_is_told_and_left_out(change: dict[str, Any]) -> None:
    before = with_open_breaker()
    row = before.saved()[f"{ALERTS}1"]
    row["alerts"][0].update(change)

    after = before.again(rows={f"{ALERTS}1": row})

    assert len(after.of(e.ServiceFailed)) == 1
    assert [event.rule for event in after.of(e.AlertRaised)] == [R.MODEL_UNAVAILABLE]
    assert (R.BREAKER_OPEN, "a") in firing(after.alerts)


def test_same_alert_twice_is_taken_once() -> None:
    before = with_open_breaker()
    row = before.saved()[f"{ALERTS}1"]
    row["alerts"].append(row["alerts"][0] | {"number": 1 + SLOTS})

    after = before.again(rows={f"{ALERTS}1": row})

    assert sorted(alert.alert_id for alert in after.alerts.views()) == ["A1", "A2"]


def test_only_routes_that_are_exhausted_have_a_part_to_move_on() -> None:
    house = House()
    house.hear([exhausted(NOW, "b")])

    assert house.alerts.slot_of_exhausted("a") is None
    assert house.alerts.slot_of_exhausted("b") == 1


@MODEST
@given(st.data())
def test_whatever_stands_in_the_rows_of_the_fleet_it_starts_and_works(data: st.DataObject) -> None:
    before = with_open_breaker()
    before.budget.pay(10, NOW)
    rows = before.saved()
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(name for name in rows if name.startswith("!"))))
        row = data.draw(st.sampled_from([rows, rows[name], *(rows[name].get("alerts") or ())]))
        row[data.draw(st.sampled_from(sorted(row)))] = data.draw(ANY_JSON)
        if not all(isinstance(row, dict) and isinstance(row.get("alerts", []), list) for row in rows.values()):
            break

    after = House(now=LATER, saved=rows)
    for second in range(0, 400, 40):
        after.look(LATER + second)
    after.hear(after.fleet.members["b"].trip(LATER + 400, "by ann"))

    json.dumps(after.memory.save())
    after.alerts.views()


# --- silences, and what waits ------------------------------------------------------------------------


def test_silences_stand_under_their_ids_and_numbers_go_on() -> None:
    before = House()
    before.hear(before.alerts.silence(wanted("model=a"), NOW))
    before.hear(before.alerts.silence(wanted("model=b"), NOW))
    before.hear([down(NOW)])

    after = before.again()
    after.hear(after.alerts.silence(wanted("model=c", begins=LATER), LATER))

    assert after.alerts.silences()[:2] == before.alerts.silences()
    assert [silence.silence_id for silence in after.alerts.silences()] == ["S1", "S2", "S3"]
    assert [event.silence_id for event in before.of(e.AlertMuted)] == ["S1"]


def test_silence_that_ended_leaves_an_empty_part_behind() -> None:
    before = House()
    before.hear(before.alerts.silence(wanted("model=a"), NOW))
    stood = before.saved()
    before.hear(before.alerts.unsilence("S1", "ann", NOW + 1))

    assert stood[f"{SILENCES}1"]["silences"]
    assert before.memory.silence("S1")[f"{SILENCES}1"]["silences"] == []
    assert before.saved()[f"{SILENCES}1"]["silences"] == []
    assert before.memory.silence("") == {}


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"matchers": []},
        {"matchers": ["planet=mars"]},
        {"matchers": [1]},
        {"until": None},
        {"by": 7},
    ],
)
def test_part_of_the_silences_that_is_not_whole_is_told_and_left_out(change: dict[str, Any]) -> None:
    before = House()
    before.hear(before.alerts.silence(wanted("model=a"), NOW))
    row = before.saved()[f"{SILENCES}1"]
    row["silences"][0].update(change)

    after = before.again(rows={f"{SILENCES}1": row})

    assert [event.service for event in after.of(e.ServiceFailed)] == ["the saved state of the silences"]
    assert after.alerts.silences() == ()


def test_what_waits_to_be_an_alert_waits_from_where_it_began() -> None:
    before = House()
    before.hear(before.fleet.members["a"].trip(NOW, "by ann"))

    after = before.again(now=NOW + 30)
    after.look(NOW + 60)

    assert [(event.rule, event.at) for event in after.of(e.AlertRaised)] == [(R.BREAKER_OPEN, NOW + 60)]
    assert after.saved()[PENDING] == {"pending": []}


@pytest.mark.parametrize(
    "row", [None, {}, {"pending": 1}, {"pending": [{}]}, {"pending": [{"rule": "of a newer version"}]}]
)
def test_what_waits_and_cannot_be_read_is_told_and_left_out(row: Any) -> None:
    before = House()
    before.hear(before.fleet.members["a"].trip(NOW, "by ann"))

    after = before.again(now=NOW + 30, rows={PENDING: row})

    services = [event.service for event in after.of(e.ServiceFailed)]
    assert services == ["the saved state of what waits to be an alert"]


def test_what_is_measured_for_days_is_kept_and_what_cannot_be_read_of_it_is_told() -> None:
    before = House()
    before.hear([operation(NOW, OperationResult.FAILED)])
    kept = json.loads(json.dumps(before.memory.save(NOW)))

    after = House(now=LATER, saved=kept)
    unread = House(now=LATER, saved=kept | {CONDITIONS: {"all": 1}})

    assert after.of(e.ServiceFailed) == []
    assert after.memory.conditions(LATER) == before.memory.conditions(LATER)
    services = [event.service for event in unread.of(e.ServiceFailed)]
    assert services == ["the saved state of what is measured for days"]


def test_alerts_of_a_version_that_kept_no_labels_are_about_what_their_rule_says() -> None:
    before = House()
    before.hear([down(NOW), exhausted(NOW), e.DegradedModeEntered(at=NOW, available_share=0.1, threshold=0.6)])
    for target in ("*", "provider:acme", "b"):
        hold = HoldView(HoldKind.KILLED, target, "ann", NOW, reason="leak")
        before.hear(before.fleet.warden.place(hold, NOW, cause="by ann"))
    parts = {name: row for name, row in before.saved().items() if name.startswith(ALERTS)}
    for row in parts.values():
        row["alerts"] = [
            {name: value for name, value in alert.items() if name in OLD_FIELDS} for alert in row["alerts"]
        ]
    slots = [slot_of_record(row, int(name.removeprefix(ALERTS))) for name, row in parts.items()]
    after = AlertBook()

    after.restore(slots, LATER)

    assert {(alert.rule, alert.subject): alert.labels for alert in after.views()} == {
        (R.MODEL_UNAVAILABLE, "a"): (("model", "a"),),
        (R.FALLBACKS_EXHAUSTED, "a"): (("route", "a"),),
        (R.DEGRADED_MODE, FLEET): (),
        (R.KILL_SWITCH, "*"): (),
        (R.KILL_SWITCH, "provider:acme"): (("provider", "acme"),),
        (R.KILL_SWITCH, "b"): (("model", "b"),),
    }


@pytest.mark.parametrize(
    "change",
    [
        {"labels": [["model"]]},
        {"notes": "x"},
        {"history": [1]},
        {"history": 3},
        {"is_flapping": "yes"},
        {"times": -1},
        {"acknowledged_until": "soon"},
    ],
)
def test_alert_with_a_later_field_that_is_not_what_it_is_meant_to_be_is_left_out(change: dict[str, Any]) -> None:
    before = House()
    before.hear([down(NOW)])
    row = before.saved()[f"{ALERTS}1"]
    row["alerts"][0].update(change)

    after = before.again(rows={f"{ALERTS}1": row})

    assert len(after.of(e.ServiceFailed)) == 1
    assert after.alerts.alert("A1") is None


def test_alert_that_flaps_without_a_history_is_calm_soon() -> None:
    before = House()
    before.hear([down(NOW)])
    row = before.saved()[f"{ALERTS}1"]
    row["alerts"][0] |= {"is_flapping": True, "history": None}

    after = before.again(rows={f"{ALERTS}1": row})
    after.look(LATER)

    assert [event.is_flapping for event in after.of(e.AlertFlapping)] == [False]


# --- keys ------------------------------------------------------------------------------------------


def keyed(*names: str, key: str = KEY) -> tuple[ModelSettings, ...]:
    return tuple(model_settings(name, key=key) for name in names)


def refused(*names: str) -> House:
    house = House(*keyed(*names))
    house.call(names[0], REFUSED, NOW)
    return house


def test_refused_key_stays_so_until_a_look_succeeds() -> None:
    before = refused("a", "b")

    after = before.again(*keyed("a", "b"), now=NOW + 10)

    assert [(event.models, event.cause) for event in after.of(e.KeyQuarantined)] == [(("a", "b"), AS_BEFORE)]
    assert after.of(e.AlertRaised) == []
    assert not after.fleet.members["b"].would_admit(NOW + FAULT_SECONDS - 1)
    after.call("b", SUCCESS, NOW + FAULT_SECONDS)
    assert len(after.of(e.KeyRestored)) == 1
    assert firing(after.alerts) == []


def test_refused_key_is_told_under_the_same_model_whatever_their_order() -> None:
    before = refused("a", "b")

    after = before.again(*keyed("b", "a"))

    assert after.of(e.KeyQuarantined)[0].models == ("a", "b")
    assert (R.KEY_REFUSED, "a") in firing(after.alerts)
    assert after.of(e.AlertRaised) == []


def test_refused_key_whose_first_model_left_is_told_under_the_next() -> None:
    after = refused("a", "b").again(*keyed("b"))

    assert [event.subject for event in after.of(e.AlertRaised)] == ["b"]
    assert (R.KEY_REFUSED, "b") in firing(after.alerts)
    assert (R.KEY_REFUSED, "a") not in firing(after.alerts)


def test_another_key_is_not_refused() -> None:
    after = refused("a", "b").again(*keyed("a", "b", key="env:OTHER"))

    assert after.of(e.KeyQuarantined) == []
    assert after.fleet.members["a"].would_admit(LATER)


def test_refused_key_waits_no_longer_when_the_clock_was_set_back() -> None:
    after = refused("a").again(*keyed("a"), now=NOW - 86_400)

    assert after.fleet.members["a"].would_admit(NOW - 86_400 + FAULT_SECONDS)


def test_key_that_is_taken_again_is_written_as_such_once() -> None:
    before = refused("a")
    [name] = before.memory.keys()
    assert name.startswith(KEYS)
    assert KEY not in name

    before.hear(before.fleet.free_keys(NOW))

    assert before.memory.keys()[name]["is_refused"] is False
    assert before.memory.keys() == {}
    assert before.again(*keyed("a"), rows={name: {**refused("a").saved()[name], "is_refused": False}}).told == []


def test_key_that_nobody_uses_any_more_is_written_as_free() -> None:
    before = refused("a")
    [name] = before.memory.keys()

    before.hear(before.fleet.reconfigure(Settings(keyed("a", key="env:OTHER")), NOW))

    assert before.memory.keys()[name]["is_refused"] is False


def test_key_from_before_the_restart_is_written_as_free_when_it_is() -> None:
    after = refused("a").again(*keyed("a"))

    after.hear(after.fleet.free_keys(LATER))

    assert [row["is_refused"] for row in after.memory.keys().values()] == [False]


def test_key_that_cannot_be_read_is_told_and_begins_afresh() -> None:
    before = refused("a")
    [name] = before.memory.keys()

    after = before.again(*keyed("a"), rows={name: {"is_refused": "yes"}})

    assert [event.service for event in after.of(e.ServiceFailed)] == ["the saved state of a key"]
    assert after.fleet.members["a"].would_admit(LATER)
    assert (R.KEY_REFUSED, "a") not in firing(after.alerts)


# --- outliers --------------------------------------------------------------------------------------

EJECTING = ResilienceSettings(outlier_ejection=True)


def ejected() -> House:
    house = House(fleet=EJECTING)
    for name in "abcd":
        for _ in range(30):
            house.fleet.compare(name, NOW, is_failure=name == "a")
    house.look(NOW + SWEEP_EVERY)
    assert house.fleet.members["a"].restraint.ejected_until is not None
    return house


def test_outlier_is_left_alone_until_the_same_instant() -> None:
    before = ejected()
    until = before.fleet.members["a"].restraint.ejected_until
    assert until is not None

    after = House(now=until - 5, saved=before.saved(), fleet=EJECTING)

    assert [(event.until, event.cause) for event in after.of(e.OutlierEjected)] == [
        (until, f"{AS_BEFORE}: {OUTLIER}")
    ]
    assert not after.fleet.members["a"].would_admit(until - 1)
    after.look(until + SWEEP_EVERY)
    assert [event.model for event in after.of(e.OutlierReturned)] == ["a"]


def test_ejection_that_ran_out_is_over_and_the_next_one_is_longer() -> None:
    before = ejected()

    after = House(now=NOW + 3_600, saved=before.saved(), fleet=EJECTING)

    assert after.of(e.OutlierEjected) == []
    assert after.saved()["a"]["ejection"] == {"at": None, "multiplier": 1}


def test_ejection_lasts_no_longer_when_the_clock_was_set_back() -> None:
    after = House(now=NOW - 86_400, saved=ejected().saved(), fleet=EJECTING)

    assert [event.until for event in after.of(e.OutlierEjected)] == [NOW - 86_400 + 30]


def test_ejection_ends_where_outliers_are_not_sought_any_more() -> None:
    assert House(now=LATER, saved=ejected().saved()).of(e.OutlierEjected) == []


# --- degraded mode and probes ----------------------------------------------------------------------


def degraded() -> House:
    house = House()
    for name in "abc":
        house.hear(house.fleet.members[name].trip(NOW, "by ann"))
    house.look(NOW)
    assert house.degradation.level is DegradationLevel.REDUCED
    return house


def test_degraded_mode_goes_on_with_its_alert() -> None:
    before = degraded()

    after = before.again(now=NOW + 1)
    after.look(NOW + 1)

    assert (after.degradation.level, after.degradation.since) == (DegradationLevel.REDUCED, NOW)
    assert [(event.new, event.cause) for event in after.of(e.DegradationChanged)] == [
        (DegradationLevel.REDUCED, AS_BEFORE)
    ]
    assert after.of(e.AlertRaised) == after.of(e.DegradedModeEntered) == []
    assert (R.DEGRADED_MODE, FLEET) in firing(after.alerts)


def test_degraded_mode_that_is_over_is_left_after_its_hold() -> None:
    before = degraded()
    rows = {name: row for name, row in before.saved().items() if name.startswith("!")}

    after = House(now=LATER, saved=rows)
    after.look(LATER)
    assert after.degradation.is_degraded
    after.look(LATER + HOLD)

    assert [event.lasted for event in after.of(e.DegradedModeLeft)] == [60.0 + HOLD]
    assert (R.DEGRADED_MODE, FLEET) not in firing(after.alerts)


def test_level_without_its_beginning_begins_now() -> None:
    row = {"level": "essential", "since": None, "available_share": 0.2}

    after = House(now=LATER, saved={DEGRADATION: row})

    assert (after.degradation.level, after.degradation.since) == (DegradationLevel.ESSENTIAL, LATER)


@pytest.mark.parametrize("row", [None, {"level": "full"}, {"level": "none", "since": None, "available_share": 1}])
def test_level_that_cannot_be_read_is_told(row: Any) -> None:
    after = House(now=LATER, saved={DEGRADATION: row})

    assert [event.service for event in after.of(e.ServiceFailed)] == ["the saved state of degraded mode"]
    assert not after.degradation.is_degraded


def test_what_probes_cost_today_is_remembered_and_ends_with_the_day() -> None:
    before = House()
    before.budget.pay(900, NOW)

    after = before.again()

    assert after.budget.spent_today(LATER) == 900
    assert not after.budget.pay(200, LATER)
    assert before.again(now=NOW + DAY).budget.pay(200, NOW + DAY)


def test_fleet_that_paid_for_no_probe_writes_none_down() -> None:
    assert PROBES not in House().saved()


def test_budget_that_cannot_be_read_is_told() -> None:
    after = House(saved={PROBES: {"day": 1, "spent": -1}})

    assert [event.service for event in after.of(e.ServiceFailed)] == ["the saved state of the budget of probes"]


# --- what is written ---------------------------------------------------------------------------------


def test_rows_of_the_fleet_are_no_models() -> None:
    house = degraded()
    house.budget.pay(1, NOW)

    names = set(house.saved())

    assert {name for name in names if not name.startswith("!")} == set("abcd")
    assert {DEGRADATION, PROBES, f"{ALERTS}1"} <= names


def test_name_that_is_no_models_has_no_row() -> None:
    assert House().memory.model("A1") == {}


def test_alert_that_fires_has_the_state_of_one_that_fires() -> None:
    after = with_open_breaker().again()

    assert {alert.state for alert in after.alerts.views()} == {AlertState.FIRING}
