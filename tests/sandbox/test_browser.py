"""The sandbox citizens' browser: forms, cookies and redirects as any browser has them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from borgerpuls.errors import QuestionnaireRefused
from borgerpuls.sandbox.browser import Browser, Form, Page

PAGE = """<form method="post" action="/side/p1?a=1&amp;b=2" accept-charset="utf-8">
<input type="hidden" name="noegle" value="&lt;k&gt;"><input type="radio" name="trust" value="1">
<input type="radio" name="trust" value="2" checked><textarea id="t" name="open" rows="5"></textarea></form>
<form action="/soeg"><input type="hidden" name="side" value="p1"></form>"""


class _Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        seen = f"{self.path} {self.headers.get('cookie', '')} {self.headers['user-agent']}"
        self._answer(410 if self.path == "/s/SECRET" else 200, seen)

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self._answer(303, "", {"location": f"/next?{len(sent['a'])}", "set-cookie": "skema=abc; Path=/; HttpOnly"})

    def _answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"content-length": str(len(text.encode()))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_first_form_of_a_page_is_read_with_what_it_hides_and_asks() -> None:
    assert Page("/side/p1", PAGE).form() == Form("/side/p1?a=1&b=2", {"noegle": "<k>"}, ("trust", "open"))


def test_a_page_without_a_form_is_told_without_the_secret_of_its_link() -> None:
    with pytest.raises(QuestionnaireRefused, match="no form") as refused:
        Page("/s/SECRET", "<p>Tak</p>").form()
    assert "SECRET" not in str(refused.value)


def test_a_sent_form_is_followed_to_the_next_page_with_its_cookie_until_forgotten(site: str) -> None:
    with Browser(site) as browser:
        browser.forget("mobil")
        assert browser.post("/start", {"a": ["1", "2"]}) == Page("/next?2", "/next?2 skema=abc mobil")
        browser.forget("tablet")
        assert browser.get("/").text == "/  tablet"


def test_a_refusal_is_told_without_the_link(site: str) -> None:
    with Browser(site) as browser, pytest.raises(QuestionnaireRefused, match="answered 410") as refused:
        browser.get("/s/SECRET")
    assert "SECRET" not in str(refused.value)
