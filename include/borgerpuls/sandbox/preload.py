"""
What every DAG file imports, imported once in the process that tasks and parsers are forked from.

Importing pandas and the stages takes a second of processor time; a round has some two hundred tasks.
"""

from importlib import import_module

from borgerpuls.terms import Stage


def import_stages() -> None:
    """Import the stages that DAG files call, and Airflow's side of them."""
    import_module("airflow.sdk")
    import_module("borgerpuls.orchestration")
    for stage in Stage:
        if stage is not Stage.RETENTION:
            import_module(f"borgerpuls.{stage}.stage")
