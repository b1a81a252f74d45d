"""
Tells operations when a task of fieldwork fails: to a webhook and by e-mail, where the settings name them.

What is told is the error's own words: counts, places and the runbook, never a person. An error that is not ours is told
by its name alone, because its words may hold anything. E-mail goes through Airflow's connection `smtp_default`.
"""

import re
from typing import Any

from airflow.sdk.bases.notifier import BaseNotifier

from borgerpuls.errors import BorgerpulsError
from borgerpuls.settings import settings

RUNBOOK = re.compile(r"docs/runbooks/[a-z-]+\.md")
SECONDS_TO_TELL = 10.0


class OperationsNotifier(BaseNotifier):
    """Posts `{"dag", "task", "run", "text", "runbooks"}` as JSON, and mails the same in words."""

    def notify(self, context: Any) -> None:
        """Tell it; Airflow logs a failure to tell, and the task has failed in any case."""
        import httpx

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
        if chosen.alert_email:
            from airflow.providers.smtp.notifications.smtp import SmtpNotifier

            SmtpNotifier(
                to=chosen.alert_email,
                from_email=chosen.alert_email,
                subject=f"Borgerpuls: {told['dag']}.{told['task']}",
                html_content=f"<p>{_escaped(text)}</p><p>Kørsel {_escaped(told['run'])}</p>",
            )(context)
        webhook = chosen.alert_webhook_url.get_secret_value()
        if webhook:
            httpx.post(webhook, json=told, timeout=SECONDS_TO_TELL).raise_for_status()


def _escaped(text: str) -> str:
    # Escaped twice over: html for the reader, and braces because the notifier reads its texts as templates.
    from html import escape

    return escape(text).replace("{", "&#123;").replace("}", "&#125;")
