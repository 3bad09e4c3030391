"""Models that speak Anthropic's dialect, on behalf of clients that speak OpenAI's."""

from __future__ import annotations

from hive_console.adapters.providers.answer_body import read_answer
from hive_console.adapters.providers.anthropic_answer import MESSAGE, to_completion
from hive_console.adapters.providers.anthropic_request import to_messages_request
from hive_console.adapters.providers.anthropic_stream import AnthropicReader
from hive_console.adapters.providers.endpoint import PATHS, posted
from hive_console.adapters.providers.request import HttpRequest, write_json
from hive_console.adapters.providers.unfit import translated_once
from hive_console.adapters.providers.veil import Veil
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Body, Task, Usage, Work


class AnthropicForOpenAI:
    """Speaks messages with the model; what goes in and comes out is chat completions."""

    def check(self, task: Task) -> None:
        """Translates, and keeps the translation for the call."""
        self._translated(task.request)

    def request(self, model: ModelSettings, task: Task, *, key: str | None, stream: bool) -> HttpRequest:
        """`POST {endpoint}/messages`."""
        body = {"model": model.wire_name, **self._translated(task.request)}
        if stream:
            body["stream"] = True
        return posted(model, PATHS[Dialect.ANTHROPIC, Work.CHAT], write_json(body), key=key, stream=stream)

    def answer(
        self,
        body: bytes,
        *,
        model: ModelSettings,
        task: Task,  # noqa: ARG002 - Codec's shape
        veil: Veil,
        now: float,
    ) -> tuple[bytes, Usage | None]:
        """The message as a chat completion."""
        return to_completion(read_answer(MESSAGE, body, veil), model.id, now)

    def reader(self, *, model: ModelSettings, task: Task, veil: Veil, now: float) -> AnthropicReader:
        """A reader that translates; it ends with the usage when `stream_options` asks for it."""
        options = task.request.get("stream_options")
        wants_usage = isinstance(options, dict) and options.get("include_usage") is True
        return AnthropicReader(veil, name=model.id, now=now, wants_usage=wants_usage)

    @staticmethod
    def _translated(request: Body) -> Body:
        return translated_once(request, Dialect.ANTHROPIC, to_messages_request)
