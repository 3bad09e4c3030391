"""The program is killed while it tells people: over real sockets nothing is lost, told anew, or left standing."""

from __future__ import annotations

from pathlib import Path

from tests.system.alert_lives import MOMENTS, live, lives


def test_kills_lose_no_notice_and_call_off_every_one(tmp_path: Path) -> None:
    with lives(tmp_path) as scene:
        scene.hook.script += ["take and cut", "take", "429"]
        live(scene, MOMENTS)

        scene.engine.stop()

    assert scene.problems() == []
    assert (scene.kills, scene.told("firing"), scene.told("resolved")) == (3, 3, 3)
