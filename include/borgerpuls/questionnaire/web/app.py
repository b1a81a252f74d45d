"""
The citizens' questionnaire as a web service: plain pages, one POST per page, no script needed.

GET never changes a row. A link or a typed code is exchanged by a POST for a signed session cookie; every page sent is one
committed statement, and only then is the next page shown. Whatever goes wrong is a friendly page, never an empty 500.
Run it with `borgerpuls questionnaire serve`.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl, urlencode

import structlog
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from borgerpuls.database import load_query
from borgerpuls.errors import AnswerIsImpossible, FormIsNotOpen
from borgerpuls.questionnaire.definition import Instrument, Item
from borgerpuls.questionnaire.routing import asked_pages, next_page, previous_page
from borgerpuls.questionnaire.stage import receipt_hash
from borgerpuls.questionnaire.submission import (
    Form,
    Ticked,
    clean_text,
    is_ahead,
    load_form,
    read_page,
    save_key,
    save_page,
)
from borgerpuls.questionnaire.web import pages
from borgerpuls.questionnaire.web.service import Service, ServiceIsBusy
from borgerpuls.questionnaire.web.sessions import (
    Session,
    is_of_another_form,
    open_session,
    seal_page,
    seal_session,
    seconds_on_page,
)
from borgerpuls.resources import resource_folder
from borgerpuls.vault import CODE_LENGTH, CROCKFORD, check_character

LARGEST_BODY = 128 * 1024
LONGEST_TYPED = 40
SIMULATED_SECONDS = "borgerpuls-simulated-seconds"
"""Only with the simulated clock: how long a sandbox citizen says the page was open."""

_TOKEN = re.compile(f"[{CROCKFORD}]{{24}}")
_HEADERS = [
    (
        b"content-security-policy",
        (
            b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
            b"base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
_JUST_LET_IN = "start"
"""Mark of an address that a browser is sent to together with its cookie."""
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_STATIC = {"form.css": "text/css; charset=utf-8", "form.js": "text/javascript; charset=utf-8"}

T = TypeVar("T")

log = structlog.get_logger(__name__)


class BodyIsTooLarge(Exception):
    """More was sent than the longest possible page."""


async def read_fields(request: Request) -> Mapping[str, tuple[str, ...]]:
    """Return the fields of a sent form, each with its values; what is not UTF-8 becomes replacement marks."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise BodyIsTooLarge
    fields: dict[str, tuple[str, ...]] = {}
    try:
        pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), value)
    return fields


Fields = Annotated[Mapping[str, tuple[str, ...]], Depends(read_fields)]
Language = Annotated[str, Query(alias="sprog", max_length=8)]


def create_app() -> FastAPI:
    """
    Return the service, ready to run.

    Raises:
        SettingIsMissing: No database URL, or no `access` key.
    """
    service = Service()
    app = FastAPI(title="Borgerpuls questionnaire", docs_url=None, redoc_url=None, openapi_url=None)

    @app.api_route("/", methods=["GET", "HEAD"])
    def landing(sprog: Language = "da") -> Response:
        return _static_page("landing.html", sprog)

    @app.api_route("/aegte", methods=["GET", "HEAD"])
    def genuine(sprog: Language = "da") -> Response:
        return _static_page("genuine.html", sprog)

    @app.api_route("/privatliv", methods=["GET", "HEAD"])
    def privacy(sprog: Language = "da") -> Response:
        return _static_page("privacy.html", sprog)

    @app.api_route("/tilgaengelighed", methods=["GET", "HEAD"])
    def accessibility(sprog: Language = "da") -> Response:
        return _static_page("accessibility.html", sprog)

    @app.api_route("/static/{name}", methods=["GET", "HEAD"])
    def static(name: str) -> Response:
        if name not in _STATIC:
            raise HTTPException(404)
        content = (resource_folder("templates") / "questionnaire" / "static" / name).read_bytes()
        return Response(content, media_type=_STATIC[name], headers={"cache-control": "public, max-age=86400"})

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204, headers={"cache-control": "public, max-age=86400"})

    @app.get("/health")
    def health() -> Response:
        service.ask(lambda connection: connection.exec_driver_sql("SELECT 1"))
        return Response("ok", media_type="text/plain")

    @app.api_route("/s/{token}", methods=["GET", "HEAD"])
    def link(token: str, sprog: Language = "") -> Response:
        form = _form_of_token(service, token)
        language = _language(sprog or (form.language if form else "da"))
        state = service.state_of(form)
        if form is None or state != "open":
            return _message(state, language, 404 if form is None else 200)
        return _html(
            pages.render(
                "start.html",
                language,
                token=_normal(token),
                is_resumed=form.revision > 0,
                deadline=pages.in_words(form.close_date, language),
                is_session=False,
            )
        )

    @app.post("/start")
    def start(fields: Fields) -> Response:
        language = _language(_one(fields, "sprog"))
        form = _form_of_token(service, _one(fields, "adgang"))
        return _let_in(service, form, language)

    @app.api_route("/kode", methods=["GET", "HEAD"])
    def code_form(sprog: Language = "da") -> Response:
        return _code_page(_language(sprog))

    @app.post("/kode")
    def code(request: Request, fields: Fields) -> Response:
        language = _language(_one(fields, "sprog"))
        address = _address(request)
        if service.is_blocked(address):
            return _message("too_many", language, 429)
        typed = _normal(_one(fields, "kode"))
        form = None
        if _is_code(typed):
            form = service.form_of(typed, "questionnaire/form_of_access.sql", "secret_hash")
            if form is None and (issued := service.form_of_staff_code(typed)):
                form, is_used = issued
                if service.state_of(form) == "open":
                    form = None if is_used else service.start_blank(typed)
                    if form is None:
                        return _message("code_used", language)
        if form is None:
            service.count_wrong_code(address)
            return _code_page(language, wrong=_one(fields, "kode"))
        return _let_in(service, form, language)

    @app.api_route("/side/{page_id}", methods=["GET", "HEAD"])
    def page(page_id: str, request: Request) -> Response:
        session = open_session(service.keys, request.cookies.get("skema"))
        if session is None:
            is_refused = _JUST_LET_IN in request.query_params
            return _message("no_cookie" if is_refused else "session_over", _language_of(request), 401)
        form = service.form(session.response_id)
        state = service.state_of(form)
        if form is None or state != "open":
            return _message(state, session.language, 404 if form is None else 200)
        if form.blank_starts != session.blank_starts:
            return _message("begun_again", session.language, 401)
        instrument = service.instrument(form)
        visible = [page.page_id for page, _ in asked_pages(instrument, form.background, form.choices)]
        if page_id not in visible or is_ahead(instrument, form, page_id):
            return _to_page(instrument, form, visible)
        if _JUST_LET_IN in request.query_params:
            return _see(f"/side/{page_id}")
        mark = seal_page(service.keys, form.response_id, page_id)
        return _html(pages.render_page(instrument, form, page_id, session.language, mark=mark))

    @app.post("/side/{page_id}")
    def send_page(page_id: str, request: Request, fields: Fields) -> Response:
        session = open_session(service.keys, request.cookies.get("skema"))
        chosen = _one(fields, "sprog")
        is_translated = chosen in pages.languages()
        if session is None:
            return _message("session_over", chosen if is_translated else _language_of(request), 401)
        if is_translated:
            session = replace(session, language=chosen)
        if is_of_another_form(service.keys, _one(fields, "maerke"), session.response_id):
            return _message("other_form", session.language, 409)
        seconds = seconds_on_page(service.keys, _one(fields, "maerke"), session.response_id, page_id)
        key = _uuid(_one(fields, "noegle"))
        if seconds is None or key is None:
            return _message("not_understood", session.language, 400)
        if service.is_simulated and request.headers.get(SIMULATED_SECONDS, "").isdecimal():
            seconds = min(int(request.headers[SIMULATED_SECONDS]), 3600)

        def save(connection: Connection) -> Response:
            form = load_form(connection, session.response_id)
            if form is None:
                return _message("unknown_link", session.language, 404)
            if form.blank_starts != session.blank_starts:
                return _message("begun_again", session.language, 401)
            instrument = service.instrument(form)
            is_back = _one(fields, "retning") == "tilbage"
            is_left = not (is_translated or is_back)
            ticked = read_page(dict(_pages_of(instrument, form)).get(page_id, ()), fields, is_left=is_left)
            unfit = frozenset(ticked.problems) if form.is_open(service.today(form)) else frozenset()
            if unfit and unfit.issuperset({*ticked.choices, *ticked.texts}):
                # Nothing to keep; with the mark it came with: the time that went before counts too.
                return _rejected(instrument, form, page_id, session, ticked, _one(fields, "maerke"))
            try:
                saved = save_page(
                    connection,
                    instrument,
                    form,
                    page_id,
                    fields,
                    idempotency_key=save_key(key, fields),
                    saved_date=service.today(form),
                    receipt_hash=receipt_hash(service.keys, form.response_id),
                    seconds=seconds,
                    device_class=_device_class(request.headers.get("user-agent", "")),
                    language=session.language,
                    is_final=not is_back,
                    is_left=is_left and not unfit,
                    without=unfit,
                )
            except FormIsNotOpen:
                return _message(service.state_of(load_form(connection, form.response_id)), session.language)
            except AnswerIsImpossible:
                return _to_page(instrument, form, [name for name, _ in _pages_of(instrument, form)])
            if unfit:
                stands = load_form(connection, form.response_id) or form
                mark = seal_page(service.keys, form.response_id, page_id)
                return _rejected(instrument, stands, page_id, session, ticked, mark)
            if saved.page_id is not None and is_translated:
                return _see(f"/side/{page_id}")
            if saved.page_id is not None:
                return _back(instrument, form, page_id) if is_back else _see(f"/side/{saved.page_id}")
            response = _see("/kvittering")
            _set_cookie(service, response, "kvittering", seal_session(service.keys, session, "receipt"))
            response.delete_cookie("skema", httponly=True, samesite="lax", secure=service.is_secure)
            return response

        answer = service.ask(save)
        if is_translated:
            _remember(service, answer, session)
        return answer

    @app.api_route("/kvittering", methods=["GET", "HEAD"])
    def receipt(request: Request) -> Response:
        session = open_session(service.keys, request.cookies.get("kvittering"), "receipt")
        if session is None:
            return _message("no_receipt", _language_of(request))
        number = _in_groups(service.keys.receipt_number(session.response_id))
        return _html(pages.render("receipt.html", session.language, number=number, is_session=False))

    @app.api_route("/dine-svar", methods=["GET", "HEAD"])
    def own_answers_form(sprog: Language = "da") -> Response:
        return _receipt_page(_language(sprog))

    @app.post("/dine-svar")
    def own_answers(request: Request, fields: Fields) -> Response:
        language = _language(_one(fields, "sprog"))
        address = _address(request)
        if service.is_blocked(address):
            return _message("too_many", language, 429)
        number = _normal(_one(fields, "nummer"))
        form = None
        if _is_code(number):
            form = service.form_of(number, "questionnaire/form_of_receipt.sql", "receipt_hash")
        if form is None:
            service.count_wrong_code(address)
            return _receipt_page(language, wrong=_one(fields, "nummer"))
        if form.state == "deleted":
            return _message("deleted", language)
        if form.state != "completed" or not form.is_round_open(service.today(form)):
            return _message("closed", language)
        session = Session(form.response_id, language)
        rows = pages.own_answers(service.instrument(form), form, language)
        mark = seal_session(service.keys, session, "own")
        return _html(pages.render("own_answers.html", language, rows=rows, mark=mark, is_session=False))

    @app.post("/dine-svar/slet")
    def delete_answers(fields: Fields) -> Response:
        session = open_session(service.keys, _one(fields, "maerke"), "own")
        if session is None:
            return _message("not_understood", _language(_one(fields, "sprog")), 400)

        def delete(connection: Connection) -> Response:
            form = load_form(connection, session.response_id)
            if form is None or not form.is_round_open(service.today(form)):
                return _message("closed", session.language)
            connection.execute(load_query("questionnaire/delete_answers.sql"), {"response_id": session.response_id})
            return _html(pages.render("deleted.html", session.language, is_session=False))

        return service.ask(delete)

    @app.exception_handler(HTTPException)
    async def http_problem(request: Request, error: HTTPException) -> Response:
        name = "not_found" if error.status_code in {404, 405} else "not_understood"
        return _message(name, _language_of(request), error.status_code)

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, _: RequestValidationError) -> Response:
        return _message("not_understood", _language_of(request), 400)

    @app.exception_handler(BodyIsTooLarge)
    async def too_large(request: Request, _: BodyIsTooLarge) -> Response:
        return _message("too_large", _language_of(request), 413)

    @app.exception_handler(ServiceIsBusy)
    async def busy(request: Request, _: ServiceIsBusy) -> Response:
        response = _message("busy", _language_of(request), 503)
        response.headers["retry-after"] = "30"
        return response

    app.add_middleware(SafeHeaders, is_secure=service.is_secure)
    return app


class SafeHeaders:
    """Adds to every answer what keeps a page from being framed, cached, sniffed or scripted."""

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self._app = app
        self._headers = [*_HEADERS]
        if is_secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *self._headers]
                if b"cache-control" not in present:
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _form_of_token(service: Service, typed: str) -> Form | None:
    token = _normal(typed)
    if not _TOKEN.fullmatch(token):
        return None
    return service.form_of(token, "questionnaire/form_of_access.sql", "secret_hash")


def _let_in(service: Service, form: Form | None, language: str) -> Response:
    state = service.state_of(form)
    if form is None or state != "open":
        return _message(state, language, 404 if form is None else 200)
    instrument = service.instrument(form)
    response = _to_page(instrument, form, [name for name, _ in _pages_of(instrument, form)])
    # Should the cookies be refused, the next page knows it and says so, in the language that was read.
    response.headers["location"] += f"?{urlencode({_JUST_LET_IN: 1, 'sprog': language})}"
    _remember(service, response, Session(form.response_id, language, form.blank_starts))
    return response


def _pages_of(instrument: Instrument, form: Form) -> list[tuple[str, tuple[Item, ...]]]:
    return [(page.page_id, items) for page, items in asked_pages(instrument, form.background, form.choices)]


def _to_page(instrument: Instrument, form: Form, visible: list[str]) -> Response:
    """Send the citizen to where they are: the first page not sent yet."""
    first = next_page(instrument, form.background, form.choices, None)
    return _see(f"/side/{form.page_id if form.page_id in visible else first}")


def _back(instrument: Instrument, form: Form, page_id: str) -> Response:
    return _see(f"/side/{previous_page(instrument, form.background, form.choices, page_id) or page_id}")


def _rejected(
    instrument: Instrument, form: Form, page_id: str, session: Session, ticked: Ticked, mark: str
) -> Response:
    """Show a page again as it was filled in, with what is wrong; what does not fit stands in the browser alone."""
    return _html(pages.render_page(instrument, form, page_id, session.language, mark=mark, rejected=ticked), 422)


def _html(content: bytes, status: int = 200, *, is_cacheable: bool = False) -> Response:
    headers = {"cache-control": "public, max-age=300"} if is_cacheable else {}
    return Response(content, status, media_type="text/html; charset=utf-8", headers=headers)


def _static_page(template: str, language: str) -> Response:
    return _html(_rendered_once(template, _language(language)), is_cacheable=True)


@cache
def _rendered_once(template: str, language: str) -> bytes:
    return pages.render(template, language, is_session=False)


def _message(name: str, language: str, status: int = 200) -> Response:
    return _html(pages.render_message(name, language), status)


def _code_page(language: str, *, wrong: str | None = None) -> Response:
    return _typed_page("code.html", language, wrong)


def _receipt_page(language: str, *, wrong: str | None = None) -> Response:
    return _typed_page("own_answers_form.html", language, wrong)


def _typed_page(template: str, language: str, wrong: str | None) -> Response:
    """Show the form again with what was typed and did not fit, so that one character can be mended."""
    typed = clean_text(wrong or "")[:LONGEST_TYPED]
    content = pages.render(template, language, is_wrong=wrong is not None, typed=typed, is_session=False)
    return _html(content, 200 if wrong is None else 422)


def _see(path: str) -> Response:
    return Response(status_code=303, headers={"location": path})


def _set_cookie(service: Service, response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, httponly=True, samesite="lax", secure=service.is_secure, path="/")


def _remember(service: Service, response: Response, session: Session) -> None:
    _set_cookie(service, response, "skema", seal_session(service.keys, session))
    _set_cookie(service, response, "sprog", session.language)


def _language_of(request: Request) -> str:
    """Return the language that the address asks for, else the one that was read before."""
    return _language(request.query_params.get("sprog") or request.cookies.get("sprog", ""))


def _language(wanted: str) -> str:
    return wanted if wanted in pages.languages() else pages.FIRST_LANGUAGE


def _one(fields: Mapping[str, tuple[str, ...]], name: str) -> str:
    return fields.get(name, ("",))[0]


def _normal(typed: str) -> str:
    """Return a typed code or token as it was made: no spaces or hyphens, capitals, letters that look like digits."""
    return re.sub(r"[\s-]", "", typed).upper().translate(_ALIKE)


def _is_code(typed: str) -> bool:
    body, check = typed[:CODE_LENGTH], typed[CODE_LENGTH:]
    return len(body) == CODE_LENGTH and set(body) <= set(CROCKFORD) and check == check_character(body)


def _in_groups(code: str) -> str:
    return f"{code[:5]} {code[5:10]} {code[10:]}"


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _device_class(user_agent: str) -> str:
    """Return `mobil`, `tablet` or `computer`; nothing finer is kept."""
    if re.search(r"iPad|Tablet|Android(?!.*Mobile)", user_agent):
        return "tablet"
    return "mobil" if re.search(r"Mobi|iPhone|Android", user_agent) else "computer"
