"""HTTP to a gateway: a whole answer, or a clear word on whether the call can have arrived."""

import socket
import threading
from collections.abc import Iterator

import pytest

from borgerpuls.fieldwork.channels.http import FateUnknownError, GatewayConnections, NeverSentError
from borgerpuls.sandbox.postgres import free_port

WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nRetry-After: 1.5\r\n\r\nja"


class Peer:
    """Answers each connection with its next script: pieces of bytes, then the end of the connection or silence."""

    def __init__(self) -> None:
        self.scripts: list[tuple[list[bytes], bool]] = []
        self.asked: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        for pieces, is_closed in self.scripts:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            self.asked.append(connection.recv(65536))
            for piece in pieces:
                connection.sendall(piece)
            if is_closed:
                connection.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer.__new__(Peer)
    yield made
    for connection in made.open:
        connection.close()
    made.listener.close()


def begin(peer: Peer, *scripts: tuple[list[bytes], bool]) -> GatewayConnections:
    Peer.__init__(peer)
    peer.scripts.extend(scripts)
    peer._thread.start()
    return GatewayConnections(peer.url, 0.3)


@pytest.mark.parametrize(
    "pieces",
    [
        [WHOLE],
        [WHOLE[:9], WHOLE[9:40], WHOLE[40:]],
        [b"HTTP/1.1 100 Continue\r\n\r\n", WHOLE],
        [b"HTTP/1.1 200 OK\r\nretry-after: 1.5\r\ntransfer-encoding: chunked\r\n\r\n1\r\nj\r\n1\r\na\r\n0\r\n\r\n"],
    ],
)
def test_a_whole_answer_is_read_however_it_comes(peer: Peer, pieces: list[bytes]) -> None:
    connections = begin(peer, (pieces, False))
    reply = connections.call("POST", "/sti", {"x-felt": "værdi"}, b"indhold")
    assert (reply.status, reply.body, reply.retry_after()) == (200, b"ja", 1.5)
    assert peer.asked[0].startswith(b"POST /sti HTTP/1.1\r\nhost: 127.0.0.1:")
    assert peer.asked[0].endswith(b"x-felt: v\xe6rdi\r\n\r\nindhold")
    connections.close()


@pytest.mark.parametrize(
    ("pieces", "is_closed"),
    [
        ([], True),  # accepted the call and hung up
        ([WHOLE[:-1]], True),  # the last byte is missing
        ([b"HTTP/1.1 200 OK\r\n\r\nja"], True),  # nobody says how long it should have been
        ([b"noget andet\r\n\r\n"], False),
        ([WHOLE[:-1]], False),  # the last byte never comes
    ],
)
def test_a_torn_late_or_strange_answer_leaves_the_call_in_doubt(
    peer: Peer, pieces: list[bytes], is_closed: bool
) -> None:
    connections = begin(peer, (pieces, is_closed))
    with pytest.raises(FateUnknownError):
        connections.call("POST", "/sti", {})
    connections.close()


def test_without_a_connection_the_call_was_never_sent() -> None:
    with pytest.raises(NeverSentError):
        GatewayConnections(f"http://127.0.0.1:{free_port()}", 0.3).call("GET", "/", {})
