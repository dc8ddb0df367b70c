"""What stands between the socket and the application: the web server's settings, and a bound on what it reads first."""

from __future__ import annotations

from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.settings import Settings

ROOM = 4
"""How many times the limits a request line and its headers may have before the connection is cut. What is only just too
large reaches the application, which says so in words.
"""


def configured(app: Any, settings: Settings) -> uvicorn.Config:
    """The web server over the application, as every process of ours runs it."""
    most = ROOM * (settings.url_limit + settings.header_limit)
    return uvicorn.Config(
        app,
        http=type("BoundedHead", (BoundedHead,), {"most": most}),
        ws_max_size=settings.body_limit,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=1_000,
        timeout_graceful_shutdown=20,
    )


class BoundedHead(HttpToolsProtocol):
    """The parser keeps a request line and headers in memory without end; here the connection ends before that."""

    most: int

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.is_in_head = True
        self.read = 0

    def data_received(self, data: bytes) -> None:
        self.read += len(data)
        super().data_received(data)
        if self.is_in_head and self.read > self.most and not self.transport.is_closing():
            self.send_400_response("The request line and its headers are too large.")

    def on_headers_complete(self) -> None:
        self.is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        # the next request on the connection begins
        self.is_in_head, self.read = True, 0
