"""
A citizen's browser as the sandbox needs it: pages, forms, cookies and redirects over one kept connection.

The standard library's client, for a round's citizens make some 15,000 calls, and each costs a tenth of what httpx's do
(docs/decisions/0006). Only pages of our own service are read, so a form is found by its tags.
"""

import html
import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

from borgerpuls.errors import QuestionnaireRefused

OK = 200
REDIRECTS = frozenset({302, 303, 307, 308})
MOST_REDIRECTS = 5

_TAG = re.compile(r"<(/?form|input|textarea)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


@dataclass(frozen=True)
class Form:
    """The first form of a page: where it goes, what it carries hidden, and the items it asks, in order."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page as shown, after redirects."""

    path: str
    text: str

    @property
    def place(self) -> str:
        """The path as it may be told: the path of a link is a secret."""
        return "/s/…" if self.path.startswith("/s/") else self.path

    def form(self) -> Form:
        """
        Return the page's first form.

        Raises:
            QuestionnaireRefused: There is none.
        """
        action, hidden, items = "", dict[str, str](), dict[str, None]()
        for tag, written in _TAG.findall(self.text):
            attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(written)}
            if tag == "/form":
                break
            if tag == "form":
                action = attributes.get("action", "")
            elif attributes.get("type") == "hidden":
                hidden[attributes["name"]] = attributes.get("value", "")
            elif action:
                items[attributes["name"]] = None
        if not action:
            raise QuestionnaireRefused("The page shown has no form.", where=self.place)
        return Form(action, hidden, tuple(items))


class Browser:
    """One citizen's telephone after the other: `forget` between two of them."""

    def __init__(self, url: str, timeout_seconds: float = 60.0) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
        self._cookies: dict[str, str] = {}
        self._user_agent = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._connection.close()

    def forget(self, user_agent: str) -> None:
        """Begin as another telephone, without cookies."""
        self._cookies.clear()
        self._user_agent = user_agent

    def get(self, path: str) -> Page:
        """Open a page; see `post` for what it raises."""
        return self._follow("GET", path, None, {})

    def post(self, path: str, fields: Mapping[str, str | list[str]], headers: Mapping[str, str] | None = None) -> Page:
        """
        Send a form and return the page that is shown then.

        Raises:
            QuestionnaireRefused: The service answered with something else than a page.
        """
        form = {"content-type": "application/x-www-form-urlencoded"}
        return self._follow("POST", path, urlencode(fields, doseq=True).encode("ascii"), form | dict(headers or {}))

    def _follow(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Page:
        for _ in range(MOST_REDIRECTS):
            cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            sent = headers | {"user-agent": self._user_agent} | ({"cookie": cookies} if cookies else {})
            self._connection.request(method, path, body, sent)
            answer = self._connection.getresponse()
            content = answer.read()
            for set_cookie in answer.headers.get_all("set-cookie") or ():
                self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(set_cookie).items()}
            if answer.status == OK:
                return Page(path, content.decode())
            if answer.status not in REDIRECTS:
                break
            method, path, body, headers = "GET", answer.headers["location"], None, {}
        raise QuestionnaireRefused(f"The questionnaire answered {answer.status}.", where=Page(path, "").place)
