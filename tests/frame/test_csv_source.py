"""Files as municipalities really send them: nothing dropped, nothing guessed, and a Danish reason when refused."""

import re

import pytest
from frame_extracts import as_csv, row
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from borgerpuls.codebooks.placement import extract_schema
from borgerpuls.errors import ExtractIsRefused
from borgerpuls.frame.columns import required_columns
from borgerpuls.frame.sources.csv import raw_rows, read_extract

COLUMNS = list(extract_schema()["kolonne"])


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252"])
def test_character_set_and_delimiter_are_found(encoding: str, delimiter: str) -> None:
    extract = read_extract(as_csv([row(1), row(2)], delimiter=delimiter).encode(encoding))
    assert (extract.encoding, extract.delimiter) == (encoding, delimiter)
    assert list(extract.rows["efternavn"]) == ["Ærø", "Ærø"]
    assert list(extract.rows["row_number"]) == [2, 3]
    assert extract.source_system == "CSV"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "tom"),
        (b"\r\n  \r\n", "tom"),
        (as_csv([]).encode(), "tom"),
        (as_csv([row(1)]).encode("utf-16"), "UTF-16"),
        (as_csv([row(1)]).encode("utf-16-be"), "UTF-16"),
        (b"PK\x03\x04" + bytes(60), "Excel-fil"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "Excel-fil"),
        (bytes(range(256)) * 8, "ikke en tekstfil"),
        (bytes(2000), "ikke en tekstfil"),
        (as_csv([row(1)]).encode().replace("Æ".encode(), b"\x81"), "tegnsæt"),
        (as_csv([row(1, fornavn="Bo", efternavn="Sørensen")]).encode("cp865"), "ødelagt"),
        (as_csv([row(1)]).encode().decode("windows-1252", "replace").encode(), "ødelagt"),
        (as_csv([row(1)], delimiter=":").encode(), "skilles ad"),
        (";".join(row(1).values()).encode(), "overskrift"),
    ],
    ids=[
        "nothing",
        "blank",
        "heading only",
        "utf-16",
        "utf-16 unmarked",
        "xlsx",
        "xls",
        "binary",
        "noughts",
        "neither",
        "dos",
        "twice encoded",
        "colon",
        "no heading",
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(ExtractIsRefused, match=said):
        read_extract(content)


@pytest.mark.parametrize("column", required_columns())
def test_a_missing_column_is_named(column: str) -> None:
    left = [name for name in COLUMNS if name != column]
    with pytest.raises(ExtractIsRefused, match=rf"Kolonner mangler: {column}\."):
        read_extract(as_csv([{k: v for k, v in row(1).items() if k != column}], columns=left).encode())


@pytest.mark.parametrize(
    ("column", "renamed"),
    [("forloeb_start", "forløb_start"), ("cpr", "cpr_nummer"), ("mobil", "mobilnr"), ("ydelse_kode", "ydelseskode")],
)
def test_a_renamed_column_is_named_with_what_it_resembles(column: str, renamed: str) -> None:
    heading, _, rest = as_csv([row(1)]).partition("\n")
    with pytest.raises(ExtractIsRefused, match=rf"{column} \(ligner kolonnen »{renamed}«\)"):
        read_extract((heading.replace(f";{column};", f";{renamed};", 1) + "\n" + rest).encode())


def test_a_column_that_stands_twice_is_named() -> None:
    with pytest.raises(ExtractIsRefused, match=r"mere end én gang: forloeb_slut\."):
        read_extract(as_csv([row(1)], columns=[*COLUMNS, "forloeb_slut"]).encode())


def test_a_refusal_never_shows_a_first_line_that_is_a_person() -> None:
    heading = ["udtraek_id", "kilde_system", "cpr-6105801234", "fornavn karl", "6105801234"]
    with pytest.raises(ExtractIsRefused) as refused:
        read_extract((";".join(heading) + "\n" + ";".join("12345") + "\n").encode())
    assert not re.search("[0-9]{6}", str(refused.value))


def test_a_column_the_survey_does_not_know_is_counted_and_left() -> None:
    extract = read_extract(as_csv([row(1)], columns=[*COLUMNS, "sagsbehandler"]).encode())
    assert extract.unread_column_count == 1


def test_optional_columns_may_be_left_out() -> None:
    extract = read_extract(as_csv([row(1)], columns=list(row(1))).encode())
    assert list(extract.rows["mobil"]) == [""]


def test_row_numbers_are_those_a_spreadsheet_shows_and_blank_lines_are_no_rows() -> None:
    lines = as_csv([row(1), row(2), row(3)]).splitlines()
    text = "\n".join(["", *lines[:2], ";" * 33, "", *lines[2:]])
    assert list(read_extract(text.encode()).rows["row_number"]) == [3, 6, 7]


def test_a_line_break_inside_a_quoted_field_stays_in_its_row() -> None:
    extract = read_extract(as_csv([row(1, co_navn="hos\nKarl"), row(2)]).encode())
    assert list(extract.rows["co_navn"]) == ["hos\nKarl", ""]


@pytest.mark.parametrize("places", [[1], [1, 3], [0, 2, 3]])
@pytest.mark.parametrize("column", ["fornavn", "lokal_3"])
def test_a_quotation_mark_never_closed_costs_no_other_row(places: list[int], column: str) -> None:
    lines = as_csv([row(serial, **{column: f"MARK{serial}"}) for serial in range(5)]).splitlines()
    for place in places:
        lines[1 + place] = lines[1 + place].replace(f"MARK{place}", f'"MARK{place}')
    rows = read_extract("\n".join(lines).encode()).rows
    assert len(rows) == 5
    untouched = [place for place in range(5) if place not in places]
    assert (rows.loc[untouched, "antal_felter"] == len(COLUMNS)).all()
    assert list(rows.loc[untouched, column]) == [f"MARK{place}" for place in untouched]


def test_a_row_is_given_back_exactly_as_it_stood() -> None:
    lines = as_csv([row(1), row(2)]).splitlines()
    extract = read_extract((lines[0] + "\n" + lines[1] + ";for;meget\n" + lines[2] + "\n").encode())
    given_back = raw_rows(extract, [2])[2]
    assert given_back["efternavn"] == "Ærø"
    assert (given_back["felt_35"], given_back["felt_36"]) == ("for", "meget")
    assert list(extract.rows["antal_felter"]) == [len(COLUMNS) + 2, len(COLUMNS)]


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


MESS = st.text(st.characters(codec="windows-1252", exclude_characters='\r\n\0Ã†‘›"'), max_size=40)


@settings(max_examples=50, deadline=None)
@given(st.lists(MESS, min_size=1, max_size=30))
def test_every_line_of_a_messy_file_is_a_row_or_blank(lines: list[str]) -> None:
    filled = [line for line in lines if line.replace(";", "").strip()]
    content = "\n".join([";".join(COLUMNS), *lines]).encode("windows-1252")
    assume(content.isascii() or not _is_utf8(content))  # what can be UTF-8 is: "Â\xa0" is then one space
    if not filled:
        with pytest.raises(ExtractIsRefused, match="tom"):
            read_extract(content)
        return
    extract = read_extract(content)
    assert len(extract.rows) == len(filled)
    stood = raw_rows(extract, extract.rows["row_number"])
    assert [";".join(fields.values()) for fields in stood.values()] == filled


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.sampled_from(' ;"a\n'), max_size=12), min_size=1, max_size=12), st.integers(0, 12))
def test_quotation_marks_anywhere_never_swallow_a_good_row(mess: list[str], place: int) -> None:
    good = as_csv([row(7)]).splitlines()[1]
    lines = [*mess[:place], good, *mess[place:]]
    rows = read_extract("\n".join([";".join(COLUMNS), *lines]).encode()).rows
    assert list(rows.loc[rows["forloeb_id"] == "F7", "antal_felter"]) == [len(COLUMNS)]
