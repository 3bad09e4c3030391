"""When the next frame may go to the terminal, told by the terminal itself. Pure: time comes in as an argument.

Behind each frame stands a question (`CSI 6 n`, where is the cursor?) that every terminal answers once it has drawn
what came before. The cursor stands in another column each time, so that each answer tells its frame. A picture that
nobody asked for goes only when the last one is drawn: no old frames ever stand in the link before the answer to a
key. Terminals that do not answer are drawn on by the clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MARKS = 64
"""Columns that tell frames apart: more than are ever under way."""

SLOW = 0.3
"""Seconds from which on an answer is slow, and half as many frames are sent: a person notices a third of one."""

LONGEST_PERIOD = 4.0
"""Seconds between two frames on the slowest link: less often would look like a standstill."""

FIRST_PATIENCE = 1.0
"""Seconds in which a terminal that answers at all gives its first answer; a late one counts all the same."""

LOST_PATIENCE = 10.0
"""Seconds after which an answer is held to be lost, and a frame is sent again: were the link only stalled, one
frame in this time does no harm."""

IN_FLIGHT = 4096
"""Bytes that may be under way before one more answer to a key: a fifth of a second on a link of 20 kB/s."""

SEEN_AFTER = 0.3
"""Seconds after which a frame is held to be seen on a terminal that does not answer."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A frame under way: when it went, its bytes, until when its picture had been put together, and its column."""

    at: float
    size: int
    until: float
    mark: int


class Link:
    """The way to one terminal. Moments (`at`) are seconds of any clock that goes on steadily.

    Args:
        period: seconds between two readings of the engine, when all is well.

    Attributes:
        rtt: seconds from the last frame that was answered for to its answer; `None` before the first.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._factor = 1
        self._under_way: deque[Sent] = deque(maxlen=MARKS - 1)
        self._answers: bool | None = None
        self._background_at = float("-inf")
        self._painted_until = float("-inf")
        self.rtt: float | None = None

    @property
    def rate(self) -> float:
        """Frames a second that are sent without being asked for, in hertz, at most."""
        return 1 / min(LONGEST_PERIOD, self._period * self._factor)

    @property
    def is_slow(self) -> bool:
        """Whether fewer frames are sent than there are readings."""
        return self._factor > 1

    @property
    def words(self) -> str:
        """What the title says of a slow link, `link 420 ms 0.5 Hz`; `""` when there is nothing to say."""
        # Two digits: a third one would be sent anew with every frame.
        milliseconds = float(f"{(self.rtt or 0.0) * 1000:.2g}")
        return f"link {milliseconds:.0f} ms {self.rate:.2g} Hz" if self.is_slow else ""

    @property
    def asks(self) -> bool:
        """Whether the question is put behind the next frame: not to those that left the first one unanswered."""
        return self._answers is not False

    def painted_until(self, at: float) -> float:
        """Everything that was put together until then has been drawn, as far as can be known."""
        self._give_up(at)
        return self._painted_until

    def wait(self, at: float, *, is_urgent: bool) -> float:
        """Seconds until a frame may go, 0 for now; an answer may let it go sooner.

        Args:
            at: now.
            is_urgent: whether it answers a key, and need not wait for the last one to be drawn.
        """
        self._give_up(at)
        awaited = [sent for sent in self._under_way if at - sent.at < self._patience] if self.asks else []
        if is_urgent and (self._answers is None or sum(sent.size for sent in awaited) < IN_FLIGHT):
            return 0.0
        if awaited:
            return max(0.0, awaited[0].at + self._patience - at)
        return 0.0 if is_urgent else max(0.0, self._background_at + self._pause - at)

    def sent(self, at: float, size: int, until: float, *, mark: int, is_urgent: bool) -> None:
        """A frame of so many bytes went, with the question behind it where that is asked.

        Args:
            at: now.
            size: of the frame.
            until: the moment until which everything that was put together is in it, by any clock.
            mark: the column in which the cursor was when the question was put.
            is_urgent: whether it answers a key.
        """
        if not is_urgent:
            self._background_at = at
        self._under_way.append(Sent(at, size, until, mark))

    def answered(self, at: float, mark: int) -> float:
        """The frame with this mark, and all before it, are drawn; until when its picture had been put together.

        Whoever takes the answer says so with `painted`, once the keys that came before it are handled. An answer
        that belongs to no frame under way tells nothing.
        """
        self._answers = True
        if not any(sent.mark == mark for sent in self._under_way):
            return self._painted_until
        frame = self._under_way.popleft()
        while frame.mark != mark:  # its answer was lost
            frame = self._under_way.popleft()
        self.rtt = max(0.0, at - frame.at)
        if self.rtt <= SLOW:
            self._factor = max(1, self._factor // 2)
        elif self._period * self._factor < LONGEST_PERIOD:
            self._factor *= 2
        return frame.until

    def painted(self, until: float) -> None:
        """What was put together until then is drawn; keys from here on were pressed after it."""
        self._painted_until = max(self._painted_until, until)

    def lost(self) -> None:
        """What was under way does not come: the terminal begins anew."""
        self._under_way.clear()

    @property
    def _pause(self) -> float:
        return min(LONGEST_PERIOD, self._period * self._factor) if self.is_slow else 0.0

    @property
    def _patience(self) -> float:
        return FIRST_PATIENCE if self._answers is None else LOST_PATIENCE

    def _give_up(self, at: float) -> None:
        """Takes out what no answer is expected for any more."""
        under_way = self._under_way
        if self._answers is None and under_way and at - under_way[0].at >= FIRST_PATIENCE:
            self._answers = False
        while under_way and not self.asks and at - under_way[0].at >= SEEN_AFTER:
            self._painted_until = max(self._painted_until, under_way.popleft().until)
