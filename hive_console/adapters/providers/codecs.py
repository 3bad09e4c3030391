"""Which codec serves a task at a model: by the caller's dialect, the model's dialect, and the work."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hive_console.adapters.providers.anthropic import AnthropicForOpenAI
from hive_console.adapters.providers.anthropic_relay import AnthropicRelay
from hive_console.adapters.providers.codec import Codec
from hive_console.adapters.providers.openai import OpenAIForAnthropic
from hive_console.adapters.providers.openai_relay import OpenAIRelay
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Task, Work

CODECS: Mapping[tuple[Dialect, Dialect, Work], Codec] = MappingProxyType(
    {
        (Dialect.OPENAI, Dialect.OPENAI, Work.CHAT): OpenAIRelay(Work.CHAT),
        (Dialect.OPENAI, Dialect.OPENAI, Work.EMBEDDINGS): OpenAIRelay(Work.EMBEDDINGS),
        (Dialect.OPENAI, Dialect.ANTHROPIC, Work.CHAT): AnthropicForOpenAI(),
        (Dialect.ANTHROPIC, Dialect.ANTHROPIC, Work.CHAT): AnthropicRelay(Work.CHAT),
        (Dialect.ANTHROPIC, Dialect.ANTHROPIC, Work.COUNT): AnthropicRelay(Work.COUNT),
        (Dialect.ANTHROPIC, Dialect.OPENAI, Work.CHAT): OpenAIForAnthropic(),
    }
)
"""By caller, model, and work. Nobody else gives vectors, and only Anthropic counts tokens before a call."""

_UNFIT = MappingProxyType(
    {
        Work.EMBEDDINGS: "this model's dialect gives no embeddings",
        Work.COUNT: "this model's dialect counts no tokens",
    }
)


def codec_of(model: ModelSettings, task: Task) -> Codec:
    """The codec; raises `ProviderError` (`UNFIT`) where the model's dialect does no such work."""
    codec = CODECS.get((task.dialect, model.dialect, task.work))
    if codec is None:
        raise ProviderError(Outcome(OutcomeKind.UNFIT, message=_UNFIT[task.work]))
    return codec
