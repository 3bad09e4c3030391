"""Reloads the settings of a running engine: when somebody asks, at SIGHUP, and when the file changed.

One reload at a time. The file is read and checked beside the engine's loop, and applied on it in one step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hive_console.core.events import MANY_CHANGES, SettingsNoticed
from hive_console.core.reload_report import ReloadReport
from hive_console.core.settings import ReloadMode
from hive_console.core.settings_diff import Change, summary
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.wiring.settings_file import Reading, SettingsFile

LOOK = 2.0
"""Seconds between two looks at the file. One that changed is read when it stood still for one of them: editors
write in several steps."""

NO_FILE = "these settings came from no file, so there is nothing to read again"

_HIDES = (".endpoint:", ": network")
"""What is in a problem that may name a provider's address: it is told to whoever asked, and not recorded."""


class Reloader:
    """Holds the file against what is in force.

    Attributes:
        asked: set it (on the engine's loop) to have the file applied, as SIGHUP does.
    """

    def __init__(
        self,
        engine: ResilienceEngine,
        file: SettingsFile | None,
        *,
        say: Callable[[str], None] = lambda _line: None,
        asked: asyncio.Event | None = None,
    ) -> None:
        """Takes what it needs.

        Args:
            engine: that runs.
            file: its settings file.
            say: told what a service's log should hold.
            asked: see there.
        """
        self.asked = asked or asyncio.Event()
        self._engine = engine
        self._file = file
        self._say = say
        self._one_at_a_time = asyncio.Lock()
        self._is_ending = False
        self._seen = None if file is None else file.loaded
        self._moving = self._seen
        self._digest = ""

    def end(self) -> None:
        """Changes nothing any more: the engine is stopping."""
        self._is_ending = True

    async def reload(
        self,
        *,
        actor: str = "",
        origin: str = "",
        dry_run: bool = False,
        expected: str = "",
        source: str = "command",
        is_watcher: bool = False,
    ) -> ReloadReport:
        """Reads the file and applies it, or says why not; with `dry_run`, only what it would change.

        Args:
            actor: who asks, as the system attests it; with one it is audited.
            origin: how they came, as far as anybody says.
            dry_run: whether only to look.
            expected: the digest of the content that somebody agreed to; nothing is done with another.
            source: what asks: `command`, `signal`, `file`.
            is_watcher: whether whoever asks may only look; refused, and audited, by the engine.
        """
        file = self._file
        if file is None or self._is_ending:
            return ReloadReport(is_good=False, message=NO_FILE if file is None else "the engine is stopping")
        if is_watcher and not dry_run:
            refused = await self._engine.refuse_reload(actor, origin=origin)
            return ReloadReport(is_good=False, message=refused.message, action_id=refused.action_id)
        async with self._one_at_a_time:
            reading = await asyncio.to_thread(file.read)
            if dry_run:
                return self._preview(reading)
            if expected and reading.digest != expected:
                return ReloadReport(is_good=False, message="the file has changed since; look again")
            self._note(reading)
            return await self._apply(reading, source=source, actor=actor, origin=origin)

    async def watch(self) -> None:
        """Looks at the file for ever."""
        while True:
            try:
                async with asyncio.timeout(LOOK):
                    await self.asked.wait()
            except TimeoutError:
                await self._look()
            else:
                self.asked.clear()
                await self.reload(source="signal")

    async def _look(self) -> None:
        """Reads a file that is another one than at the last reading and has stood still since the last look."""
        file = self._file
        if file is None or self._is_ending:
            return
        before, self._moving = self._moving, file.identity()
        if self._moving == self._seen or self._moving != before:
            return
        async with self._one_at_a_time:
            reading = await asyncio.to_thread(file.read)
            if self._note(reading):
                await self._take(reading)

    def _note(self, reading: Reading) -> bool:
        """Remembers what was read; whether its content is another one than the last."""
        is_news = reading.digest != self._digest or not reading.digest
        self._seen, self._digest = reading.identity, reading.digest
        return is_news

    async def _take(self, reading: Reading) -> None:
        """A change that nobody has asked for yet: broken ones are told, good ones applied or told."""
        settings = reading.settings
        engine = self._engine
        if settings is None or engine.settings.reload is ReloadMode.AUTO:
            await self._apply(reading, source="file")
            return
        changes = engine.changes_to(settings)
        if not changes:
            await engine.reload(settings, source="file")  # as in force: the alert of a broken file ends
            return
        told = _lines(changes)[:MANY_CHANGES]
        engine.publish(SettingsNoticed(at=engine.now(), changes=told, count=len(changes)))
        self._say(f"the settings file changed: {summary(changes)}; `hive-console reload` or SIGHUP applies it")

    def _preview(self, reading: Reading) -> ReloadReport:
        if reading.settings is None:
            return self._refused(reading)
        changes = self._engine.changes_to(reading.settings)
        return ReloadReport(
            is_good=True,
            message=f"would be applied: {summary(changes)}",
            changes=_lines(changes),
            warnings=reading.warnings,
            digest=reading.digest,
        )

    async def _apply(self, reading: Reading, *, source: str, actor: str = "", origin: str = "") -> ReloadReport:
        engine, settings = self._engine, reading.settings
        if settings is None:
            problem = told_in_public(reading.problems[0])
            count = len(reading.problems)
            result = await engine.refuse_settings(problem, count=count, source=source, actor=actor, origin=origin)
            return self._said(self._refused(reading, action_id=result.action_id))
        changes = engine.changes_to(settings)
        result = await engine.reload(settings, source=source, actor=actor, origin=origin)
        return self._said(
            ReloadReport(
                is_good=result.is_done,
                message=result.message,
                changes=_lines(changes) if result.is_done else (),
                warnings=reading.warnings,
                action_id=result.action_id,
            )
        )

    def _refused(self, reading: Reading, *, action_id: str = "") -> ReloadReport:
        count = len(reading.problems)
        message = f"refused: {count} problem{'s' if count > 1 else ''}; the settings before stay in force"
        return ReloadReport(is_good=False, message=message, problems=reading.problems, action_id=action_id)

    def _said(self, report: ReloadReport) -> ReloadReport:
        for line in (f"settings {report.message}", *report.changes, *report.problems, *report.warnings):
            self._say(line)
        return report


def told_in_public(problem: str) -> str:
    """A problem of the file as events and alerts may hold it."""
    if not any(word in problem for word in _HIDES):
        return problem
    place = problem.split(": ", 2)[:2]
    return f"{': '.join(place)}: cannot be used; `hive-console reload --dry-run` says why"


def _lines(changes: tuple[Change, ...]) -> tuple[str, ...]:
    return tuple(map(str, changes))
