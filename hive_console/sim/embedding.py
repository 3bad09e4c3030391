"""Embeddings as OpenAI shapes them: vectors that depend on the text and mean nothing."""

from __future__ import annotations

import base64
import hashlib
import struct

from hive_console.sim.shape import Json, encoded, positive_integer

USUAL_DIMENSIONS = 8
"""Numbers in a vector: enough to tell two apart, few enough to read."""

MAX_DIMENSIONS = 4096
MAX_INPUTS = 2048
"""OpenAI's own bound."""


def complaint_of_embeddings(body: Json) -> str:
    """What is wrong with a request, or nothing."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "you must provide a model parameter"
    inputs = _inputs(body)
    if not inputs:
        return "Missing required parameter: 'input'."
    if len(inputs) > MAX_INPUTS:
        return f"'input' has more than {MAX_INPUTS} entries"
    if (positive_integer(body, "dimensions") or 1) > MAX_DIMENSIONS:
        return f"'dimensions' is more than {MAX_DIMENSIONS}"
    return ""


def embeddings(body: Json) -> Json:
    """The answer to a request without complaint."""
    dimensions = positive_integer(body, "dimensions") or USUAL_DIMENSIONS
    is_packed = body.get("encoding_format") == "base64"
    data: list[Json] = []
    tokens = 0
    for index, text in enumerate(_inputs(body)):
        tokens += max(1, len(text) // 4)
        vector = _vector(text, dimensions)
        packed = base64.b64encode(struct.pack(f"<{dimensions}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": packed if is_packed else vector})
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": body["model"], "usage": usage}


def _inputs(body: Json) -> list[bytes]:
    """Each input as bytes: texts, or texts as lists of token numbers."""
    given = body.get("input")
    if isinstance(given, str):
        return [given.encode("utf-8", "replace")]
    if not isinstance(given, list):
        return []
    if all(isinstance(item, int) for item in given):
        return [encoded({"": given})] if given else []
    return [item.encode("utf-8", "replace") if isinstance(item, str) else encoded({"": item}) for item in given]


def _vector(text: bytes, dimensions: int) -> list[float]:
    """Numbers in -1..1 that can be told exactly in 32 bits."""
    drawn = hashlib.shake_128(text).digest(dimensions)
    return [(byte - 127.5) / 128 for byte in drawn]
