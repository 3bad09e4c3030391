"""Debian's prometheus-alertmanager takes what we push, once, and lets go of what is over."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hive_console.adapters.notifiers import Notifiers
from hive_console.core.alert_settings import ChannelKind, ChannelSettings
from hive_console.core.gateway_settings import NetworkSettings
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt, Verdict
from hive_console.core.states import AlertRule, AlertState, NoticeKind, Severity
from tests.system.alertmanager import alertmanager_command

pytestmark = pytest.mark.system


class NoKeys:
    """A channel without secrets."""

    def key_of(self, reference: str) -> str:
        raise AssertionError(reference)

    def known(self) -> tuple[str, ...]:
        return ()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running Alertmanager that tells nobody."""
    folder = tmp_path_factory.mktemp("alertmanager")
    program = alertmanager_command(folder)
    if not program:
        pytest.skip("there is no Alertmanager here, and Debian's package cannot be had")
    settings = folder / "alertmanager.yml"
    settings.write_text("route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *program,
        f"--config.file={settings}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _wait_for(port, process, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"it does not answer: {log.read_text(encoding='utf-8')[-2000:]}")


def alert(subject: str, **changes: Any) -> AlertBrief:  # fields of any type
    made = AlertBrief(
        alert_id="A12",
        fingerprint="0123456789abcdef",
        rule=AlertRule.MODEL_UNAVAILABLE,
        name="model-unavailable",
        title="model unavailable",
        severity=Severity.CRITICAL,
        subject=subject,
        labels=(("provider", "openai"), ("an odd-name", "é <!channel>"), ("empty", "")),
        text="5 of 5 calls failed",
        state=AlertState.FIRING,
        raised_at=time.time() - 60,
    )
    return replace(made, **changes)


async def push(address: str, *alerts: AlertBrief, kind: NoticeKind = NoticeKind.FIRING) -> Receipt:
    notifiers = Notifiers(NoKeys(), network=NetworkSettings(), now=time.time, environment="prod")
    transport = notifiers(ChannelSettings("am", ChannelKind.ALERTMANAGER, address))
    try:
        if kind is NoticeKind.REPEAT:
            receipt = await transport.refresh(alerts)
            assert receipt is not None
            return receipt
        now = time.time()
        said = Notice(
            notice_id="N1",
            key="k",
            channel="am",
            kind=kind,
            thread="A12",
            alerts=alerts,
            count=len(alerts),
            queued_at=now,
            due=now,
        )
        return await transport.deliver(said)
    finally:
        await notifiers.close()


def held(address: str, subject: str) -> list[dict[str, Any]]:  # decoded JSON
    with urllib.request.urlopen(f"{address}/api/v2/alerts", timeout=10) as answer:  # noqa: S310 - loopback
        alerts: list[dict[str, Any]] = json.load(answer)
    return [one for one in alerts if one["labels"].get("subject") == subject]


async def test_what_fires_is_taken_with_its_labels(address: str) -> None:
    receipt = await push(address, alert("taken"))

    assert (receipt.verdict, receipt.status) == (Verdict.DELIVERED, 200)
    (one,) = held(address, "taken")
    assert one["status"]["state"] == "active"
    assert one["labels"] == {
        "alertname": "model-unavailable",
        "severity": "critical",
        "subject": "taken",
        "environment": "prod",
        "provider": "openai",
        "an_odd_name": "é <!channel>",
    }


async def test_the_same_twice_is_one_alert_that_holds_longer(address: str) -> None:
    same = alert("twice")
    await push(address, same)
    (first,) = held(address, "twice")
    assert (await push(address, replace(same, text="9 of 9"), kind=NoticeKind.REPEAT)).verdict is Verdict.DELIVERED
    (second,) = held(address, "twice")

    assert second["fingerprint"] == first["fingerprint"]
    assert second["startsAt"] == first["startsAt"]
    assert second["endsAt"] > first["endsAt"]
    assert second["annotations"]["description"] == "9 of 9"


async def test_what_is_over_is_let_go_of_and_may_fire_again(address: str) -> None:
    same = alert("over")
    ended = replace(same, state=AlertState.RESOLVED, resolved_at=time.time() - 1)
    await push(address, same)
    assert held(address, "over")

    assert (await push(address, ended, kind=NoticeKind.RESOLVED)).verdict is Verdict.DELIVERED
    assert not held(address, "over")

    await push(address, same)
    assert held(address, "over")


async def test_a_hundred_and_more_at_once_are_all_taken(address: str) -> None:
    many = tuple(alert("many", name=f"rule-{number}") for number in range(150))

    assert (await push(address, *many, kind=NoticeKind.REPEAT)).verdict is Verdict.DELIVERED
    assert len(held(address, "many")) == 150
