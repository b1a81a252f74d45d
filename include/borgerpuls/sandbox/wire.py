"""
The sandbox gateways' HTTP server: asyncio and httptools, nothing between.

A gateway shares its processors with the dispatch it answers, and has to be able to answer late, half or not at all;
through uvicorn a call cost it three times as much (docs/decisions/0006). It logs nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httptools

REASONS = {200: b"OK", 401: b"Unauthorized", 404: b"Not Found", 422: b"Unprocessable Content",
           429: b"Too Many Requests", 500: b"Internal Server Error", 503: b"Service Unavailable"}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One whole call."""

    method: str
    path: str
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """One answer. *is_torn* cuts it off in the middle and closes the connection."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_torn: bool = False

    def written(self) -> bytes:
        """Return the bytes that go out."""
        lines = [b"HTTP/1.1 %d %s" % (self.status, REASONS[self.status])]
        fields = {"content-type": self.content_type, "content-length": str(len(self.body))} | dict(self.headers)
        lines += [f"{name}: {value}".encode("latin-1") for name, value in fields.items()]
        head = b"\r\n".join([*lines, b"\r\n"])
        return head + (self.body[: len(self.body) // 2] if self.is_torn else self.body)


Answer = Callable[[Request, Callable[[Reply], None]], None]
"""Answers a call by calling what it is given, now or later, once or never."""


class _Conversation(asyncio.Protocol):
    """One connection: a call at a time, as clients that wait for their answer make them."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._transport: Any = None
        self._parser = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._transport.close()

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def on_url(self, part: bytes) -> None:
        self._url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        self._body.append(part)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("latin-1")
        self._answer(Request(method, path, query, self._headers, b"".join(self._body)), self._write)

    def _write(self, reply: Reply) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(reply.written())
        if reply.is_torn or not self._parser.should_keep_alive():
            self._transport.close()


def serve(answer: Answer, host: str, port: int) -> None:
    """Serve until the process is stopped."""
    import uvloop

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Conversation(answer), host, port, backlog=512)
        await server.serve_forever()

    uvloop.run(forever())
