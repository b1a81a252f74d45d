"""
HTTP to a gateway, one kept connection per thread, that knows a call that was never sent from one in doubt.

A socket and httptools' parser: a tenth of httpx's processor time a call (docs/decisions/0006), and nothing is logged, so a
CPR number in a look-up's address reaches no log. Errors are raised without the request they belong to. An answer is
whole when its length or its last chunk says so; one that ends with the connection is in doubt.
"""

import select
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httptools

from borgerpuls.errors import GatewayIsDown

LONGEST_IDLE_SECONDS = 4.0
"""A kept connection that has rested longer is made anew: the other side may be closing it this moment."""
LOOK_UP_TRIES = 4
CHUNK = 65_536


class NeverSentError(Exception):
    """No connection: the other side cannot have the call."""


class FateUnknownError(Exception):
    """The call has left and no whole answer came."""


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def retry_after(self) -> float | None:
        """Return the seconds the gateway asks us to wait, if it does."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.replace(".", "", 1).isdigit() else None


@dataclass
class _Answer:
    """What httptools' parser tells of one answer."""

    headers: dict[str, str] = field(default_factory=dict)
    parts: list[bytes] = field(default_factory=list)
    is_whole: bool = False

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        self.parts.append(part)

    def on_message_complete(self) -> None:
        self.is_whole = self.parser.get_status_code() >= 200  # what comes before is only a sign of life


class GatewayConnections:
    """The connections of this process to one gateway."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeout = timeout_seconds
        self._kept = threading.local()
        self._opened: list[socket.socket] = []

    def close(self) -> None:
        """Close the connections of all threads; nobody may be calling."""
        while self._opened:
            self._opened.pop().close()

    def call(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """
        Make one call, without retry.

        Raises:
            NeverSentError: The connection could not be made.
            FateUnknownError: Anything else went wrong, or the whole answer took longer than the timeout.
        """
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}:{self._port}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join([*lines, "\r\n"]).encode("latin-1") + body
        connection = self._connection()
        try:
            answer = self._exchange(connection, request)
        except (OSError, httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._drop(connection)
            raise FateUnknownError(type(error).__name__) from None
        if answer.parser.should_keep_alive():
            self._kept.used_at = time.monotonic()
        else:
            self._drop(connection)
        return Reply(answer.parser.get_status_code(), answer.headers, b"".join(answer.parts))

    def look_up(self, path: str, headers: Mapping[str, str]) -> Reply:
        """
        Ask something that changes nothing, again if need be.

        Raises:
            GatewayIsDown: No usable answer after several tries.
        """
        for attempt in range(LOOK_UP_TRIES):
            try:
                reply = self.call("GET", path, headers)
            except (NeverSentError, FateUnknownError):
                wait = 0.1 * 2**attempt
            else:
                if reply.status < 429:
                    return reply
                wait = reply.retry_after() or 0.1 * 2**attempt
            time.sleep(min(wait, 2.0))
        raise GatewayIsDown(
            f"Et opslag har ikke fået svar efter {LOOK_UP_TRIES} forsøg.",
            where=f"{self._host}:{self._port}",
            next_step="Se efter, om gatewayen kører, og kør opgaven igen (docs/runbooks/gateway-down.md).",
        )

    def _exchange(self, connection: socket.socket, request: bytes) -> _Answer:
        deadline = time.monotonic() + self._timeout
        connection.settimeout(self._timeout)
        connection.sendall(request)
        answer = _Answer()
        while not answer.is_whole:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            received = connection.recv(CHUNK)
            if not received:
                raise ConnectionAbortedError
            answer.parser.feed_data(received)
        return answer

    def _connection(self) -> socket.socket:
        kept: socket.socket | None = getattr(self._kept, "connection", None)
        if kept is not None:
            is_rested = time.monotonic() - self._kept.used_at > LONGEST_IDLE_SECONDS
            if not is_rested and not select.select([kept], [], [], 0)[0]:
                return kept
            self._drop(kept)
        try:
            fresh = socket.create_connection((self._host, self._port), self._timeout)
            fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                fresh = self._tls.wrap_socket(fresh, server_hostname=self._host)
        except OSError as error:
            raise NeverSentError(type(error).__name__) from None
        self._opened.append(fresh)
        self._kept.connection, self._kept.used_at = fresh, time.monotonic()
        return fresh

    def _drop(self, connection: socket.socket) -> None:
        connection.close()
        self._kept.connection = None
