"""What the HTTP library itself complains about: kept off the terminal, and told only where it is news."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError


class ServerLog(logging.Logger):
    """A logger for the HTTP server that never prints: a line on stderr would tear the screen apart.

    A client that does not speak HTTP is no news (it gets its 400); other errors are told by their type.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__("hive_console.gateway", logging.ERROR)
        self.propagate = False
        self.addHandler(_Teller(tell))


_CLIENTS_FAULT = (HttpProcessingError, web.RequestPayloadError, ConnectionError)


class _Teller(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        exc = record.exc_info[1] if record.exc_info else None
        if not isinstance(exc, _CLIENTS_FAULT):
            self._tell(f"the HTTP server failed: {type(exc).__name__ if exc else 'without an exception'}")
