"""
Tells operations when a task of fieldwork fails: to a webhook and by e-mail, where the settings name them.

What is told is the error's own words: counts, places and the runbook, never a person. An error that is not ours is told
by its name alone, because its words may hold anything. E-mail goes through Airflow's connection `smtp_default`.
"""

import re
from functools import partial
from typing import Any

from airflow.sdk.bases.notifier import BaseNotifier

from borgerpuls.errors import BorgerpulsError
from borgerpuls.settings import settings

RUNBOOK = re.compile(r"docs/runbooks/[a-z-]+\.md")
SECONDS_TO_TELL = 10.0


class OperationsNotifier(BaseNotifier):
    """Posts `{"dag", "task", "run", "text", "runbooks"}` as JSON, and mails the same in words."""

    def notify(self, context: Any) -> None:
        """
        Tell it by every way there is, also when one of them fails.

        Airflow logs a failure to tell, and the task has failed in any case.

        Raises:
            ExceptionGroup: Somebody could not be told.
        """
        chosen = settings()
        error = context.get("exception")
        text = str(error) if isinstance(error, BorgerpulsError) else f"{type(error).__name__}; se opgavens log."
        instance = context["ti"]
        told = {
            "dag": instance.dag_id,
            "task": instance.task_id,
            "run": instance.run_id,
            "text": text,
            "runbooks": sorted(set(RUNBOOK.findall(text))),
        }
        webhook = chosen.alert_webhook_url.get_secret_value()
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


def _post(webhook: str, told: dict[str, Any]) -> None:
    import httpx

    httpx.post(webhook, json=told, timeout=SECONDS_TO_TELL).raise_for_status()


def _mail(address: str, told: dict[str, Any], context: Any) -> None:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    SmtpNotifier(
        to=address,
        from_email=address,
        subject=f"Borgerpuls: {told['dag']}.{told['task']}",
        html_content=f"<p>{_escaped(told['text'])}</p><p>Kørsel {_escaped(told['run'])}</p>",
    )(context)


def _escaped(text: str) -> str:
    # Escaped twice over: html for the reader, and braces because the notifier reads its texts as templates.
    from html import escape

    return escape(text).replace("{", "&#123;").replace("}", "&#125;")
