"""Tasks and replies: prompts and answers never show, provenance tells who served."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hive_console.core.hop import Hop
from hive_console.core.states import OperationClass, Priority
from hive_console.core.task import Answer, Piece, Provenance, Reply, Task

PROMPT = "the board meets on Tuesday"
PROVENANCE = Provenance("op-1", "a", "b", attempts=3, degraded=False, trail=(Hop("a", "timed_out", 1.0),))


def reply(completion: Any, served_by: str = "b") -> Reply:  # decoded JSON
    provenance = Provenance("op-1", "a", served_by, attempts=1, degraded=False)
    return Reply(Answer(json.dumps(completion).encode()), provenance)


def test_a_chat_of_one_message_is_a_users_message() -> None:
    task = Task.chat("a", PROMPT, temperature=0.5)

    assert task.request == {"messages": [{"role": "user", "content": PROMPT}], "temperature": 0.5}
    assert (task.model, task.deadline, task.allow_fallback) == ("a", None, True)


def test_a_chat_of_many_messages_keeps_them_in_order() -> None:
    messages = ({"role": "system", "content": "be short"}, {"role": "user", "content": "hi"})

    task = Task.chat("a", messages, deadline=5.0, allow_fallback=False)

    assert task.request == {"messages": list(messages)}
    assert (task.deadline, task.allow_fallback) == (5.0, False)


@pytest.mark.parametrize("allow_fallback", [True, False])
@pytest.mark.parametrize("operation_class", OperationClass)
def test_identity_bound_work_never_falls_back_whatever_else_is_set(
    operation_class: OperationClass, *, allow_fallback: bool
) -> None:
    task = Task.chat("a", PROMPT, allow_fallback=allow_fallback, operation_class=operation_class)

    assert task.may_fall_back is (allow_fallback and operation_class is OperationClass.GENERAL)


def test_a_chat_is_of_normal_priority_unless_told_otherwise() -> None:
    assert Task.chat("a", PROMPT).priority is Priority.NORMAL
    assert Task.chat("a", PROMPT, priority=Priority.BACKGROUND).priority is Priority.BACKGROUND


def test_no_prompt_and_no_answer_shows_in_a_repr() -> None:
    shown = [
        repr(Task.chat("a", PROMPT)),
        repr(Answer(PROMPT.encode())),
        repr(Piece(PROMPT.encode(), has_content=True)),
        repr(Reply(Answer(PROMPT.encode()), PROVENANCE)),
    ]

    assert not [text for text in shown if "Tuesday" in text]


def test_f5_a_reply_by_another_model_than_the_one_asked_for_is_a_fallback() -> None:
    assert PROVENANCE.is_fallback
    assert not Provenance("op-1", "a", "a", attempts=1, degraded=False).is_fallback


def test_a_reply_gives_the_first_choices_text_and_who_served() -> None:
    answered = reply({"choices": [{"message": {"content": "hello"}}, {"message": {"content": "other"}}]})

    assert answered.text == "hello"
    assert answered.served_by == "b"


@pytest.mark.parametrize(
    "completion",
    [{}, {"choices": []}, {"choices": [{}]}, {"choices": [{"message": None}]}, {"choices": [{"message": {}}]}],
)
def test_a_reply_without_text_has_an_empty_one(completion: Any) -> None:  # decoded JSON
    assert reply(completion).text == ""
