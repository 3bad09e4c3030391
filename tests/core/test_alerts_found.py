"""How alerts, notices and silences fared in a window, and what a report says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hive_console.core import alerts_found
from hive_console.core import events as e
from hive_console.core.alerts_found import AlertMeter, AlertsFound
from hive_console.core.report import Findings, report_of
from hive_console.core.report_page import page
from hive_console.core.states import AlertRule, NoticeEnd, NoticeKind, Severity
from hive_console.core.store import FleetAt
from tests.core.samples import NOW


def about(alert_id: str = "A1", rule: AlertRule = AlertRule.MODEL_ERRORS) -> dict[str, Any]:
    return {"alert_id": alert_id, "rule": rule, "subject": "a"}


def raised(alert_id: str = "A1", at: float = NOW, **more: Any) -> e.AlertRaised:  # any field of it
    return replace(e.AlertRaised(at=at, severity=Severity.WARNING, text="it fails", **about(alert_id)), **more)


def taken(alert_id: str, at: float) -> e.AlertAcknowledged:
    return e.AlertAcknowledged(at=at, actor="ann", **about(alert_id))


def resolved(alert_id: str, at: float, lasted: float) -> e.AlertResolved:
    return e.AlertResolved(at=at, lasted=lasted, **about(alert_id))


def settled(end: NoticeEnd, attempts: int, channel: str = "ops") -> e.NoticeSettled:
    return e.NoticeSettled(
        at=NOW,
        notice_id="N1",
        channel=channel,
        end=end,
        kind=NoticeKind.FIRING,
        alert_ids=("A1",),
        attempts=attempts,
    )


def placed(silence_id: str, reason: str = "deploy") -> e.SilencePlaced:
    return e.SilencePlaced(
        at=NOW, silence_id=silence_id, matchers=("model=a",), by="ann", reason=reason, begins=NOW, until=NOW + 60
    )


def found(*events: e.Event) -> AlertsFound:
    meter = AlertMeter()
    for event in events:
        meter.observe(event)
    return meter.found()


def alerts_of(alerting: AlertsFound) -> str:
    report = report_of(Findings(begin=NOW, end=NOW + 60, fleet=FleetAt(at=NOW + 60), alerting=alerting))
    return "\n".join(page(report)).partition("\n## Alerts\n")[2].partition("\n## ")[0]


def test_mean_times_are_of_those_that_were_taken_and_of_those_that_ended() -> None:
    again = e.AlertReopened(at=NOW + 200, severity=Severity.WARNING, text="again", **about("A1"))

    (rule,) = found(
        raised("A1"),
        raised("A2"),
        raised("A3"),
        taken("A1", NOW + 30),
        taken("A1", NOW + 40),  # says another end: it had it already
        taken("A2", NOW + 90),
        resolved("A1", NOW + 100, 100.0),
        again,
        taken("A1", NOW + 230),
        taken("A9", NOW + 30),  # raised before the window: nobody knows when
    ).rules

    assert (rule.rule, rule.raised, rule.reopened, rule.taken) == ("model-error-rate", 3, 1, 3)
    assert rule.mean_time_to_acknowledge == 50.0
    assert (rule.resolved, rule.mean_time_to_resolve) == (1, 100.0)


def test_where_nothing_was_taken_or_ended_no_time_is_told() -> None:
    (rule,) = found(raised()).rules

    assert (rule.mean_time_to_acknowledge, rule.mean_time_to_resolve) == (None, None)


def test_a_rule_of_the_settings_file_is_told_by_its_name() -> None:
    own = raised("A1", rule=AlertRule.OWN, name="too-dear")
    muted = e.AlertMuted(at=NOW, by_alert="A2", **about("A1", AlertRule.OWN))
    heard = replace(muted, by_alert="")

    rules = found(own, muted, heard, raised("A2"), raised("A3")).rules

    assert [(rule.rule, rule.raised, rule.muted) for rule in rules] == [
        ("model-error-rate", 2, 0),
        ("too-dear", 1, 1),
    ]


def test_notices_are_counted_by_channel_and_end() -> None:
    broken = e.ChannelChanged(at=NOW, channel="mail", is_open=True, cause="550")

    mail, ops = found(
        settled(NoticeEnd.DELIVERED, 3),
        settled(NoticeEnd.DEAD, 5),
        settled(NoticeEnd.SUPERSEDED, 0),
        broken,
        replace(broken, is_open=False),
    ).channels

    assert (ops.ends[NoticeEnd.DELIVERED], ops.ends[NoticeEnd.DEAD], ops.failed) == (1, 1, 7)
    assert (mail.broken, mail.failed) == (1, 0)


def test_am_1639_silences_that_hid_something_are_told_with_whose_they_are() -> None:
    muted = e.AlertMuted(at=NOW, silence_id="S1", **about())

    silences = found(
        placed("S1"),
        placed("S2"),
        muted,
        e.SilenceEnded(at=NOW + 60, silence_id="S2", cause="over"),
        e.SilenceEnded(at=NOW + 60, silence_id="S7", cause="over", hid=4),
    ).silences

    assert [(one.silence_id, one.hid, one.by, one.reason) for one in silences] == [
        ("S7", 4, "", ""),
        ("S1", 1, "ann", "deploy"),
    ]


def test_what_is_told_apart_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOST_RULES", "MOST_ALERTS", "MOST_SILENCES"):
        monkeypatch.setattr(alerts_found, name, 1)

    told = found(
        raised("A1", rule=AlertRule.OWN, name="one"),
        raised("A2", rule=AlertRule.OWN, name="two"),
        raised("A3", rule=AlertRule.KILL_SWITCH),
        taken("A2", NOW + 1),
        placed("S1"),
        placed("S2"),
        e.AlertMuted(at=NOW, silence_id="S2", **about("A1")),
        placed("S3"),
        e.AlertMuted(at=NOW, silence_id="S3", **about("A1")),
    )

    assert [(rule.rule, rule.raised, rule.taken) for rule in told.rules] == [("one", 1, 0)]
    assert [one.silence_id for one in told.silences] == ["S2"]


def test_other_events_change_nothing() -> None:
    assert found(e.EngineStopped(at=NOW)) == AlertsFound()


# --- the page --------------------------------------------------------------------------------------


def test_the_report_tells_rules_channels_and_silences() -> None:
    told = alerts_of(
        found(
            raised(),
            taken("A1", NOW + 30),
            resolved("A1", NOW + 90, 90.0),
            settled(NoticeEnd.DELIVERED, 2),
            placed("S1"),
            e.SilenceEnded(at=NOW + 60, silence_id="S1", cause="over", hid=2),
            e.SilenceEnded(at=NOW + 60, silence_id="S2", cause="over", hid=1),
        )
    )

    assert "| `model-error-rate` | 1 | 0 | 0 | 1 | 30 s | 1 | 1 m |" in told
    assert "| `ops` | 1 | 1 | 0 | 0 | 0 | 0 |" in told
    assert 'silence S1 of model=a by ann hid 2 alerts, because "deploy"' in told
    assert "silence S2 hid 1 alert" in told


def test_a_quiet_window_has_no_empty_tables() -> None:
    assert "|" not in alerts_of(AlertsFound())


def test_hostile_names_stay_in_code() -> None:
    hostile = "x` | <b>evil</b>\n# forged"
    told = alerts_of(
        found(
            raised(rule=AlertRule.OWN, name=hostile),
            settled(NoticeEnd.DEAD, 1, hostile),
            placed("S1", hostile),
            e.SilenceEnded(at=NOW, silence_id="S1", cause="over", hid=1),
        )
    )

    assert "\n# forged" not in told
    assert "``x` \\| <b>evil</b>" in told
