"""Every DAG parses in Airflow itself, is named as its file and says what to do."""

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from borgerpuls.terms import Stage

ROOT = Path(__file__).resolve().parents[2]
DAG_STAGES = [stage.value for stage in Stage if stage is not Stage.QUESTIONNAIRE]

PARSE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
def given(task, name):
    mapped = getattr(task, "partial_kwargs", {})
    return mapped[name] if name in mapped else getattr(task, name, None)
def patience(task):
    return (given(task, "response_timeout") or given(task, "execution_timeout")).total_seconds()
bag = DagBag(sys.argv[1], bundle_path=sys.argv[1])
print("RESULT" + json.dumps({
    "errors": {str(k).rsplit("/", 1)[-1]: v.splitlines()[-1] for k, v in bag.import_errors.items()},
    "dags": {dag.dag_id: {"file": dag.fileloc.rsplit("/", 1)[-1], "doc": dag.doc_md or "", "tags": sorted(dag.tags),
                          "display": dag.dag_display_name, "tasks": sorted(dag.task_ids),
                          "patience_seconds": {task.task_id: patience(task) for task in dag.tasks},
                          "is_told": all(given(task, "on_failure_callback") for task in dag.tasks),
                          "params": {name: dag.params.get_param(name).schema for name in dag.params}}
             for dag in bag.dags.values()},
    "heavy": sorted(name for name in ("great_expectations", "weasyprint") if name in sys.modules),
}))
"""


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The DAG folder as a fresh Airflow sees it, with its own home and database, in a process of its own."""
    import json

    home = tmp_path_factory.mktemp("airflow")
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/Copenhagen",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    result = subprocess.run(
        [sys.executable, "-c", PARSE, str(ROOT / "dags")], env=environment, capture_output=True, text=True, check=False
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, result.stderr[-2000:]
    return json.loads(lines[0].removeprefix("RESULT"))


def test_all_dag_files_import(bag: dict) -> None:
    assert bag["errors"] == {}


def test_there_is_one_dag_per_stage_named_as_its_file(bag: dict) -> None:
    assert sorted(bag["dags"]) == sorted(DAG_STAGES)
    assert {name: dag["file"] for name, dag in bag["dags"].items()} == {name: f"{name}.py" for name in DAG_STAGES}


@pytest.mark.parametrize("stage", DAG_STAGES)
def test_every_page_says_what_it_reads_and_writes_and_what_a_rerun_does(bag: dict, stage: str) -> None:
    page = bag["dags"][stage]["doc"]
    for word in ("**Reads**", "**Writes**", "**Rerun**"):
        assert word in page
    assert bag["dags"][stage]["tags"] == sorted(["borgerpuls", stage])


@pytest.mark.parametrize("stage", DAG_STAGES)
def test_errors_named_on_a_page_exist(bag: dict, stage: str) -> None:
    from borgerpuls import errors

    for name in re.findall(r"\*\*`(\w+)`\*\*", bag["dags"][stage]["doc"]):
        assert issubclass(getattr(errors, name), errors.BorgerpulsError)


@pytest.mark.parametrize("stage", DAG_STAGES)
def test_a_page_says_what_to_do_on_each_error_that_its_tasks_raise(bag: dict, stage: str) -> None:
    called = {
        (stage if node.value.id == "stage" else "rounds", node.attr)
        for node in ast.walk(ast.parse((ROOT / "dags" / f"{stage}.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id.endswith("stage")
    }
    raised = set()
    for module, name in called:
        doc = getattr(importlib.import_module(f"borgerpuls.{module}.stage"), name).__doc__ or ""
        raised |= set(re.findall(r"^ +([A-Z]\w+):", doc.partition("Raises:")[2], flags=re.MULTILINE))
    explained = set(re.findall(r"\*\*`(\w+)`\*\*", bag["dags"][stage]["doc"]))
    assert called
    assert raised - explained == set()


def test_an_approver_has_weeks_and_every_other_task_an_hour(bag: dict) -> None:
    seconds = {(name, task): n for name, dag in bag["dags"].items() for task, n in dag["patience_seconds"].items()}
    assert seconds.pop(("fieldwork", "prepare.approve")) == 30 * 24 * 3600
    assert set(seconds.values()) == {3600}


def test_operations_are_told_when_any_task_fails(bag: dict) -> None:
    assert [name for name, dag in bag["dags"].items() if not dag["is_told"]] == []


def test_parsing_loads_no_heavy_library(bag: dict) -> None:
    assert bag["heavy"] == []


def test_the_round_form_is_typed_and_not_collapsed(bag: dict) -> None:
    params = bag["dags"]["rounds"]["params"]
    assert params["municipalities"]["items"]["enum"]
    assert len(params["municipalities"]["values_display"]) == 98
    assert params["invitation_date"]["format"] == "date"
    assert any("section" not in schema for schema in params.values())
