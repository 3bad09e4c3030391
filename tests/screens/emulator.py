"""A small terminal: takes what a program writes and holds what a person would see.

It knows what this program writes and fails on anything else, so that a sequence nobody meant to send is found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rich.cells import get_character_cell_size

_TOKEN = re.compile(
    r"\x1b\[(?P<private>[?>=<]?)(?P<numbers>[\d;]*)(?P<between>[ $]*)(?P<final>[@-~])"
    r"|\x1b\](?P<command>[^\x07\x1b]*)(?:\x07|\x1b\\)|(?P<control>[\x00-\x1f\x7f-\x9f])|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
)

REST = ""
NEVER = "\ufffd"
"""What stands in a cell that nobody wrote in."""

LONGEST_SEQUENCE = 300
"""Characters of the longest sequence that is sent: a title."""

_COLORS_FROM = {"38": "front", "48": "back"}


@dataclass(slots=True)
class Look:
    """How a cell is drawn."""

    attributes: set[str] = field(default_factory=set)
    front: str = ""
    back: str = ""

    def seen(self, text: str) -> tuple[frozenset[str], str, str]:
        """What of it is seen on this character."""
        if text == " " and not self.attributes & {"4", "7", "9"}:
            return frozenset(), "", self.back
        return frozenset(self.attributes), self.front, self.back


Cell = tuple[str, tuple[frozenset[str], str, str]]

_OFF = {"22": {"1", "2"}, "23": {"3"}, "24": {"4"}, "25": {"5"}, "27": {"7"}, "28": {"8"}, "29": {"9"}}


class Emulator:
    """A terminal of fixed size, with automatic margins off.

    Attributes:
        cells: lines of cells.
        questions: how often it was asked for the cursor's place.
        bells: how often it rang.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        nothing = Look().seen(NEVER)
        self.cells: list[list[Cell]] = [[(NEVER, nothing)] * width for _ in range(height)]
        self.x = self.y = 0
        self.questions = self.bells = 0
        self._look = Look()
        self._rest = ""

    def feed(self, written: str) -> None:
        """Draws what was written; raises `ValueError` for what it does not know."""
        written, self._rest = self._rest + written, ""
        place = 0
        while place < len(written):
            found = _TOKEN.match(written, place)
            if found is None:
                raise ValueError(f"no terminal understands {written[place : place + 20]!r}")
            if found["control"] == "\x1b" and len(written) - place < LONGEST_SEQUENCE:
                self._rest = written[place:]  # its end is still on the way
                return
            place = found.end()
            if found["text"]:
                self._write(found["text"])
            elif found["control"]:
                self._control(found["control"])
            elif found["final"]:
                self._sequence(found["private"], found["numbers"], found["between"] + found["final"])
            elif not found["command"].startswith(("2;", "22;")):  # the window's title, the shape of the pointer
                raise ValueError(f"nobody meant to send {found[0]!r}")

    @property
    def lines(self) -> list[str]:
        """The text of each line."""
        return ["".join(text for text, _ in line) for line in self.cells]

    def _write(self, text: str) -> None:
        for character in text:
            size = get_character_cell_size(character)
            if not size:
                self._mark(character)
                continue
            if self.x + size > self.width:
                self.x = self.width - size
            self._clear_halves(self.x, size)
            look = self._look.seen(character)
            self.cells[self.y][self.x : self.x + size] = [(character, look), *[(REST, look)] * (size - 1)]
            self.x = min(self.x + size, self.width)

    def _mark(self, character: str) -> None:
        place = self.x - 1
        while place > 0 and self.cells[self.y][place][0] == REST:
            place -= 1
        text, look = self.cells[self.y][place]
        self.cells[self.y][place] = (text + character, look)

    def _clear_halves(self, x: int, size: int) -> None:
        """Half a wide character is none: what is left of it becomes blank."""
        line = self.cells[self.y]
        blank = (" ", Look().seen(" "))
        first = x
        while first > 0 and line[first][0] == REST:
            first -= 1
            line[first] = blank
        last = x + size
        while last < self.width and line[last][0] == REST:
            line[last] = blank
            last += 1

    def _control(self, control: str) -> None:
        if control == "\b":
            self.x = max(0, self.x - 1)
        elif control == "\r":
            self.x = 0
        elif control == "\x07":
            self.bells += 1
        elif control == "\n":
            self.x, self.y = 0, min(self.height - 1, self.y + 1)
        else:
            raise ValueError(f"nobody meant to send {control!r}")

    def _sequence(self, private: str, numbers: str, final: str) -> None:
        given = [int(number or 0) for number in numbers.split(";")] if numbers else []
        first = given[0] if given else 1
        if private or final in {"u", "t"}:
            return  # modes, and the stack of titles
        if final == "H":
            self.y = min(self.height, first) - 1
            self.x = min(self.width, given[1] if len(given) > 1 else 1) - 1
        elif final == "G":
            self.x = min(self.width, first) - 1
        elif final == "B":
            self.y = min(self.height - 1, self.y + first)
        elif final == "C":
            self.x = min(self.width - 1, self.x + first)
        elif final == "D":
            self.x = max(0, self.x - first)
        elif final == "m":
            self._set_look(numbers.split(";") if numbers else ["0"])
        elif final == "n":
            self.questions += 1
        elif final == "J" and first == 2:
            blank = Look().seen(" ")
            self.cells = [[(" ", blank)] * self.width for _ in range(self.height)]
        else:
            raise ValueError(f"nobody meant to send CSI {private}{numbers}{final}")

    def _set_look(self, codes: list[str]) -> None:
        look = self._look
        while codes:
            code = codes.pop(0)
            if code in _COLORS_FROM:
                count = 4 if codes[0] == "2" else 2
                setattr(look, _COLORS_FROM[code], ";".join((code, *codes[:count])))
                del codes[:count]
            elif code in {"", "0"}:
                look = self._look = Look()
            elif code in _OFF:
                look.attributes -= _OFF[code]
            elif len(code) > 1 and code[-2] in "39":
                look.front = "" if code == "39" else code
            elif len(code) > 1:
                look.back = "" if code == "49" else code
            else:
                look.attributes.add(code)
