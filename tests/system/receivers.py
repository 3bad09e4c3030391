"""Receivers of notices on the loopback interface, in threads of the test: webhooks of any shape, and mail."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: the close is a reset, as when a machine on the way dies."""


@dataclass(frozen=True, slots=True)
class Post:
    """A request that was taken."""

    at: float
    path: str
    headers: dict[str, str]
    body: Any  # JSON

    @property
    def key(self) -> str:
        """By which its receiver knows what it has already."""
        return self.headers.get("idempotency-key", "")


@dataclass
class Webhooks:
    """An HTTP server that takes everything, or answers in the ways of bad days.

    Attributes:
        trouble: share of requests that meet a 429, a 5xx or a cut connection.
        script: what comes of the first requests, before chance has a word: `take`, `429`, `503`, `cut`,
            `take and cut`.
        delay: seconds from the taking to the answer: a sender that is killed then never hears.
        posts: what was taken, in the order it came.
        unheard: keys of what was taken while the connection was cut before the answer.
    """

    trouble: float = 0.0
    delay: float = 0.0
    script: list[str] = field(default_factory=list)
    rng: random.Random = field(default_factory=lambda: random.Random("receivers"))
    posts: list[Post] = field(default_factory=list)
    attempts: int = 0
    unheard: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def of(self, path: str) -> list[Post]:
        """What was taken at a path."""
        with self.lock:
            return [post for post in self.posts if post.path == path]

    def decide(self) -> str:
        with self.lock:
            self.attempts += 1
            if self.script:
                return self.script.pop(0)
            if self.rng.random() >= self.trouble:
                return "take"
            return self.rng.choice(("429", "503", "cut", "take and cut"))

    def take(self, post: Post, *, is_cut: bool) -> None:
        with self.lock:
            self.posts.append(post)
            if is_cut:
                self.unheard.append(post.key)


@contextmanager
def webhooks(*, trouble: float = 0.0, delay: float = 0.0, seed: str = "receivers") -> Iterator[Webhooks]:
    """Listens for as long as the block lasts."""
    heard = Webhooks(trouble=trouble, delay=delay, rng=random.Random(seed))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(size) or b"null")
            headers = {name.lower(): value for name, value in self.headers.items()}
            post = Post(time.time(), self.path, headers, body)
            way = heard.decide()
            if way.startswith("take"):
                heard.take(post, is_cut=way != "take")
            if way.endswith("cut"):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                self.close_connection = True
                self.connection.close()
                return
            threading.Event().wait(heard.delay)
            status, said = {"take": (200, b"ok"), "429": (429, b"slow down"), "503": (503, b"unavailable")}[way]
            try:
                self.send_response(status)
                self.send_header("content-length", str(len(said)))
                if status == 429:
                    self.send_header("retry-after", "1")
                self.end_headers()
                self.wfile.write(said)
            except OSError:  # the sender was killed
                self.close_connection = True
                if way == "take":
                    heard.unheard.append(post.key)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nothing: a test's output is its own."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Nothing: a sender that is killed resets its connections."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    heard.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Mailbox:
    """What a mail server took.

    Attributes:
        port: where it listens.
        letters: what came, in that order.
    """

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Takes a letter."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(message_from_bytes(content, _class=EmailMessage, policy=policy.default))
        return "250 taken"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Takes mail for as long as the block lasts."""
    heard = Mailbox()
    with socket.socket() as free:  # the controller wants to know its port beforehand
        free.bind(("127.0.0.1", 0))
        heard.port = free.getsockname()[1]
    controller = Controller(heard, hostname="127.0.0.1", port=heard.port)
    controller.start()
    try:
        yield heard
    finally:
        controller.stop()
