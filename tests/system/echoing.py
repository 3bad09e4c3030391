"""A provider that is hostile in every field it has: it repeats key and prompt, and speaks to the terminal."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hive_console.sim.hostile import HOSTILE_MESSAGE

ANSWER = "quokkaanswer \x1b]52;c;cXVva2th\x07\x1b[2J said the model"
"""What the models say where they say something: it is the caller's, and nobody else's."""

WAYS = (
    "message",  # an error's text
    "refusal",  # a 400, whose text goes on to the caller
    "code",  # an error's type and code
    "prefix",  # the start of the prompt only
    "coded",  # the key in base64 and in capitals
    "page",  # a page of HTML with raw bytes
    "reason",  # the status line and the headers
    "type",  # the content type of a 200
    "inside",  # an error in a 200, or in the middle of a stream
    "well",  # no error at all
)
"""The models, named for where the hostile words stand."""


class _Handler(BaseHTTPRequestHandler):
    """Answers as the model's name says; a question after the models is answered with an error's text."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing."""

    def do_GET(self) -> None:
        self._error(500, message=f"{HOSTILE_MESSAGE} {self._key()}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        prompt, key = " ".join(message["content"] for message in body["messages"]), self._key()
        match body["model"]:
            case "message":
                self._error(500, message=f"{HOSTILE_MESSAGE} {key} {prompt}")
            case "refusal":
                self._error(400, message=f"{key} may not ask {prompt}{HOSTILE_MESSAGE}")
            case "code":
                self._error(500, message="boom", type=prompt[:70], code=f"\x1b[2J{key}")
            case "prefix":
                self._error(503, message=f"cannot answer '{prompt[:60]}...'")
            case "coded":
                coded = base64.b64encode(key.encode()).decode()
                self._error(500, message=f"no such key: {coded}, {key.upper()}", code=coded)
            case "page":
                self._send(
                    502, f"<h1>{prompt} {key}\x9b2J".encode("latin-1") + b"\x1b]0;PWNED\x07\x9b", "text/html"
                )
            case "reason":
                self._raw(f"HTTP/1.1 500 \x1b]0;PWNED\x07 {key} {prompt}\r\nRetry-After: {key}\r\nX-Echo: {prompt}")
            case "type":
                self._send(200, b"{}", f"{key}/{prompt[:40]}".replace(";", ""))
            case "inside" if body.get("stream"):
                error = {"error": {"message": f"{HOSTILE_MESSAGE} {key} {prompt}", "type": prompt[:70]}}
                self._send(200, _chunk() + b"data: " + json.dumps(error).encode() + b"\n\n", "text/event-stream")
            case "inside":
                self._error(200, message=f"{HOSTILE_MESSAGE} {key} {prompt}")
            case _ if body.get("stream"):
                self._send(200, _chunk("stop") + b"data: [DONE]\n\n", "text/event-stream")
            case _:
                choice = {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}
                self._send(200, json.dumps({"id": "x", "choices": [choice]}).encode(), "application/json")

    def _key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def _error(self, status: int, **fields: Any) -> None:  # Any: JSON
        self._send(status, json.dumps({"error": fields}).encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self._raw(f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}", body)

    def _raw(self, head: str, body: bytes = b"") -> None:
        self.close_connection = True
        self.wfile.write(head.encode("latin-1") + b"\r\nConnection: close\r\n\r\n" + body)


def _chunk(finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": ANSWER}, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "x", "choices": [choice]}).encode() + b"\n\n"


@contextmanager
def echoing_provider() -> Iterator[str]:
    """The base URL of such a provider, which is gone afterwards."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()
