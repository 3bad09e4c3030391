"""Which path is what: the gateway's whole map.

Base URLs are the commonest mistake of a new set-up: OpenAI's clients want `/v1` in theirs, Anthropic's add it
themselves. So each path of a model is also served without `/v1`, and with it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote, urlsplit

from hive_console.core.settings import Dialect
from hive_console.core.task import Work


class Page(Enum):
    """What is answered without asking a model."""

    MODELS = "models"
    HEALTH = "healthz"
    READY = "readyz"
    METRICS = "metrics"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path.

    Attributes:
        path: as it is documented.
        methods: what it takes.
        dialect: of its answers and errors; `None` where the request's headers decide.
        work: what is asked of a model; `None` for a page.
        page: what is shown; `None` for work.
        is_open: whether it is answered without the gateway's token.
    """

    path: str
    methods: tuple[str, ...]
    dialect: Dialect | None = None
    work: Work | None = None
    page: Page | None = None
    is_open: bool = False


_POST = ("POST",)
_GET = ("GET", "HEAD")

CHAT = Endpoint("/v1/chat/completions", _POST, Dialect.OPENAI, work=Work.CHAT)
EMBEDDINGS = Endpoint("/v1/embeddings", _POST, Dialect.OPENAI, work=Work.EMBEDDINGS)
MESSAGES = Endpoint("/v1/messages", _POST, Dialect.ANTHROPIC, work=Work.CHAT)
COUNT_TOKENS = Endpoint("/v1/messages/count_tokens", _POST, Dialect.ANTHROPIC, work=Work.COUNT)
MODELS = Endpoint("/v1/models", _GET, page=Page.MODELS)
STATUS = Endpoint("/v1/hive/status", _GET, page=Page.STATUS)
METRICS = Endpoint("/metrics", _GET, page=Page.METRICS)
# Supervisors and load balancers ask these two without a secret; they tell counts, and no name.
HEALTH = Endpoint("/healthz", _GET, page=Page.HEALTH, is_open=True)
READY = Endpoint("/readyz", _GET, page=Page.READY, is_open=True)

ENDPOINTS = (CHAT, EMBEDDINGS, MESSAGES, COUNT_TOKENS, MODELS, STATUS, METRICS, HEALTH, READY)

_FOR_CLIENTS = (CHAT, EMBEDDINGS, MESSAGES, COUNT_TOKENS, MODELS)
_BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS} | {
    spelling: endpoint
    for endpoint in _FOR_CLIENTS
    for spelling in (endpoint.path.removeprefix("/v1"), f"/v1{endpoint.path}")
}

_MODEL_PREFIXES = ("/v1/models/", "/models/", "/v1/v1/models/")
_RESPONSES = ("/v1/responses", "/responses", "/v1/v1/responses")


def find(target: str) -> tuple[Endpoint | None, str]:
    """The endpoint that a request's target names, and the model's name where it is `/v1/models/{name}`."""
    endpoint = _BY_PATH.get(target)
    if endpoint is not None:
        return endpoint, ""
    path = path_of(target)
    for prefix in _MODEL_PREFIXES:
        if path.startswith(prefix) and len(path) > len(prefix):
            return MODELS, unquote(path[len(prefix) :])
    return _BY_PATH.get(path), ""


def path_of(target: str) -> str:
    """The path alone, without query and without the address that proxies' clients send before it."""
    try:
        return urlsplit(target).path
    except ValueError:
        return ""


def is_responses_api(target: str) -> bool:
    """Whether OpenAI's Responses API is asked for, which is not served."""
    path = path_of(target)
    return any(path == spelling or path.startswith(f"{spelling}/") for spelling in _RESPONSES)
