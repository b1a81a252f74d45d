"""What the command line says of files and words that it cannot use: one sentence and exit code 2, never a traceback."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from borgerpuls.cli import app
from borgerpuls.given_paths import unusable


def refused(*words: str | Path) -> str:
    """Return what a command that must fail says."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert (result.exit_code, type(result.exception)) == (2, SystemExit), repr(result.exception)
    return result.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "here").write_text("not a folder", encoding="utf-8")
    return tmp_path / "here"


def test_a_file_that_is_named_as_a_folder_is_said(file: Path) -> None:
    table = file.parent / "printed.csv"
    table.write_text(
        "question_id,subgroup_var,subgroup,n,pct_5,pct_4,pct_3,pct_2,pct_1,mean_published,pct_decimals,dont_know_n\n"
    )
    for words in (
        ("questionnaire", "codebook", "2023", "--out", file),
        ("questionnaire", "codebook", "2023", f"--out={file / 'below'}"),
        ("check-figures", table, "--out", file),
    ):  # fmt: skip
        said = refused(*words)
        assert said.startswith(f"FileIsUnusable: {file}"), said
        assert said.endswith("This is a file, where a folder is needed. Name a folder, or a new one.\n")


def test_every_refusal_of_the_operating_system_about_a_given_path_becomes_a_sentence(tmp_path: Path) -> None:
    given = str(tmp_path / "given")
    inside = f"{given}/respondents.csv"
    for error, said in (
        (PermissionError(13, "Permission denied", inside), f"{inside}: You may not read or write here."),
        (FileNotFoundError(2, "No such file", given), f"{given}: There is no such file or folder."),
        (FileExistsError(17, "File exists", str(tmp_path)), f"{tmp_path}: This is a file, where a folder is needed."),
        (IsADirectoryError(21, "Is a directory", given), f"{given}: This is a folder, where a file is needed."),
        (OSError(28, "No space left on device", given), f"{given}: It cannot be used: No space left on device."),
    ):
        fact = unusable(error, ["weight", "--rake", given])
        assert str(fact).startswith(said)
        assert str(unusable(error, [f"--out={given}"])) == str(fact)


def test_a_refusal_about_a_path_that_nobody_gave_stays_an_error_of_ours(tmp_path: Path) -> None:
    ours = FileNotFoundError(2, "No such file", "/usr/share/borgerpuls/templates/letters.html")
    assert unusable(ours, ["weight", str(tmp_path), "--out", str(tmp_path / "out")]) is None
    assert unusable(ConnectionRefusedError(111, "Connection refused"), [str(tmp_path)]) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"source: a\ntable: [1, 2\nkind: x\n", "FileIsUnusable: own.yaml, line 3: The file is no YAML. Look at"),
        (b"\x00\x01\x02\xff\xfe", "FileIsUnusable: own.yaml: The file is no text in UTF-8. Save it as UTF-8"),
        (b"a: \x00", "FileIsUnusable: own.yaml: The file is no YAML."),
        (b"- 1\n", "ImportedFigureIsWrong: own.yaml: The description lacks source, kind,"),
    ],
    ids=["broken", "binary", "control letter", "list"],
)
def test_a_description_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "own.yaml").write_bytes(content)
    assert refused("figures", "import", tmp_path / "own.yaml").startswith(said)


def test_a_description_or_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused("figures", "import", tmp_path / "nothere").startswith(
        f"FileIsMissing: {tmp_path}: There is no file nothere. Write pilot-2023, norddjurs-2025-2, or the path of"
    )
    fields = ("source", "kind", "period", "period_name", "title", "participants", "codebook", "questionnaire")
    (tmp_path / "own.yaml").write_text("".join(f"{name}: x\n" for name in fields) + "table: scores.csv\n")
    assert refused("figures", "import", tmp_path / "own.yaml").startswith(
        f"FileIsMissing: {tmp_path}: There is no file scores.csv. Put it there, or correct `table` in own.yaml."
    )


def test_numbers_that_are_no_utf_8_are_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_bytes("9901900000 Sørensen\n".encode("windows-1252"))
    said = refused("fieldwork", "opt-out", "--file", tmp_path / "numbers.txt")
    assert said.startswith("FileIsUnusable: numbers.txt: The file is no text in UTF-8.")
    assert "9901900000" not in said


def test_a_time_that_is_none_is_refused() -> None:
    assert "does not match the formats" in " ".join(refused("sandbox", "clock", "notatime").split())
