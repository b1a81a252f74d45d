"""`borgerpuls estimate` and `borgerpuls weight` on plain files: what they read, write and refuse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_surveys import random_survey
from typer.testing import CliRunner

from borgerpuls.cli import app


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    respondents, population = random_survey(3, people=12)
    respondents.drop(columns="score").assign(m1=0).to_csv(tmp_path / "respondents.csv", index=False)
    population.to_csv(tmp_path / "population_cells.csv", index=False)
    return tmp_path


def change(folder: Path, name: str, **columns: object) -> pd.DataFrame:
    """Put a value into the third row of a file's columns, or drop the column where the value is None."""
    table = pd.read_csv(folder / name, dtype="str", keep_default_na=False)
    for column, value in columns.items():
        if value is None:
            table = table.drop(columns=column)
        else:
            table.loc[2, column] = str(value)
    table.to_csv(folder / name, index=False)
    return table


def test_every_table_is_written_and_no_figure_is_nan(folder):
    code, said = run("estimate", folder, "--out", folder / "out")
    assert code == 0
    assert "not protected by disclosure control" in said
    names = {"weights", "estimates", "differences", "multiselect", "collapse", "merges"}
    assert {path.stem for path in (folder / "out").iterdir()} == names
    for path in (folder / "out").iterdir():
        text = path.read_text(encoding="utf-8").lower()
        assert ",nan" not in text
        assert ",inf" not in text


def test_the_default_order_is_the_codebooks(folder):
    run("estimate", folder, "--out", folder / "default")
    run("estimate", folder, "--out", folder / "same", "--collapse-order", "1,0,2,3")
    run("estimate", folder, "--out", folder / "other", "--collapse-order", "0,2,3,1")
    collapsed = [(folder / way / "collapse.csv").read_bytes() for way in ("default", "same", "other")]
    assert collapsed[0] == collapsed[1] != collapsed[2]


def test_the_fifth_target_group_needs_the_codebook_that_has_it(folder):
    change(folder, "population_cells.csv", tg=4, N=50)
    code, said = run("weight", folder, "--out", folder / "out")
    assert code == 2
    assert said == (
        "CodeIsOutOfRange: population_cells.csv, column tg, first at line 4: 1 values are not among the codes 0 to 3. "
        "Use the codes of the codebook."
    )


def test_a_smaller_minimum_cell_merges_less(folder):
    for minimum in (1, 5):
        assert run("weight", folder, "--out", folder / str(minimum), "--minimum-cell", minimum)[0] == 0
    merges = [len(pd.read_csv(folder / way / "merges.csv")) for way in ("1", "5")]
    assert merges[0] < merges[1]


def test_a_further_column_can_be_split_by(folder):
    table = pd.read_csv(folder / "respondents.csv")
    table.assign(flag=np.arange(len(table)) % 2 + 7).to_csv(folder / "respondents.csv", index=False)
    assert run("estimate", folder, "--out", folder / "out", "--by", "flag")[0] == 0
    groups = pd.read_csv(folder / "out" / "estimates.csv").query("var == 'flag'")["group"]
    assert sorted(groups.unique()) == [7, 8]
    code, said = run("estimate", folder, "--out", folder / "out", "--by", "nothing")
    assert (code, said.split(":")[0]) == (2, "ColumnIsMissing")


def test_status_and_duration_may_be_absent(folder):
    change(folder, "respondents.csv", status=None, dur=None)
    assert run("estimate", folder, "--out", folder / "out")[0] == 0
    assert set(pd.read_csv(folder / "out" / "estimates.csv")["var"]) == {"all", "sex", "age", "tg"}


def test_a_municipality_without_answers_is_named(folder):
    table = pd.read_csv(folder / "respondents.csv")
    table[table["muni"] != 1].to_csv(folder / "respondents.csv", index=False)
    code, said = run("estimate", folder, "--out", folder / "out")
    assert code == 0
    assert "Round 1: municipality 1 has no answers and is left out" in said
    empty = pd.read_csv(folder / "out" / "estimates.csv").query("muni == 1")
    assert len(empty) == 2 * 16
    assert empty["n"].sum() == 0
    assert set(empty["outcome"]) == {"no answers in the domain"}
    assert 1 not in set(pd.read_csv(folder / "out" / "differences.csv")["muni"])


def test_items_or_options_alone_are_enough(folder):
    change(folder, "respondents.csv", m1=None)
    assert run("estimate", folder, "--out", folder / "items")[0] == 0
    assert pd.read_csv(folder / "items" / "multiselect.csv").empty
    change(folder, "respondents.csv", q1=None, q2=None, m_other=1)
    assert run("estimate", folder, "--out", folder / "options")[0] == 0
    assert pd.read_csv(folder / "options" / "estimates.csv").empty
    assert len(pd.read_csv(folder / "options" / "multiselect.csv")) == 4
    change(folder, "respondents.csv", m_other=None)
    assert run("estimate", folder, "--out", folder / "none")[1].startswith("NothingToEstimate: respondents: The table")


def test_raking_and_trimming_are_choices(folder):
    pd.read_csv(folder / "population_cells.csv").assign(N=60).to_csv(folder / "population_cells.csv", index=False)
    for options in ([], ["--rake", "sex,age,tg"], ["--trim", "2"]):
        assert run("weight", folder, "--out", folder / "out", *options)[0] == 0
        summary = pd.read_csv(folder / "out" / "summary.csv").set_index("muni")
        assert summary.loc[-1, "population"] == pytest.approx(3 * 24 * 60)
        gaps = pd.read_csv(folder / "out" / "margins.csv").query("variable == 'tg'")["gap"].abs().max()
        assert (gaps < 1e-2) == (options[:1] == ["--rake"])


@pytest.mark.parametrize(
    ("name", "change_to", "said"),
    [
        ("respondents.csv", {"q1": 6}, ("CodeIsOutOfRange: respondents.csv, column q1, first at line 4: 1 values are not "
         "among the codes 1 to 5. Use the codes of the codebook; leave missing answers empty.")),
        ("respondents.csv", {"m1": 2}, ("CodeIsOutOfRange: respondents.csv, column m1, first at line 4: 1 values are not "
         "among the codes 0 or 1.")),
        ("respondents.csv", {"sex": 2}, "CodeIsOutOfRange: respondents.csv, column sex, first at line 4: 1 values"),
        ("respondents.csv", {"age": -1}, "CodeIsOutOfRange: respondents.csv, column age, first at line 4: 1 values"),
        ("respondents.csv", {"dur": 4}, ("CodeIsOutOfRange: respondents.csv, column dur, first at line 4: 1 values are "
         "not among the codes -1 to 3.")),
        ("respondents.csv", {"muni": -1}, "CodeIsOutOfRange: respondents.csv, column muni, first at line 4"),
        ("respondents.csv", {"q1": "yes"}, ("ValueIsUnreadable: respondents.csv, column q1, first at line 4: 1 values are "
         "not whole numbers. Correct the lines, or make the file again.")),
        ("respondents.csv", {"tg": ""}, ("ValueIsUnreadable: respondents.csv, column tg, first at line 4: 1 values are "
         "not whole numbers or are missing.")),
        ("respondents.csv", {"id": 0}, "AnswerAppearsTwice: respondents, round 1: 1 answers repeat an id of their round"),
        ("respondents.csv", {"id": ""}, ("ValueIsUnreadable: respondents.csv, column id, first at line 4: 1 values are "
         "missing.")),
        ("respondents.csv", {"round": 2}, "CellIsMissing: first of them round 2, municipality"),
        ("respondents.csv", {"tg": None}, ("ColumnIsMissing: respondents.csv: Column tg is missing. The file needs the "
         "columns id, round, muni, sex, age, tg.")),
        ("population_cells.csv", {"N": -3}, ("PopulationIsNotACount: population_cells, round 1, municipality 0, sex 0, "
         "age 0, target group 2: N is -3: a population total is a whole number")),
        ("population_cells.csv", {"N": 2.5}, "PopulationIsNotACount: population_cells, round 1"),
        ("population_cells.csv", {"N": ""}, ("ValueIsUnreadable: population_cells.csv, column N, first at line 4: 1 "
         "values are not numbers or are missing.")),
        ("population_cells.csv", {"tg": 1}, ("CellAppearsTwice: population_cells, round 1, municipality 0, sex 0, age 0, "
         "target group 1: The cell has more than one row.")),
        ("population_cells.csv", {"N": None}, "ColumnIsMissing: population_cells.csv: Column N is missing."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(folder, name, change_to, said):
    change(folder, name, **change_to)
    code, output = run("estimate", folder, "--out", folder / "out")
    assert code == 2
    assert output.startswith(said)
    assert not (folder / "out").exists()


def test_more_answers_than_persons_and_a_missing_cell_are_named(folder):
    answers = pd.read_csv(folder / "respondents.csv").groupby(["muni", "sex", "age", "tg"]).size()
    population = pd.read_csv(folder / "population_cells.csv").set_index(["muni", "sex", "age", "tg"])
    crowded = answers.idxmax()
    place = "round 1, municipality {}, sex {}, age {}, target group {}".format(*crowded)
    few = population.copy()
    few.loc[crowded, "N"] = 1
    few.reset_index().to_csv(folder / "population_cells.csv", index=False)
    assert run("weight", folder, "--out", folder / "out") == (
        2,
        (
            f"MoreAnswersThanPeople: {place}: {answers.max()} answers from 1 persons. "
            "Take population and answers at the same key date, and count each person once."
        ),
    )
    population.drop(index=crowded).reset_index().to_csv(folder / "population_cells.csv", index=False)
    code, said = run("weight", folder, "--out", folder / "out")
    assert code == 2
    assert said.startswith(f"CellIsMissing: first of them {place}: {answers.max()} answers lie in 1 cells")


def test_files_that_are_absent_or_no_tables_are_named(folder):
    (folder / "respondents.csv").rename(folder / "answers.csv")
    code, said = run("estimate", folder, "--out", folder / "out")
    assert code == 2
    assert "There is no file respondents.csv. The command's --help lists the files it reads." in said
    (folder / "respondents.csv").write_bytes(b"id,round\n\xe6\xf8\xe5,1\n")
    assert (
        "ValueIsUnreadable: respondents.csv: The file is not a comma-separated UTF-8 table"
        in run("estimate", folder, "--out", folder / "out")[1]
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--collapse-order", "1-0"], "CollapseOrderIsIncomplete: --collapse-order: '1-0' is no collapse order."),
        (["--collapse-order", "0,1,2"], "CodeIsOutOfRange: respondents.csv, column tg"),
        (["--collapse-order", "0,1,2,3,3"], "CollapseOrderIsIncomplete: The collapse order 0,1,2,3,3 does not name"),
        (["--codebook", "1999"], "UnknownCode"),
    ],
)
def test_options_that_cannot_be_are_named(folder, options, said):
    code, output = run("estimate", folder, "--out", folder / "out", *options)
    assert code == 2
    assert output.startswith(said)


def test_help_teaches_the_files_and_their_columns():
    for command, words in {
        "sample": ["frame.csv", "person_id", "sizes.csv", "selection_probability", "balance.csv"],
        "weight": ["population_cells.csv", "collapse.csv", "merged", "summary.csv"],
        "estimate": ["missing_n", "top2", "p_bh", "muni_vs_rest", "not protected by disclosure control"],
    }.items():
        code, said = run(command, "--help")
        assert code == 0
        for word in words:
            assert word in said.replace("│ ", ""), (command, word)
