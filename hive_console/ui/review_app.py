"""The console on a recording: the ordinary screens, and keys that move through its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from typing import ClassVar, Protocol, runtime_checkable

from textual.binding import Binding, BindingType

from hive_console.core.past import past_of
from hive_console.engine.history import History
from hive_console.engine.time_cursor import TimeCursor
from hive_console.ui.app import HiveApp
from hive_console.ui.copying import KeepCopy
from hive_console.ui.key_bar import TIME
from hive_console.ui.look import Look
from hive_themes.shelf import DEFAULT

LOOK = 0.1
"""Seconds between two looks at whether the fleet of another time has come: faster than an eye waits."""

REFUSAL = "this is a recording; nothing can be acted on"


@runtime_checkable
class Ticking(Protocol):
    """A screen that draws what is new."""

    def tick(self) -> None:
        """Draws."""
        ...


@runtime_checkable
class AboutModel(Protocol):
    """A screen about one model."""

    @property
    def model_id(self) -> str:
        """Which one."""
        ...


class ReviewApp(HiveApp):
    """Shows a recording; ages and countdowns count from the cursor, and nothing can be acted on.

    Args:
        client: the recording.
        wall: the clock by which keys are answered, in seconds.
        on_first_paint: called once the first frame is drawn; the recording is opened then, not before.
        zone: of the times shown; `None` is the machine's own.
        theme: one of `hive_themes.shelf.ORDER`.
        no_color: takes every colour out (`NO_COLOR`).
        is_ascii: draws without Unicode (`TERM=linux`).
        history: the recording's lists; `None` where there is none to ask.
        look, keep_copy, environ: as in `HiveApp`.
    """

    # Each has a key that every terminal sends; arrows with shift and control are a convenience. Of two that
    # belong together one speaks for both.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "step(1)", "step", id=f"{TIME}step", key_display="← →", tooltip="a step back, or on"),
        Binding("left", "step(-1)", id=f"{TIME}step-back", show=False),
        Binding(
            "full_stop,shift+right",
            "event(1)",
            "event",
            id=f"{TIME}event",
            key_display=", .",
            tooltip="event before, or next",
        ),
        Binding("comma,shift+left", "event(-1)", id=f"{TIME}event-back", show=False),
        Binding(
            "greater_than_sign,ctrl+right",
            "leap(1)",
            "leap",
            id=f"{TIME}leap",
            key_display="< >",
            tooltip="a leap back, or on",
        ),
        Binding("less_than_sign,ctrl+left", "leap(-1)", id=f"{TIME}leap-back", show=False),
        Binding("J,at", "jump", "jump", id=f"{TIME}jump", key_display="J", tooltip="jump to a time"),
        Binding(
            "0,ctrl+home", "to_begin", "begin of the recording", id=f"{TIME}begin", show=False, key_display="0"
        ),
        Binding(
            "dollar_sign,ctrl+end", "to_end", "end of the recording", id=f"{TIME}end", show=False, key_display="$"
        ),
        Binding(
            "plus,equals_sign",
            "zoom(-1)",
            "shorter, longer steps",
            id=f"{TIME}finer",
            show=False,
            key_display="+ -",
        ),
        Binding("minus", "zoom(1)", id=f"{TIME}coarser", show=False),
    ]

    is_review = True

    def __init__(
        self,
        client: TimeCursor,
        *,
        wall: Callable[[], float],
        on_first_paint: Callable[[], None] = lambda: None,
        zone: tzinfo | None = None,
        theme: str = DEFAULT,
        no_color: bool = False,
        is_ascii: bool = False,
        history: History | None = None,
        look: Look | None = None,
        keep_copy: KeepCopy | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            client,
            now=lambda: client.snapshot().at,
            wall=wall,
            read_only=True,
            on_first_paint=on_first_paint,
            zone=zone,
            theme=theme,
            no_color=no_color,
            is_ascii=is_ascii,
            history=history,
            look=look,
            keep_copy=keep_copy,
            environ=environ,
        )
        self.refusal_to_act = REFUSAL
        self._cursor = client
        self._drawn = -1

    def on_mount(self) -> None:
        self.set_interval(LOOK, self.look)

    def look(self) -> None:
        """Draws the screen on top once there is something else to show."""
        sequence = self.client.snapshot().sequence
        if sequence == self._drawn:
            return
        self._drawn = sequence
        if isinstance(self.screen, Ticking):
            self.screen.tick()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is no key to become read-only, which it is, nor for a bell that never rings."""
        if action in {"become_read_only", "mute"}:
            return False
        return super().check_action(action, parameters)

    # --- moving ---

    def action_step(self, steps: int) -> None:
        self._cursor.step(steps)

    def action_leap(self, leaps: int) -> None:
        self._cursor.leap(leaps)

    def action_event(self, direction: int) -> None:
        """To the next thing that happened; on the screen of a model, to it."""
        models = (self.screen.model_id,) if isinstance(self.screen, AboutModel) else None
        self._cursor.to_event(is_later=direction > 0, models=models)

    def action_zoom(self, scales: int) -> None:
        self._cursor.zoom(scales)

    def action_to_begin(self) -> None:
        self._cursor.to_begin()

    def action_to_end(self) -> None:
        self._cursor.to_end()

    def action_jump(self) -> None:
        """Asks for a time, once there is something to jump in."""
        from hive_console.ui.jump_dialog import JumpDialog  # inputs cost 20 ms to load

        past = past_of(self.client.snapshot())
        if past is None or past.end is None or isinstance(self.screen, JumpDialog):
            return
        self.push_screen(JumpDialog(past, self.zone), self._jump_to)

    def _jump_to(self, at: float | None) -> None:
        if at is not None:
            self._cursor.to(at)

    # --- what is otherwise here ---

    def offers(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Moves that are worth a name."""
        yield "time: jump to a time", self.action_jump
        yield "time: the begin of the recording", self.action_to_begin
        yield "time: the end of the recording", self.action_to_end

    def action_reload(self) -> None:
        self._fleet_screen.say(REFUSAL)

    def action_ask_to_quit(self) -> None:
        """Nothing stops, so nothing is asked."""
        self.exit()
