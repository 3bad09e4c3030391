"""The two official clients behind one face, so that a claim is made once and holds for both."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

import anthropic
import openai
from anthropic.types import MessageParam, ToolParam
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from hive_console.core.settings import Dialect

QUESTION = "hello"
TOOL_QUESTION = "please ask the weather tool"
RESULT = "rain"
"""What the weather tool says."""

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"place": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["place"],
}
ARGUMENTS = {"place": "harbor", "days": 7}
"""What a simulated model makes up for that schema."""

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PIXEL_BYTES = 70

TOKENS = 64

NO_KEY = "none"
"""What clients send where none is wanted."""


@dataclass(slots=True)
class Heard:
    """What a client's user gets of one answer.

    Attributes:
        text: all of it.
        pieces: in how many parts a stream brought the text.
        model: who the body says has answered; in a stream, each different name once.
        headers: of the answer.
        finish: why it ended, in the client's dialect.
        usage: tokens read and written, where they were told.
        calls: name and arguments of each tool that is called.
    """

    text: str = ""
    pieces: int = 0
    model: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    finish: str = ""
    usage: tuple[int, int] | None = None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # JSON


class Speaker(Protocol):
    """What both clients can do."""

    dialect: Dialect
    error: type[Exception]

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def ask(self, model: str, **options: Any) -> Heard:
        """An answer in words."""
        ...

    async def stream(self, model: str, heard: Heard | None = None) -> Heard:
        """The same as a stream; `heard` is filled as it comes."""
        ...

    async def call_tool(self, model: str) -> tuple[Heard, Heard]:
        """The tool's call, and the answer to its result."""
        ...

    async def stream_tool(self, model: str) -> Heard:
        """A streamed tool call."""
        ...

    async def show_image(self, model: str) -> Heard:
        """An answer to a picture."""
        ...

    async def list_models(self) -> list[str]:
        """The ids that can be asked for."""
        ...


class OpenAISpeaker:
    """The `openai` client."""

    dialect = Dialect.OPENAI
    error: type[Exception] = openai.APIError

    def __init__(self, gateway: str, *, timeout: float = 60.0) -> None:
        self.client = openai.AsyncOpenAI(base_url=gateway, api_key=NO_KEY, max_retries=0, timeout=timeout)
        self._tool: ChatCompletionToolParam = {
            "type": "function",
            "function": {"name": "weather", "description": "the weather", "parameters": SCHEMA},
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.close()

    async def ask(self, model: str, **options: Any) -> Heard:
        return await self._whole(model, [{"role": "user", "content": QUESTION}], **options)

    async def _whole(self, model: str, messages: list[ChatCompletionMessageParam], **options: Any) -> Heard:
        raw = await self.client.chat.completions.with_raw_response.create(
            model=model, messages=messages, max_tokens=TOKENS, **options
        )
        answer = raw.parse()
        choice = answer.choices[0]
        calls = [call for call in choice.message.tool_calls or () if call.type == "function"]
        return Heard(
            choice.message.content or "",
            1,
            answer.model,
            dict(raw.headers),
            choice.finish_reason,
            None if answer.usage is None else (answer.usage.prompt_tokens, answer.usage.completion_tokens),
            [(call.function.name, json.loads(call.function.arguments)) for call in calls],
        )

    async def stream(self, model: str, heard: Heard | None = None) -> Heard:
        return await self._streamed(model, heard or Heard(), content=QUESTION)

    async def _streamed(self, model: str, heard: Heard, *, content: str, **options: Any) -> Heard:
        raw = await self.client.chat.completions.with_raw_response.create(
            model=model,
            messages=[{"role": "user", "content": content}],
            max_tokens=TOKENS,
            stream=True,
            stream_options={"include_usage": True},
            **options,
        )
        heard.headers = dict(raw.headers)
        names: dict[int, str] = {}
        arguments: dict[int, str] = {}
        models: dict[str, None] = {}
        async for chunk in raw.parse():
            models[chunk.model] = None
            if chunk.usage is not None:
                heard.usage = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
            for choice in chunk.choices:
                heard.text += choice.delta.content or ""
                heard.pieces += bool(choice.delta.content)
                heard.finish = choice.finish_reason or heard.finish
                for call in choice.delta.tool_calls or ():
                    told = call.function
                    names[call.index] = names.get(call.index, "") + ((told and told.name) or "")
                    arguments[call.index] = arguments.get(call.index, "") + ((told and told.arguments) or "")
        heard.model = ", ".join(models)
        heard.calls = [(name, json.loads(arguments[index])) for index, name in names.items()]
        return heard

    async def call_tool(self, model: str) -> tuple[Heard, Heard]:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": TOOL_QUESTION}]
        raw = await self.client.chat.completions.create(
            model=model, messages=messages, tools=[self._tool], max_tokens=TOKENS
        )
        message = raw.choices[0].message
        calls = [call for call in message.tool_calls or () if call.type == "function"]
        called = Heard(
            model=raw.model,
            finish=raw.choices[0].finish_reason,
            calls=[(call.function.name, json.loads(call.function.arguments)) for call in calls],
        )
        messages.append(
            {
                "role": "assistant",
                "content": message.content,
                "tool_calls": [
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {"name": call.function.name, "arguments": call.function.arguments},
                    }
                    for call in calls
                ],
            }
        )
        results: list[ChatCompletionMessageParam] = [
            {"role": "tool", "tool_call_id": call.id, "content": RESULT} for call in calls
        ]
        messages += results
        return called, await self._whole(model, messages, tools=[self._tool])

    async def stream_tool(self, model: str) -> Heard:
        return await self._streamed(model, Heard(), content=TOOL_QUESTION, tools=[self._tool])

    async def show_image(self, model: str) -> Heard:
        picture = f"data:image/png;base64,{PIXEL}"
        return await self._whole(
            model,
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "what is this?"},
                        {"type": "image_url", "image_url": {"url": picture}},
                    ],
                }
            ],
        )

    async def list_models(self) -> list[str]:
        return [model.id async for model in self.client.models.list()]


class AnthropicSpeaker:
    """The `anthropic` client."""

    dialect = Dialect.ANTHROPIC
    error: type[Exception] = anthropic.APIError

    def __init__(self, gateway: str, *, timeout: float = 60.0) -> None:
        self.client = anthropic.AsyncAnthropic(
            base_url=gateway.removesuffix("/v1"), api_key=NO_KEY, max_retries=0, timeout=timeout
        )
        self._tool: ToolParam = {"name": "weather", "description": "the weather", "input_schema": SCHEMA}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.close()

    async def ask(self, model: str, **options: Any) -> Heard:
        return await self._whole(model, [{"role": "user", "content": QUESTION}], **options)

    async def _whole(self, model: str, messages: list[MessageParam], **options: Any) -> Heard:
        raw = await self.client.messages.with_raw_response.create(
            model=model, messages=messages, max_tokens=TOKENS, **options
        )
        answer = await raw.parse()
        return Heard(
            "".join(block.text for block in answer.content if block.type == "text"),
            1,
            answer.model,
            dict(raw.headers),
            answer.stop_reason or "",
            (answer.usage.input_tokens, answer.usage.output_tokens),
            [(block.name, dict(block.input)) for block in answer.content if block.type == "tool_use"],
        )

    async def stream(self, model: str, heard: Heard | None = None) -> Heard:
        return await self._streamed(model, heard or Heard(), content=QUESTION)

    async def _streamed(self, model: str, heard: Heard, *, content: str, **options: Any) -> Heard:
        manager = self.client.messages.stream(
            model=model, messages=[{"role": "user", "content": content}], max_tokens=TOKENS, **options
        )
        async with manager as stream:
            heard.headers = dict(stream.response.headers)
            async for text in stream.text_stream:
                heard.text += text
                heard.pieces += 1
            message = await stream.get_final_message()
        heard.model = message.model
        heard.finish = message.stop_reason or ""
        heard.usage = message.usage.input_tokens, message.usage.output_tokens
        heard.calls = [(block.name, dict(block.input)) for block in message.content if block.type == "tool_use"]
        return heard

    async def call_tool(self, model: str) -> tuple[Heard, Heard]:
        messages: list[MessageParam] = [{"role": "user", "content": TOOL_QUESTION}]
        answer = await self.client.messages.create(
            model=model, messages=messages, tools=[self._tool], max_tokens=TOKENS
        )
        calls = [block for block in answer.content if block.type == "tool_use"]
        called = Heard(
            model=answer.model,
            finish=answer.stop_reason or "",
            calls=[(block.name, dict(block.input)) for block in calls],
        )
        messages.append({"role": "assistant", "content": answer.content})
        messages.append(
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": call.id, "content": RESULT} for call in calls],
            }
        )
        return called, await self._whole(model, messages, tools=[self._tool])

    async def stream_tool(self, model: str) -> Heard:
        return await self._streamed(model, Heard(), content=TOOL_QUESTION, tools=[self._tool])

    async def show_image(self, model: str) -> Heard:
        return await self._whole(
            model,
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "what is this?"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    ],
                }
            ],
        )

    async def list_models(self) -> list[str]:
        return [model.id async for model in self.client.models.list()]


def speaker_of(dialect: Dialect, gateway: str, *, timeout: float = 60.0) -> Speaker:
    """The official client of a dialect."""
    match dialect:
        case Dialect.OPENAI:
            return OpenAISpeaker(gateway, timeout=timeout)
        case Dialect.ANTHROPIC:
            return AnthropicSpeaker(gateway, timeout=timeout)
