"""Figures of others: the shipped sources, a file of one's own, and a reference municipality nobody can recognise."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from borgerpuls.cli import app
from borgerpuls.errors import ImportedFigureIsWrong, ReferenceIsNotAnonymous
from borgerpuls.estimation import stage
from borgerpuls.estimation.disclosure import Thresholds
from borgerpuls.estimation.imports import check_source, norddjurs_2025_2, pilot_2023, read_source
from borgerpuls.sandbox.postgres import EmbeddedPostgres

LIMITS = Thresholds()


def _source(folder: Path, table: str, **change: str) -> Path:
    said = {
        "source": "odense-2022-1", "kind": "imported", "period": "2022-1", "period_name": "1. halvår 2022",
        "title": "Odenses undersøgelse", "participants": "Odense", "codebook": '"2023"', "questionnaire": '"2023"',
        "table": "t.csv",
    } | change  # fmt: skip
    (folder / "t.csv").write_text(table, encoding="utf-8")
    (folder / "s.yaml").write_text("".join(f"{name}: {value}\n" for name, value in said.items() if value), "utf-8")
    return folder / "s.yaml"


REFERENCE = {
    "kind": "reference",
    "consent": "Jobcenterchefen, 12. marts 2026",
    "candidates": '["0101", "0461", "0851"]',
}
SCORES = "item_id,measure,value\noverall,mean,3.8\nmoedet,category_mean,3.9\n"


def test_the_pilot_s_figures_are_those_it_printed() -> None:
    pilot = pilot_2023()
    check_source(pilot, (), LIMITS)
    table = pilot.figures.set_index(["item_id", "measure", "category", "domain", "domain_group"])
    assert table.loc[("overall", "mean", "", "all", ""), "value"] == 3.53
    assert table.loc[("overall", "share", "5", "all", ""), "value"] == pytest.approx(0.240)
    assert table.loc[("trust", "mean", "", "target_group", "sygedagpenge"), "valid_n"] == 3278
    assert table.loc[("response", "response_rate", "", "all", ""), "value"] == 0.432
    assert len(pilot.source.municipality_codes) == 13
    # Every printed row but duration inside a target group and the three wordings of `plan` is there.
    assert (pilot.figures["measure"] == "mean").sum() == 203 - 8 - 3


def test_norddjurs_figures_are_those_of_the_note() -> None:
    note = norddjurs_2025_2()
    check_source(note, (), LIMITS)
    table = note.figures.set_index(["municipality_code", "item_id"])["value"]
    assert table[("0707", "moedet")] == 4.07
    assert table[("alle", "samarbejde_paa_tvaers")] == 3.0
    assert table[("0707", "response")] == pytest.approx(0.365)


def test_a_file_of_one_s_own_is_read(tmp_path: Path) -> None:
    table = "municipality_code,item_id,measure,value,valid_n\n0461,overall,mean,3.41,812\n"
    imported = read_source(_source(tmp_path, table))
    check_source(imported, (), LIMITS)
    (row,) = imported.figures.to_dict("records")
    assert (row["municipality_code"], row["domain"], row["value"], row["valid_n"]) == ("0461", "all", 3.41, 812)


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("item_id,measure,value\noverall,mean,5.2\n", {}, "between 1 and 5"),
        ("item_id,measure,value\noverall,median,3\n", {}, "measure 'median'"),
        ("item_id,measure,value\nhumour,mean,3\n", {}, "item 'humour'"),
        ("municipality_code,item_id,measure,value\n0999,overall,mean,3\n", {}, "line 2.*municipality is unknown"),
        ("item_id,measure,value,valid_n\noverall,mean,3,4\n", {}, "fewer than 5 answers"),
        ("item_id,measure,value,domain,domain_group\noverall,mean,3,target_group,jobafklaring\n", {}, "jobafklaring"),
        ("item_id,measure,value\noverall,mean,3\noverall,mean,3\n", {}, "line 3.*stands twice"),
        ("item_id,measure,value\noverall,mean,3\n", {"title": ""}, "lacks title"),
        ("item_id,measure,value\noverall,mean,3\n", {"period": "2022"}, "period '2022'"),
    ],
)
def test_what_cannot_be_true_is_refused_by_line(tmp_path: Path, table: str, change: dict, message: str) -> None:
    with pytest.raises(ImportedFigureIsWrong, match=message):
        check_source(read_source(_source(tmp_path, table, **change)), (), LIMITS)


def test_a_reference_keeps_neither_name_nor_candidates(tmp_path: Path) -> None:
    imported = read_source(_source(tmp_path, SCORES, **REFERENCE))
    check_source(imported, (), LIMITS)
    assert imported.source.candidate_n == 3
    assert imported.source.municipality_codes == ()
    assert set(imported.figures["municipality_code"]) == {"reference"}


@pytest.mark.parametrize(
    ("table", "change", "published", "message"),
    [
        (SCORES, {"consent": ""}, (), "not said who agreed"),
        (SCORES, {"candidates": '["0101", "0461"]'}, (), "at least 3 known municipalities"),
        (SCORES, {"candidates": '["0101", "0461", "0999"]'}, (), "2 are named"),
        (SCORES.replace("3.8", "3.81"), {}, (), "one decimal"),
        ("item_id,measure,value,valid_n\noverall,mean,3.8,812\n", {}, (), "no counts"),
        ("item_id,measure,value\noverall,top2,0.6\n", {}, (), "only give scores"),
        ("municipality_code,item_id,measure,value\n0461,overall,mean,3.8\n", {}, (), "names a municipality"),
        (SCORES, {}, ("0851",), "would be recognised"),
    ],
)
def test_a_reference_that_could_be_recognised_is_refused(
    tmp_path: Path, table: str, change: dict, published: tuple, message: str
) -> None:
    with pytest.raises(ReferenceIsNotAnonymous, match=message):
        check_source(read_source(_source(tmp_path, table, **(REFERENCE | change))), published, LIMITS)


def test_of_several_sources_all_are_imported_or_none(round_database: EmbeddedPostgres, tmp_path: Path) -> None:
    own = str(_source(tmp_path, "item_id,measure,value\noverall,mean,5.2\n"))
    with pytest.raises(ImportedFigureIsWrong, match="between 1 and 5"):
        stage.import_figures(["pilot-2023", own])
    assert stage.imported_sources().empty
    assert "No figures have been imported" in CliRunner().invoke(app, ["figures", "sources"]).output
    own = str(_source(tmp_path, "item_id,measure,value\noverall,mean,3.2\n"))
    assert stage.import_figures(["pilot-2023", own])[own] == 1
    # Imported again it takes the place of the old one, and a wrong one leaves the old one standing.
    wrong = str(_source(tmp_path, "item_id,measure,value\noverall,mean,0.2\n"))
    with pytest.raises(ImportedFigureIsWrong):
        stage.import_figures(["pilot-2023", wrong])
    kept = stage.imported_sources().set_index("source_id")["figures"].to_dict()
    assert kept == {"odense-2022-1": 1, "pilot-2023": len(pilot_2023().figures)}
