"""The arrows between the rooms: who may import whom (STYLE.md)."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "include" / "borgerpuls"
STAGES = (
    "rounds", "frame", "sampling", "fieldwork", "questionnaire", "responses", "weighting", "estimation", "reporting",
    "publication", "retention",
)  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))
NOT_IN_METHODS = (
    "borgerpuls.database",
    "borgerpuls.clock",
    "borgerpuls.settings",
    "borgerpuls.vault",
    "borgerpuls.round_keys",
    "sqlalchemy",
    "airflow",
)
PURE = {
    "sampling": {"stage.py"}, "weighting": {"stage.py"}, "estimation": {"stage.py"},
}  # fmt: skip


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nobody_imports_through_the_folder_include(path: Path) -> None:
    assert not any(name.startswith("include.") for name in imports_of(path))


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room_of(path) in STAGES], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_stages_speak_through_tables_and_share_only_pure_methods_of_earlier_stages(path: Path) -> None:
    own = room_of(path)
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "borgerpuls" or len(parts) < 3 or parts[1] not in STAGES or parts[1] == own:
            continue
        module = PACKAGE.joinpath(*parts[1:]).with_suffix(".py")
        if not module.is_file():
            continue  # a name inside a module, which is listed too
        assert STAGES.index(parts[1]) < STAGES.index(own), f"{own} comes before {name}"
        assert parts[2] != "stage", f"{name} is another stage's glue"
        assert not impure_imports(module), f"{name} is not a pure method module"


def impure_imports(path: Path) -> set[str]:
    return {name for name in imports_of(path) for bad in NOT_IN_METHODS if name == bad or name.startswith(bad + ".")}


@pytest.mark.parametrize("room", sorted(PURE))
def test_method_modules_are_pure(room: str) -> None:
    for path in (PACKAGE / room).glob("*.py"):
        if path.name in PURE[room]:
            continue
        impure = {
            name for name in imports_of(path) for bad in NOT_IN_METHODS if name == bad or name.startswith(bad + ".")
        }
        assert impure == set(), path.name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_orchestration_imports_airflow(path: Path) -> None:
    if path.name != "orchestration.py":
        assert not any(name == "airflow" or name.startswith("airflow.") for name in imports_of(path))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_package_files_are_empty(path: Path) -> None:
    assert path.read_text() == ""


def test_only_settings_reads_the_environment() -> None:
    for path in MODULES:
        if path.name == "settings.py" or room_of(path) == "sandbox":
            continue
        assert "os.environ" not in path.read_text(encoding="utf-8"), path.name


def test_no_modules_need_each_other() -> None:
    """Raises CycleError with the circle; imports inside functions and for types alone count too."""
    known = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in MODULES}
    TopologicalSorter({name: imports_of(path) & (known.keys() - {name}) for name, path in known.items()}).prepare()
