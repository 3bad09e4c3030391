"""What calls a person who looks elsewhere: the window's title and the bell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import AlertState, NoticeKind, Severity
from hive_console.engine.client import EventPage
from hive_console.ui.app import HiveApp
from hive_console.ui.asides import RESTORE_TITLE, SAVE_TITLE
from hive_console.ui.attention import CALL_EVERY, QUIET_FOR, Attention, Call, window_title
from hive_console.ui.look import Look
from hive_console.ui.terminal import TITLE_LIMIT, has_title, notification_sequence
from tests.screens import posted
from tests.screens.alert_scenes import busy, channel, notice
from tests.screens.payloads import PAYLOADS
from tests.screens.posted import NOW, FakeClient
from tests.screens.recorded import Recording, orders_in, recording
from tests.screens.reviewed import reviewed

BELL = "\x07"


@pytest.fixture
def terminals(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Recording]]:
    with recording(monkeypatch) as made:
        yield made


def alerted(*names: str, severity: Severity = Severity.CRITICAL, by: str | None = None) -> FleetSnapshot:
    alerts = tuple(posted.alert(name, severity=severity, acknowledged_by=by) for name in names)
    return replace(posted.healthy(), alerts=alerts, environment="prod")


def rung(*fleets: FleetSnapshot, step: float = QUIET_FOR) -> list[bool]:
    """Whether each of these snapshots, `step` seconds apart, rings."""
    attention = Attention()
    return [attention.rings(fleet, place * step) for place, fleet in enumerate(fleets)]


def test_a_new_critical_alert_rings_once() -> None:
    assert rung(alerted(), alerted("a"), alerted("a")) == [False, True, False]


def test_what_was_there_when_the_console_came_does_not_ring() -> None:
    assert rung(alerted("a"), alerted("a"), alerted("a", "b")) == [False, False, True]


def test_nothing_rings_before_the_engine_told_anything() -> None:
    nothing_yet = replace(alerted(), sequence=0)

    assert rung(nothing_yet, alerted("a"), alerted("a", "b")) == [False, False, True]


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.WARNING])
def test_what_is_not_critical_does_not_ring(severity: Severity) -> None:
    assert rung(alerted(), alerted("a", severity=severity)) == [False, False]


def test_what_somebody_acknowledged_or_what_ended_does_not_ring() -> None:
    ended = replace(
        alerted("a"), alerts=(posted.alert("a", state=AlertState.RESOLVED, severity=Severity.CRITICAL),)
    )

    assert rung(alerted(), alerted("a", by="maria"), ended) == [False, False, False]


def test_an_outage_with_many_alerts_rings_once_in_half_a_minute() -> None:
    storm = [alerted(*"abcdefgh"[:count]) for count in range(8)]

    assert rung(*storm, step=QUIET_FOR / 4).count(True) == 2


def test_a_muted_bell_stays_silent_and_does_not_make_up_for_it() -> None:
    attention = Attention(is_muted=True)
    told = [attention.rings(fleet, 0.0) for fleet in (alerted(), alerted("a"))]
    attention.is_muted = False

    assert [*told, attention.rings(alerted("a"), 1.0)] == [False, False, False]


def test_the_title_counts_what_waits_for_somebody() -> None:
    assert window_title(alerted("a", "b")) == "(2) HIVE prod"
    assert window_title(alerted("a", by="maria")) == "HIVE prod"
    assert window_title(replace(alerted(), environment="")) == "HIVE"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_name_of_an_environment_breaks_out_of_the_title(payload: str) -> None:
    title = window_title(replace(alerted(), environment=payload))

    assert title.isprintable()
    assert len(title) <= TITLE_LIMIT


async def test_a_review_says_so_in_its_title_and_never_rings() -> None:
    async with reviewed() as review:
        fleet = review.client.snapshot()

        assert window_title(fleet) == "HIVE review incident-7.db"
        assert rung(replace(fleet, alerts=()), replace(fleet, alerts=(posted.alert("a"),))) == [False, False]


async def test_the_terminal_is_told_title_and_bell_and_m_mutes(terminals: list[Recording]) -> None:
    client = FakeClient(alerted())
    clock = [NOW]
    app = HiveApp(client, now=lambda: clock[0], look=Look())
    async with app.run_test() as pilot:
        app.call_for_attention()
        client.post(alerted("a"))
        app.call_for_attention()
        await pilot.press("m")
        client.post(alerted("a", "b"))
        clock[0] += QUIET_FOR
        app.call_for_attention()
        told = "".join(terminals[0].told)

    assert told.count(SAVE_TITLE) == 1
    assert [told.count(f"\x1b]2;{title}\x1b\\") for title in ("HIVE prod", "(1) HIVE prod", "(2) HIVE prod")] == [
        1,
        1,
        1,
    ]
    assert BELL in terminals[0].told
    assert terminals[0].told.count(BELL) == 1
    assert orders_in(told) == []


async def test_a_title_that_may_have_been_lost_is_sent_again(terminals: list[Recording]) -> None:
    app = HiveApp(FakeClient(alerted()), now=lambda: NOW, look=Look())
    async with app.run_test():
        app.call_for_attention()
        app.call_for_attention()
        app.terminal_drained()
        app.call_for_attention()
        terminals[0].give_window_back()
        told = "".join(terminals[0].told)

    assert told.count("\x1b]2;HIVE prod\x1b\\") == 2
    assert told.count(SAVE_TITLE) == told.count(RESTORE_TITLE) == 1


async def test_a_terminal_that_would_print_a_title_gets_none(terminals: list[Recording]) -> None:
    app = HiveApp(FakeClient(alerted("a")), now=lambda: NOW, look=Look(has_title=False))
    async with app.run_test():
        app.call_for_attention()

    assert "\x1b]2;" not in "".join(terminals[0].told)
    assert not has_title({"TERM": "linux"})
    assert has_title({"TERM": "tmux-256color"})


# --- notices to this terminal ---


def with_terminal() -> FleetSnapshot:
    return replace(busy(), channels=(channel("here", kind="terminal"), channel()))


def delivered(*ids: str, kind: NoticeKind = NoticeKind.FIRING, to: str = "here") -> EventPage:
    events = [one for name in ids for one in notice(name, to, NOW, (200, "ok", True), kind=kind)]
    return EventPage(events=tuple(events), cursor=len(events))


def begun() -> Attention:
    attention = Attention()
    attention.take(delivered("N-0"), with_terminal())
    return attention


def test_a_notice_to_a_terminal_calls_once_with_its_alert() -> None:
    attention = begun()
    attention.take(delivered("N-1"), with_terminal())

    assert attention.call(with_terminal(), NOW) == Call(
        "firing, critical: claude-4-sonnet is unavailable: 5 failures in a row", is_loud=True
    )
    assert attention.call(with_terminal(), NOW + CALL_EVERY) is None


def test_what_was_delivered_before_the_console_came_calls_nobody() -> None:
    assert begun().call(with_terminal(), NOW) is None


def test_many_notices_are_one_call_and_counted() -> None:
    attention = begun()
    attention.take(delivered("N-1"), with_terminal())
    first = attention.call(with_terminal(), NOW)
    attention.take(delivered(*(f"N-{place}" for place in range(2, 82))), with_terminal())
    soon, later = (attention.call(with_terminal(), NOW + wait) for wait in (CALL_EVERY / 2, CALL_EVERY))

    assert first is not None
    assert soon is None
    assert later is not None
    assert later.text.endswith("(and 79 more)")


def test_what_is_over_is_told_without_a_bell_and_a_test_says_so() -> None:
    attention = begun()
    attention.take(delivered("N-1", kind=NoticeKind.RESOLVED), with_terminal())
    quiet = attention.call(with_terminal(), NOW)
    attention.take(delivered("N-2", kind=NoticeKind.TEST), with_terminal())

    assert quiet is not None
    assert not quiet.is_loud
    assert attention.call(with_terminal(), NOW + CALL_EVERY) == Call("this is a test of channel here", is_loud=True)


def test_notices_to_other_channels_and_those_of_a_muted_console_call_nobody() -> None:
    attention = begun()
    attention.take(delivered("N-1", to="slack"), with_terminal())
    attention.is_muted = True
    attention.take(delivered("N-2"), with_terminal())
    attention.is_muted = False

    assert attention.call(with_terminal(), NOW) is None


@pytest.mark.parametrize(
    ("environ", "begins"),
    [
        ({"TERM": "xterm-256color"}, "\x1b]9;HIVE prod: a; b\x07"),
        ({"TERM": "foot"}, "\x1b]777;notify;HIVE prod;a, b\x07"),
        ({"TERM": "tmux-256color"}, "\x1b]9;HIVE prod: a; b\x07\x1bPtmux;\x1b\x1b]9;HIVE prod: a; b\x07\x1b\\"),
    ],
)
def test_a_notification_is_put_as_the_terminal_takes_it(environ: dict[str, str], begins: str) -> None:
    assert notification_sequence("HIVE prod", "a; b", environ) == begins


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_alert_breaks_out_of_a_notification(payload: str) -> None:
    for term in ("xterm", "foot"):
        told = notification_sequence(payload, payload, {"TERM": term})

        assert told[2:-1].isprintable()
        assert told.count(";") <= 3 or term == "xterm"


async def test_a_terminal_channel_rings_and_notifies_instead_of_each_critical_alert(
    terminals: list[Recording],
) -> None:
    client = FakeClient(replace(with_terminal(), alerts=()))
    clock = [NOW]
    app = HiveApp(client, now=lambda: clock[0], look=Look(), environ={"TERM": "xterm"})
    async with app.run_test():
        app.call_for_attention()
        client.post(with_terminal())
        app.call_for_attention()
        rung_before = BELL in terminals[0].told
        client.publish(*notice("N-1", "here", NOW, (200, "ok", True)))
        app.call_for_attention()

    assert not rung_before
    assert terminals[0].told.count(BELL) == 1
    assert any(told.startswith("\x1b]9;(1) HIVE prod: firing, critical: claude") for told in terminals[0].told)
