"""Models that speak OpenAI's dialect, on behalf of clients that speak Anthropic's."""

from __future__ import annotations

from hive_console.adapters.providers.answer_body import read_answer
from hive_console.adapters.providers.endpoint import PATHS, posted
from hive_console.adapters.providers.openai_answer import COMPLETION, to_message
from hive_console.adapters.providers.openai_request import to_chat_request, wants_thoughts
from hive_console.adapters.providers.openai_stream import OpenAIReader
from hive_console.adapters.providers.request import HttpRequest, write_json
from hive_console.adapters.providers.unfit import translated_once
from hive_console.adapters.providers.veil import Veil
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Body, Task, Usage, Work


class OpenAIForAnthropic:
    """Speaks chat completions with the model; what goes in and comes out is messages."""

    def check(self, task: Task) -> None:
        """Translates, and keeps the translation for the call."""
        self._translated(task.request)

    def request(self, model: ModelSettings, task: Task, *, key: str | None, stream: bool) -> HttpRequest:
        """`POST {endpoint}/chat/completions`; a stream tells its usage only when asked, and a message must."""
        body = {"model": model.wire_name, **self._translated(task.request)}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return posted(model, PATHS[Dialect.OPENAI, Work.CHAT], write_json(body), key=key, stream=stream)

    def answer(
        self,
        body: bytes,
        *,
        model: ModelSettings,
        task: Task,
        veil: Veil,
        now: float,  # noqa: ARG002 - Codec's shape
    ) -> tuple[bytes, Usage | None]:
        """The completion as a message."""
        completion = read_answer(COMPLETION, body, veil)
        return to_message(completion, model.id, with_thoughts=wants_thoughts(task.request))

    def reader(self, *, model: ModelSettings, task: Task, veil: Veil, now: float) -> OpenAIReader:  # noqa: ARG002 - Codec's shape
        """A reader that translates."""
        return OpenAIReader(veil, name=model.id, with_thoughts=wants_thoughts(task.request))

    @staticmethod
    def _translated(request: Body) -> Body:
        return translated_once(request, Dialect.OPENAI, to_chat_request)
