"""
What DAG files and their tasks import, imported once in the process that tasks and parsers are forked from.

Importing pandas and the stages takes a second of processor time, Great Expectations three, WeasyPrint one; a round has
some two hundred tasks.
"""

from contextlib import suppress
from importlib import import_module

from borgerpuls.terms import Stage

HEAVY = (
    *("great_expectations", "great_expectations.expectations", "holidays"),
    *("borgerpuls.reporting.pdf", "weasyprint", "docx", "pptx", "pptx.chart.data", "xlsxwriter"),
)
"""Imported inside the functions that use them, and in a forked task found imported."""


def import_stages() -> None:
    """Import the stages that DAG files call, and Airflow's side of them."""
    import_module("airflow.sdk")
    import_module("borgerpuls.orchestration")
    for stage in Stage:
        import_module(f"borgerpuls.{stage}.stage")


def import_heavy() -> None:
    """Import what only tasks need; what cannot be imported fails later in the task that needs it, which says why."""
    for name in HEAVY:
        with suppress(ImportError, OSError):
            import_module(name)
