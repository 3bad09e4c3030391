"""Turns YAML text into a small tree in which every key and value knows its line.

Built from the parser's events, without recursion, so that nesting cannot exhaust the stack. What makes YAML
surprising is refused here: anchors and aliases, tags, duplicate keys, several documents, deep nesting. Nothing
is converted: a reader sees a value's text and what YAML would have made of it.

The small values of this package are named tuples: a frozen dataclass takes 1 ms to define on a small machine,
a named tuple 0.15 ms, and a dozen of them stand between the start and the first paint.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, assert_never

import yaml
from yaml.reader import Reader

from hive_console.adapters.config_file.problems import Place, Problems, shown
from hive_console.core.text import clean

MAX_DEPTH = 20
"""Levels of nesting; the schema needs four."""

# The C parser is fifteen times faster and comes with the wheels; a pure build of PyYAML lacks it.
_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVERS = yaml.SafeLoader.yaml_implicit_resolvers


class Kind(Enum):
    """What YAML takes a scalar for."""

    TEXT = "text"
    NUMBER = "a number"
    BOOLEAN = "a boolean"
    NOTHING = "empty"
    DATE = "a date"


_KINDS = {
    "tag:yaml.org,2002:int": Kind.NUMBER,
    "tag:yaml.org,2002:float": Kind.NUMBER,
    "tag:yaml.org,2002:bool": Kind.BOOLEAN,
    "tag:yaml.org,2002:null": Kind.NOTHING,
    "tag:yaml.org,2002:timestamp": Kind.DATE,
}


class Scalar(NamedTuple):
    """One value: its text as written, and what YAML takes it for."""

    line: int
    text: str
    kind: Kind


class Listing(NamedTuple):
    """A YAML sequence."""

    line: int
    items: tuple[Node, ...]


class Entry(NamedTuple):
    """One key of a mapping and its value."""

    key: Scalar
    value: Node


class Table(NamedTuple):
    """A YAML mapping in the order of the file; every key stands once."""

    line: int
    entries: tuple[Entry, ...]


class Refused(NamedTuple):
    """Stands where something was refused and told already; readers pass over it."""

    line: int


Node = Scalar | Listing | Table | Refused


class _Open:
    """A list or mapping whose end has not come yet."""

    __slots__ = ("entries", "is_table", "key", "line", "lines_of_keys", "nodes", "place")

    def __init__(self, line: int, place: Place, *, is_table: bool) -> None:
        self.line = line
        self.place = place
        self.is_table = is_table
        self.nodes: list[Node] = []
        self.entries: list[Entry] = []
        self.lines_of_keys: dict[str, int] = {}
        self.key: Node | None = None


class _Stop(Exception):
    """What was noted makes reading on pointless."""


def parse(text: str, problems: Problems) -> Node | None:
    """Returns the tree of the only document in `text`, or `None` when it is empty or was refused.

    Every problem is noted in `problems`; after a syntax error there is nothing more to find.
    """
    odd = Reader.NON_PRINTABLE.search(text)
    if odd is not None:
        line = text.count("\n", 0, odd.start()) + 1
        problems.add(line, "", f"has a control character (U+{ord(odd.group()):04X}); remove it")
        return None
    builder = _Builder(problems)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _Stop:
        return None
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark is not None else 1
        # The exception's own text repeats lines of the file, which may hold what nobody should read.
        problems.add(line, "", f"is no valid YAML: {clean(exc.problem or 'it cannot be parsed')}")
        return None
    except yaml.YAMLError:
        problems.add(1, "", "is no valid YAML")
        return None
    return builder.root


class _Builder:
    """Takes the parser's events in order and builds the tree on a stack of its own."""

    def __init__(self, problems: Problems) -> None:
        self.root: Node | None = None
        self._problems = problems
        self._open: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        match event:
            case yaml.DocumentStartEvent():
                self._start_document(line)
            case yaml.AliasEvent():
                self._place().wrong(line, f"*{shown(event.anchor or '')} is a YAML alias; write the value itself")
                self._put(Refused(line))
            case yaml.ScalarEvent():
                is_tagged = self._refuse_decoration(event, line)
                self._put(Refused(line) if is_tagged else Scalar(line, event.value, _kind_of(event)))
            case yaml.CollectionStartEvent():
                self._refuse_decoration(event, line)
                self._start(line, is_table=isinstance(event, yaml.MappingStartEvent))
            case yaml.CollectionEndEvent():
                self._end()
            case _:
                pass

    def _start_document(self, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            self._problems.add(line, "", "a second YAML document begins here; keep one (remove the ---)")
            raise _Stop

    def _place(self) -> Place:
        if not self._open:
            return Place(self._problems)
        top = self._open[-1]
        return top.place.below(top.key.text) if isinstance(top.key, Scalar) else top.place

    def _refuse_decoration(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> bool:
        if event.anchor is not None:
            self._place().wrong(line, f"&{shown(event.anchor)} is a YAML anchor; use groups: for shared settings")
        if event.tag is None:
            return False
        self._place().wrong(line, f"the YAML tag {shown(event.tag)} is not accepted; write the plain value")
        return True

    def _start(self, line: int, *, is_table: bool) -> None:
        place = self._place()
        if len(self._open) >= MAX_DEPTH:
            place.wrong(line, f"is nested deeper than {MAX_DEPTH} levels; the settings need four")
            raise _Stop
        self._open.append(_Open(line, place, is_table=is_table))

    def _end(self) -> None:
        done = self._open.pop()
        if done.is_table:
            self._put(Table(done.line, tuple(done.entries)))
        else:
            self._put(Listing(done.line, tuple(done.nodes)))

    def _put(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        if not top.is_table:
            top.nodes.append(node)
        elif top.key is None:
            top.key = self._checked_key(top, node)
        else:
            if isinstance(top.key, Scalar):
                top.entries.append(Entry(top.key, node))
            top.key = None

    def _checked_key(self, table: _Open, node: Node) -> Node:
        match node:
            case Scalar(kind=Kind.TEXT):
                if node.text in table.lines_of_keys:
                    return self._refuse_duplicate(table, node)
                table.lines_of_keys[node.text] = node.line
                return node
            case Scalar():
                table.place.wrong(
                    node.line, f"the key {shown(node.text)} is {node.kind.value} to YAML; put it in quotes"
                )
            case Listing() | Table():
                table.place.wrong(node.line, "a list or mapping stands where a key is expected")
            case Refused():
                pass
            case _:
                assert_never(node)
        return Refused(node.line)

    def _refuse_duplicate(self, table: _Open, node: Scalar) -> Node:
        first = table.lines_of_keys[node.text]
        table.place.below(node.text).wrong(node.line, f"is given twice, first on line {first}; keep one of them")
        return Refused(node.line)


def _kind_of(event: yaml.ScalarEvent) -> Kind:
    """What YAML 1.1 takes a scalar for: `no` for a boolean, `12:30:45` for a number."""
    if event.style in {"'", '"', "|", ">"}:
        return Kind.TEXT
    for tag, pattern in _RESOLVERS.get(event.value[:1], []):
        if pattern.match(event.value):
            return _KINDS.get(tag, Kind.TEXT)
    return Kind.TEXT
