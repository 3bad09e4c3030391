"""What somebody missed, on the fleet's screen until they put it away; it delays nothing and acts on nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from hive_console.engine.client import EngineClient
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece

MOST_LINES = 4

LOOK_PERIOD = 0.25
"""Seconds between two looks at whether the digest is there."""

Digest = Callable[[], Future[tuple[str, ...]]]
"""Asks for the lines; returns at once."""

_WAY_OUT = " esc: "
_SPACE = " " * len(_WAY_OUT)


class DigestPane(LinePane):
    """The lines, and the key that puts them away."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__(id="digest")
        self._told = lines[:MOST_LINES]
        self.styles.height = self.rows

    @property
    def rows(self) -> int:
        """Lines of the screen that it takes."""
        return len(self._told)

    def on_mount(self) -> None:
        self.show(tuple(map(_drawn, range(self.rows), self._told)))

    def on_click(self) -> None:
        self.remove()


def _drawn(place: int, line: str) -> Pieces:
    lead = Piece(_SPACE if place else _WAY_OUT, Role.MUTED)
    return (lead, Piece(line, Role.PLAIN, is_bold=not place))


class DigestLook:
    """Asks for the digest once the engine is up, and gives its lines to `show` when they are there.

    Args:
        client: tells that the engine is up: before, the recording may not be open.
        digest: asks for the lines.
        show: takes them; not called when nothing happened, or nobody can tell.
    """

    def __init__(self, client: EngineClient, digest: Digest, show: Callable[[tuple[str, ...]], None]) -> None:
        self._client, self._digest, self._show = client, digest, show
        self._asked: Future[tuple[str, ...]] | None = None

    def is_over(self) -> bool:
        """Looks; whether there is nothing more to look for."""
        if self._asked is None:
            if self._client.snapshot().sequence:
                self._asked = self._digest()
            return False
        if not self._asked.done():
            return False
        # A recording that cannot be read is told by the recorder and by the timeline; here it has nothing to say.
        if not self._asked.cancelled() and self._asked.exception() is None and self._asked.result():
            self._show(self._asked.result())
        return True
