"""A municipality's own questions: asked there and nowhere else, fixed when the round is approved."""

import html
from pathlib import Path

import pandas as pd
import pytest
import yaml
from small_round import Country
from sqlalchemy import text
from typer.testing import CliRunner

from borgerpuls.cli import app
from borgerpuls.database import transaction
from borgerpuls.errors import FormIsNotOpen, InstrumentIsIncomplete, ScaleIsUnknown
from borgerpuls.questionnaire.codebook import codebook_table, compare_codebooks
from borgerpuls.questionnaire.routing import Background, asked_items, asked_pages, paths
from borgerpuls.questionnaire.stage import instrument_of, questionnaire_transaction, save_local_items
from borgerpuls.questionnaire.versions import load_instrument, round_instrument

OWN = [
    {"type": "scale", "scale": "grad", "text": {"da": "Oplever du én plan?", "en": "Do you experience one plan?"}},
    {
        "type": "single",
        "text": {"da": "Har du mødt helhedsteamet?", "en": "Have you met the whole-person team?"},
        "options": [{"code": "ja", "da": "Ja", "en": "Yes"}, {"code": "nej", "da": "Nej", "en": "No"}],
    },
]


def test_own_questions_are_asked_in_their_municipality_only() -> None:
    instrument = round_instrument("2024", {"0707": OWN})
    here = [item.item_id for item in asked_items(instrument, Background("dagpenge", "dagpenge", "0707"), {})]
    there = [item.item_id for item in asked_items(instrument, Background("dagpenge", "dagpenge", "0461"), {})]
    assert here[-4:] == ["local1", "local2", "why", "better"]
    assert here[:-4] == there[:-2]
    assert not [each for each in there if each.startswith("local")]


def test_every_path_with_own_questions_still_walks_to_the_end() -> None:
    instrument = round_instrument("2024", {"0707": OWN, "0461": OWN[:1]})
    for path in paths(instrument, ("0707", "0461", "0101")):
        pages = asked_pages(instrument, path.background, path.answers)
        assert pages[-1][0].page_id == "egne_ord"
        expected = {"0707": 2, "0461": 1, "0101": 0}[path.background.municipality_code]
        assert sum(each.startswith("local") for each in path.asked) == expected


def test_more_than_three_or_unknown_scales_are_refused_by_municipality() -> None:
    with pytest.raises(
        InstrumentIsIncomplete, match=r"local items of 0707: 4 own questions, but version 2024 has room for 3"
    ):
        round_instrument("2024", {"0707": [OWN[0]] * 4})
    with pytest.raises(ScaleIsUnknown, match="local items of 0707"):
        round_instrument("2024", {"0707": [{**OWN[0], "scale": "humør"}]})
    with pytest.raises(InstrumentIsIncomplete, match="1 own questions, but version 2023 has room for 0"):
        round_instrument("2023", {"0707": OWN[:1]})


def test_own_questions_are_kept_until_the_round_is_approved(country: Country) -> None:
    country.open_round("2024-1", version="2024", state="open")
    assert save_local_items("2024-1", "0707", OWN) == 2
    with questionnaire_transaction() as connection:
        assert instrument_of(connection, "2024-1").item("local2").present["da"] == "Har du mødt helhedsteamet?"
    with transaction("rounds") as connection:
        connection.execute(text("UPDATE rounds.round SET state = 'approved' WHERE round_id = '2024-1'"))
    with pytest.raises(FormIsNotOpen, match="no longer open to changes"):
        save_local_items("2024-1", "0707", OWN[:1])


def test_own_questions_come_from_a_file_and_only_of_municipalities_that_take_part(
    country: Country, tmp_path: Path
) -> None:
    country.open_round("2024-2", version="2024", state="open")
    file = tmp_path / "egne.yaml"
    command = ["questionnaire", "local-items", "2024-2"]
    file.write_text(yaml.safe_dump(OWN, allow_unicode=True), encoding="utf-8")
    assert "2 egne spørgsmål" in CliRunner().invoke(app, [*command, "0707", str(file)]).output
    refused = CliRunner().invoke(app, [*command, "0101", str(file)])
    assert (refused.exit_code, "Kommune 0101 deltager ikke i runden" in refused.output) == (2, True)
    for broken, said in (
        ("a: [", "egne.yaml, line 1: The file is no YAML."),
        ("type: scale", "egne.yaml: The file is no"),
    ):
        file.write_text(broken, encoding="utf-8")
        refused = CliRunner().invoke(app, [*command, "0707", str(file)])
        assert (refused.exit_code, said in refused.output, refused.output.count("\n")) == (2, True, 1)


def test_the_codebook_names_every_item_and_code_once() -> None:
    table = codebook_table(load_instrument("2023"))
    assert set(table["id"]) == {item.item_id for item in load_instrument("2023").items}
    assert not table.duplicated(["id", "variant", "kode"]).any()
    assert (
        table.loc[table["id"] == "coop", "stilles_til"]
        .iloc[0]
        .startswith("målgruppe er aktivitetsparat og (contact er")
    )


def test_the_codebook_is_written_as_a_table_and_as_a_danish_page(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["questionnaire", "codebook", "2024", "--out", str(tmp_path)])
    assert shown.exit_code == 0
    table = pd.read_csv(tmp_path / "kodebog-2024.csv", sep=";", encoding="utf-8-sig", dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(table, codebook_table(load_instrument("2024")), check_dtype=False)
    page = (tmp_path / "kodebog-2024.html").read_text(encoding="utf-8")
    assert '<html lang="da">' in page
    assert all(html.escape(wording, quote=True).replace("&#x27;", "&#39;") in page for wording in set(table["nutid"]))


def test_what_changed_between_two_versions_is_said() -> None:
    found = compare_codebooks(load_instrument("2023"), load_instrument("2024"))
    assert set(zip(found["id"], found["hvad"], strict=True)) == {
        ("local1", "ny"), ("local2", "ny"), ("local3", "ny"), ("plan", "stilles_til"), ("belief", "stilles_til"),
        ("contact", "stilles_til"), ("coop", "stilles_til"), ("aktivitetsparat", "målgruppe"),
        ("jobafklaring", "målgruppe"),
    }  # fmt: skip
    assert compare_codebooks(load_instrument("2023"), load_instrument("2023")).empty
