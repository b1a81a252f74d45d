"""`borgerpuls sample` on plain files."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from borgerpuls.cli import app

FRAME = ["person_id", "municipality", "sex", "age_group", "target_group"]


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(4)
    n = 900
    frame = pd.DataFrame(
        {
            "person_id": [f"p{number}" for number in rng.permutation(n)],
            "municipality": rng.choice(["101", "147"], n),
            "sex": rng.choice(["K", "M"], n),
            "age_group": rng.choice(["under 30", "30-49", "50+"], n),
            "target_group": rng.choice(["dagpenge", "sygedagpenge"], n),
            "note": "æøå",
        }
    )
    frame.to_csv(tmp_path / "frame.csv", index=False)
    pd.DataFrame({"municipality": ["101", "147"], "n": [120, 9999]}).to_csv(tmp_path / "sizes.csv", index=False)
    return tmp_path


def test_configured_sizes_are_drawn_with_their_probabilities(folder):
    code, said = run("sample", folder, "--out", folder / "out", "--seed", 7)
    assert code == 0
    sample, allocation = (pd.read_csv(folder / "out" / name) for name in ("sample.csv", "allocation.csv"))
    frame = pd.read_csv(folder / "frame.csv")
    assert list(sample.columns) == [*FRAME, "stratum_id", "selection_probability"]
    drawn = sample.groupby("municipality").size()
    assert drawn[101] == 120
    assert drawn[147] == (frame["municipality"] == 147).sum()
    assert (1 / sample["selection_probability"]).sum() == pytest.approx(len(frame), rel=0.02)
    assert allocation["allocated_n"].sum() == len(sample)
    assert set(allocation.query("municipality == 147")["outcome"]) == {"census: everybody is drawn"}
    draw = json.loads((folder / "out" / "draw.json").read_text())
    assert draw == {"seed": 7, "frame_hash": draw["frame_hash"], "frame_n": 900, "sample_n": len(sample),
                    "rule": "sizes.csv"}  # fmt: skip
    assert f"{len(sample)} persons drawn with seed 7 from the frame {draw['frame_hash']}" == said
    balance = pd.read_csv(folder / "out" / "balance.csv").query("variable == 'target_group'")
    assert balance["deviation_n"].abs().max() < 6


def test_the_draw_can_be_made_again_from_a_shuffled_frame_with_extra_columns(folder):
    run("sample", folder, "--out", folder / "first", "--seed", 7)
    frame_hash = json.loads((folder / "first" / "draw.json").read_text())["frame_hash"]
    frame = pd.read_csv(folder / "frame.csv", dtype="str").sample(frac=1, random_state=2)
    frame.drop(columns="note").assign(more=1).to_csv(folder / "frame.csv", index=False)
    assert run("sample", folder, "--out", folder / "again", "--seed", 7, "--frame-hash", frame_hash)[0] == 0
    for name in ("sample.csv", "allocation.csv", "balance.csv", "draw.json"):
        assert (folder / "first" / name).read_bytes() == (folder / "again" / name).read_bytes()
    frame.iloc[1:].to_csv(folder / "frame.csv", index=False)
    code, said = run("sample", folder, "--out", folder / "changed", "--seed", 7, "--frame-hash", frame_hash)
    assert (code, said.split(":")[0]) == (2, "FrameHasChanged")


def test_a_precision_rule_needs_no_sizes(folder):
    (folder / "sizes.csv").unlink()
    options = ["--precision", 0.05, "--expected-response", 0.8, "--total", 500]
    assert run("sample", folder, "--out", folder / "out", *options)[0] == 0
    assert len(pd.read_csv(folder / "out" / "sample.csv")) == 500
    code, said = run("sample", folder, "--out", folder / "none")
    assert code == 2
    assert "There is no file sizes.csv" in said


def test_the_short_column_names_are_understood(folder):
    frame = pd.read_csv(folder / "frame.csv")
    short = {"municipality": "muni", "age_group": "age", "target_group": "tg"}
    run("sample", folder, "--out", folder / "long")
    frame.rename(columns=short).to_csv(folder / "frame.csv", index=False)
    run("sample", folder, "--out", folder / "short")
    assert (folder / "long" / "sample.csv").read_bytes() == (folder / "short" / "sample.csv").read_bytes()


def test_what_is_wrong_is_named_with_its_place(folder):
    frame = pd.read_csv(folder / "frame.csv", dtype="str")

    def refused(table: pd.DataFrame, *options: object) -> str:
        table.to_csv(folder / "frame.csv", index=False)
        code, said = run("sample", folder, "--out", folder / "out", *options)
        assert code == 2
        assert not (folder / "out").exists()
        return said

    assert refused(pd.concat([frame, frame.head(1)])).startswith(
        "PersonAppearsTwice: frame, column person_id: 1 rows repeat a person."
    )
    assert refused(frame.drop(columns=["sex", "target_group"])).startswith(
        "ColumnIsMissing: frame.csv: Column sex, target_group is missing."
    )
    assert refused(frame.assign(sex=frame["sex"].where(frame.index != 5, ""))).startswith(
        "ValueIsUnreadable: frame.csv, column sex, first at line 7: 1 values are missing."
    )
    assert refused(frame.head(0)).startswith("FrameIsEmpty: frame: There is nobody to draw from.")
    assert refused(frame.assign(municipality="999")).startswith(
        "SampleSizeIsImpossible: sizes: Municipality 999 is in the frame but has no size."
    )
    assert refused(frame, "--total", 5).startswith("SampleSizeIsImpossible: --total: A total goes with a precision")
    assert refused(frame, "--precision", 3).startswith("PrecisionIsImpossible: precision target: The margin 3")
    pd.DataFrame({"municipality": [101, 147], "n": [1.5, 2]}).to_csv(folder / "sizes.csv", index=False)
    assert refused(frame).startswith("SampleSizeIsImpossible: sizes, municipality 101: The size 1.5 is not a whole")
