"""A mail server for tests: it takes whatever it is given by SMTP, and keeps it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass(frozen=True)
class Mail:
    """One mail: who is said to send and get it (the SMTP lines), and what it says."""

    envelope: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail with its headers."""
        return message_from_bytes(self.content, policy=policy.default)  # type: ignore[return-value]

    @property
    def subject(self) -> str:
        """The subject in one line."""
        return str(self.message["subject"])

    @property
    def words(self) -> str:
        """The HTML that a reader sees."""
        (part,) = [part for part in self.message.walk() if part.get_content_type() == "text/html"]
        return str(part.get_content())


@dataclass(frozen=True)
class MailServer:
    """What runs: its port and the mails so far."""

    port: int
    mails: list[Mail] = field(default_factory=list)

    @property
    def connection(self) -> str:
        """The server as an Airflow connection, for AIRFLOW_CONN_SMTP_DEFAULT."""
        return f"smtp://127.0.0.1:{self.port}/?disable_ssl=true&disable_tls=true"


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """Run a mail server on a free port."""
    mails: list[Mail] = []

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say(b"220 here")
            envelope: list[str] = []
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word in {b"MAIL", b"RCPT"}:
                    envelope.append(line.decode().strip())
                if word == b"DATA":
                    self._say(b"354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    mails.append(Mail(envelope, b"".join(one.removeprefix(b".") for one in lines)))
                self._say(b"221 bye" if word == b"QUIT" else b"250 ok")

        def _say(self, reply: bytes) -> None:
            self.wfile.write(reply + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield MailServer(server.server_address[1], mails)
        server.shutdown()
