"""docker-compose.yaml holds against the Compose specification, and against what the code really needs."""

import hashlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import SecretStr
from typer.testing import CliRunner

from borgerpuls.cli import app
from borgerpuls.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = Path(__file__).parent / "compose-spec"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
IMAGE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IMAGE_ENVIRONMENT = set(re.findall(r"^\s*(?:ENV )?([A-Z_]+)=", IMAGE, flags=re.MULTILINE))


def variables_of(service: dict[str, Any]) -> set[str]:
    return set(service.get("environment", {})) | IMAGE_ENVIRONMENT


def commands_of(service: dict[str, Any]) -> list[list[str]]:
    command = service.get("command", [])
    if command[:1] == ["sh"]:
        lines = command[-1].replace("\\\n", " ").splitlines()
        return [shlex.split(line) for line in lines]
    return [command]


BORGERPULS_COMMANDS = [
    pytest.param(command[1:], id=f"{name}: {' '.join(command[1:3])}")
    for name, service in OURS.items()
    for command in commands_of(service)
    if command[0] == "borgerpuls"
]
AIRFLOW_COMMANDS = [
    command[1:] for service in OURS.values() for command in commands_of(service) if command[0] == "airflow"
]


def schema() -> dict[str, Any]:
    content = (SCHEMA / "compose-spec.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() in (SCHEMA / "README.md").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(content)
    return loaded


def test_the_compose_file_meets_the_compose_specification() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []


def test_the_specification_would_refuse_a_misspelt_key() -> None:
    broken = COMPOSE | {"services": {"questionnaire": SERVICES["questionnaire"] | {"helthcheck": {}}}}
    assert not jsonschema.Draft202012Validator(schema()).is_valid(broken)


def test_the_services_of_a_scaled_out_airflow_are_there() -> None:
    assert set(SERVICES) == {
        "postgres", "redis", "init", "airflow-api-server", "airflow-scheduler", "airflow-dag-processor",
        "airflow-triggerer", "airflow-worker", "questionnaire", "digital-post-gateway", "sms-gateway",
    }  # fmt: skip
    assert {name for name, service in SERVICES.items() if service.get("profiles") == ["sandbox"]} == {
        "digital-post-gateway",
        "sms-gateway",
    }


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"init"}))
def test_every_service_says_when_it_is_healthy(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_in_the_compose_file_is_read_by_the_code(name: str) -> None:
    known = {f"BORGERPULS_{field.upper()}" for field in Settings.model_fields}
    assert {variable for variable in variables_of(OURS[name]) if variable.startswith("BORGERPULS_")} <= known


def test_every_setting_without_a_default_is_set_where_it_is_needed() -> None:
    empty = {
        f"BORGERPULS_{name.upper()}" for name, field in Settings.model_fields.items() if field.default == SecretStr("")
    }
    needed = {"init": empty, "questionnaire": {"BORGERPULS_QUESTIONNAIRE_DATABASE_URL"}}
    pipeline = {"BORGERPULS_DATABASE_URL", "BORGERPULS_GATEWAY_TOKEN"}
    needed |= {name: pipeline for name in OURS if name.startswith("airflow-")}
    assert set.union(*needed.values()) == empty
    for name, variables in needed.items():
        assert variables <= variables_of(OURS[name]), name


def test_folders_and_addresses_that_default_to_one_machine_are_set_for_many() -> None:
    local = {
        f"BORGERPULS_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, Path) or "127.0.0.1" in str(field.default)
    }
    assert len(local) == 6
    assert local <= variables_of(OURS["airflow-worker"])


def test_the_citizens_service_sees_neither_the_pipelines_login_nor_its_keys() -> None:
    service = OURS["questionnaire"]
    assert not {"BORGERPULS_DATABASE_URL", "BORGERPULS_DATABASE_ADMIN_URL", "BORGERPULS_GATEWAY_TOKEN"} & variables_of(
        service
    )
    assert service["volumes"] == ["questionnaire-keys:/srv/borgerpuls/keys:ro"]


def test_the_citizens_service_believes_the_proxy_that_comes_in_by_the_bridge_and_no_citizen() -> None:
    from uvicorn.middleware.proxy_headers import _TrustedHosts

    said = OURS["questionnaire"]["environment"]["FORWARDED_ALLOW_IPS"]
    trusted = _TrustedHosts(re.fullmatch(r"\$\{QUESTIONNAIRE_PROXY:-(.*)\}", said)[1])  # type: ignore[index]
    assert "172.18.0.1" in trusted
    assert "203.0.113.7" not in trusted


def test_no_secret_is_written_in_the_compose_file_or_the_example() -> None:
    text = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
    for line in text.splitlines():
        if re.search(r"(PASSWORD|SECRET|TOKEN|FERNET_KEY|_URL|CONN\w*|BACKEND):", line) and "${" not in line:
            assert re.search(r": http://[a-z-]+:\d+/[a-z]+/?$", line), (
                f"neither a placeholder nor a plain address: {line}"
            )
    asked = set(re.findall(r"\$\{(\w+):\?\}", text))
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
        if "=" in line[:40] and not line.startswith("#")
    )
    assert asked <= set(example)
    assert not any(value for name, value in example.items() if re.search("PASSWORD|SECRET|TOKEN|KEY", name))


@pytest.mark.parametrize("arguments", BORGERPULS_COMMANDS)
def test_every_command_of_the_compose_file_is_a_command_of_borgerpuls(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, [*arguments, "--help"])
    assert result.exit_code == 0, result.output


AIRFLOW_KNOWS = """
import json, sys
from airflow.cli import cli_parser
from airflow.configuration import conf, retrieve_configuration_description
asked = json.loads(sys.argv[1])
known = retrieve_configuration_description(include_airflow=True, include_providers=True)
options = {f"AIRFLOW__{s.upper()}__{o.upper()}" for s, section in known.items() for o in section["options"]}
import airflow.providers.celery.executors.celery_executor
parser = cli_parser.get_parser()
for command in asked["commands"]:
    parser.parse_args(command)
print("RESULT" + json.dumps(sorted(set(asked["variables"]) - options)))
"""


def test_airflow_knows_every_setting_and_command_of_the_compose_file(tmp_path: Path) -> None:
    variables = {v for service in OURS.values() for v in variables_of(service) if v.startswith("AIRFLOW__")}
    environment = {
        "PATH": str(Path(sys.executable).parent),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__EXECUTOR": SERVICES["airflow-worker"]["environment"]["AIRFLOW__CORE__EXECUTOR"],
        "AIRFLOW__CORE__AUTH_MANAGER": SERVICES["airflow-worker"]["environment"]["AIRFLOW__CORE__AUTH_MANAGER"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
    }
    asked = json.dumps({"variables": sorted(variables), "commands": AIRFLOW_COMMANDS})
    result = subprocess.run(
        [sys.executable, "-c", AIRFLOW_KNOWS, asked], env=environment, capture_output=True, text=True, check=False
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, result.stderr[-2000:]
    assert json.loads(lines[0].removeprefix("RESULT")) == []
    assert len(variables) > 15
    assert len(AIRFLOW_COMMANDS) == 7


def test_the_image_takes_the_locked_packages_and_runs_as_nobody_special() -> None:
    assert "--require-hashes -r requirements.txt -r requirements-build.txt" in IMAGE
    assert IMAGE.index("\nUSER borgerpuls") > IMAGE.index("RUN useradd")
