"""What a request asks a simulated model for, whichever dialect it came in, and what the model says to it.

A model without a mind follows four rules: after a tool's result it repeats the result; when the last message
names one of the tools, or a tool is demanded, it calls that tool; pictures it counts; all else it answers with
words that mean nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hive_console.sim.profile import draw_words

MAX_CALLS = 8
"""Tools called in one answer: more than any test asks for."""

MAX_DEPTH = 8
"""Levels of a tool's schema that arguments are made up for; deeper ones are left empty."""

ANY_TOOL = "*"
"""`Question.demanded` when any tool will do."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the caller offers: its name and the JSON schema of its arguments."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool: the arguments are a JSON object's text."""

    id: str
    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """What of a request a simulated model looks at.

    Attributes:
        text: the last message's text.
        tools: what may be called; empty when the caller forbids it.
        demanded: the tool that must be called, `ANY_TOOL`, or nothing.
        results: what the tools said, when the conversation ends with that.
        images: each picture of the last message in a few words.
    """

    text: str = field(default="", repr=False)
    tools: tuple[Tool, ...] = ()
    demanded: str = ""
    results: tuple[str, ...] = field(default=(), repr=False)
    images: tuple[str, ...] = ()


def called_tools(question: Question) -> tuple[Tool, ...]:
    """The tools that the answer calls, in the order in which they were offered."""
    if question.results:
        return ()
    named = [tool for tool in question.tools if tool.name in (question.demanded, *_words(question.text))]
    if not named and question.demanded == ANY_TOOL:
        named = list(question.tools[:1])
    return tuple(named[:MAX_CALLS])


def spoken(question: Question, rng: Random, limit: int | None) -> tuple[tuple[str, ...], bool]:
    """The tokens of an answer in words, and whether it ended before the limit cut it short."""
    opening = [f"The tool said {result}." for result in question.results]
    if question.images:
        opening.append(f"I see {len(question.images)} image(s): {', '.join(question.images)}.")
    drawn, is_whole = draw_words(rng, limit)
    if not opening:
        return drawn, is_whole
    words = (*(piece for part in opening for piece in _tokens(part)), *_continued(drawn))
    kept = words if limit is None else words[:limit]
    return (kept[0].lstrip(), *kept[1:]), is_whole and kept == words


def call_of(tool: Tool, call_id: str) -> ToolCall:
    """A call of the tool with made-up arguments that fit its schema."""
    arguments = _example(tool.schema, MAX_DEPTH)
    return ToolCall(call_id, tool.name, json.dumps(arguments if isinstance(arguments, dict) else {}))


def tool_of(name: object, schema: object) -> Tool | None:
    """A tool as a request offers it; `None` for what is none."""
    if not isinstance(name, str) or not name:
        return None
    return Tool(name, schema if isinstance(schema, dict) else {})


def _words(text: str) -> list[str]:
    return text.replace(",", " ").replace(".", " ").split()


def _tokens(text: str) -> list[str]:
    return [f" {word}" for word in text.split()]


def _continued(words: tuple[str, ...]) -> list[str]:
    return [word if word.startswith(" ") else f" {word}" for word in words]


def _example(schema: object, depth: int) -> object:
    """A value that fits the schema, as far as a simulation needs it."""
    if not isinstance(schema, dict) or depth == 0:
        return {}
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    match schema.get("type", "object"):
        case "string":
            return "harbor"
        case "integer":
            return 7
        case "number":
            return 7.5
        case "boolean":
            return True
        case "array":
            return []
        case _:
            properties = schema.get("properties")
            if not isinstance(properties, dict):
                return {}
            return {name: _example(inner, depth - 1) for name, inner in properties.items()}
