"""
Tells operations when a task fails or skips a municipality: to a webhook and by e-mail, where the settings name them.

What is told is where it happened and the error's own words: counts, places, the next step and the runbook, never a
person. An error that is not ours is told by its name alone, because its words may hold anything. E-mail goes through
Airflow's connection `smtp_default`.
"""

import re
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

from airflow.sdk.bases.notifier import BaseNotifier

from borgerpuls.errors import BorgerpulsError
from borgerpuls.settings import settings

RUNBOOK = re.compile(r"docs/runbooks/[a-z-]+\.md")
SECONDS_TO_TELL = 10.0
UNFORESEEN = "Læs opgavens log og DAG'ens side i Airflow, og kør opgaven igen (Clear), når årsagen er væk."
NONE_IN_PARTICULAR = "ingen bestemt"

Reason = Callable[[str, str], BorgerpulsError]
"""Returns what is to be said of a round and a municipality where a task has raised no error."""


class OperationsNotifier(BaseNotifier):
    """
    Posts what happened as JSON (see `_told`), and mails the same in words.

    Args:
        reason: What to say where there is no error, as when a task is skipped.
    """

    def __init__(self, reason: Reason | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._reason = reason

    def notify(self, context: Any) -> None:
        """
        Tell it by every way there is, also when one of them fails.

        Airflow logs a failure to tell, and the task has failed in any case.

        Raises:
            ExceptionGroup: Somebody could not be told.
        """
        chosen = settings()
        webhook = chosen.alert_webhook_url.get_secret_value()
        if not (webhook or chosen.alert_email):
            return
        told = _told(context, self._reason)
        ways = [partial(_post, webhook, told)] if webhook else []
        if chosen.alert_email:
            ways.append(partial(_mail, chosen.alert_email, told, context))
        failures = []
        for tell in ways:
            try:
                tell()
            except Exception as failure:  # noqa: BLE001 - the other way must still be tried
                failures.append(failure)
        if failures:
            message = "operations could not be told"
            raise ExceptionGroup(message, failures)


def _told(context: Any, reason: Reason | None) -> dict[str, Any]:
    """Return where it happened (`round` and `municipality` empty where the task is of none or of many), what, what next."""
    instance, task = context["ti"], context.get("task")
    about = getattr(task, "op_kwargs", None) or {}
    form, run = context.get("params") or {}, context.get("dag_run")
    round_id = about.get("round_id") or getattr(run, "partition_key", None) or form.get("round_id") or ""
    error = context.get("exception")
    if error is None and reason is not None:
        error = reason(round_id, about["municipality_code"])
    if isinstance(error, BorgerpulsError):
        text, next_step = str(error), error.next_step
        is_said = not error.where or error.where.startswith("Runde")
        what = error.what if is_said else f"{error.where}: {error.what}"
    else:
        text = what = "Opgavens proces døde." if error is None else f"Uventet fejl: {type(error).__name__}."
        next_step = UNFORESEEN
    return {
        "dag": instance.dag_id,
        "stage": getattr(context.get("dag"), "dag_display_name", None) or instance.dag_id,
        "task": instance.task_id,
        "run": instance.run_id,
        "round": round_id,
        "municipality": about.get("municipality_name") or "",
        "text": text,
        "what": what,
        "next_step": next_step,
        "runbooks": sorted(set(RUNBOOK.findall(text))),
        "link": instance.log_url,
    }


def _post(webhook: str, told: dict[str, Any]) -> None:
    import httpx

    httpx.post(webhook, json=told, timeout=SECONDS_TO_TELL).raise_for_status()


def _mail(address: str, told: dict[str, Any], context: Any) -> None:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    about = [f"runde {told['round']}" if told["round"] else "", told["municipality"], told["stage"]]
    rows = {
        "Runde": told["round"] or NONE_IN_PARTICULAR,
        "Trin": f"{told['stage']}, opgaven {told['task']}",
        "Kommune": told["municipality"] or NONE_IN_PARTICULAR,
        "Hvad": told["what"],
        "Næste skridt": told["next_step"],
        "Kørsel": told["run"],
    }
    lines = "".join(f"<p><b>{name}:</b> {_literal(value)}</p>" for name, value in rows.items())
    SmtpNotifier(
        to=address,
        from_email=address,
        subject=f"Borgerpuls: {_without_braces(', '.join(filter(None, about)))}",
        html_content=f'{lines}<p><a href="{_literal(told["link"])}">Opgaven i Airflow</a></p>',
    )(context)


def _literal(text: str) -> str:
    # Escaped twice over: html for the reader, and braces because the notifier reads its texts as templates.
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


def _without_braces(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")
