"""Every language has every text and page; another one is added as data."""

import shutil
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml

from borgerpuls.questionnaire.versions import instrument_versions, load_instrument
from borgerpuls.questionnaire.web import pages
from borgerpuls.resources import resource_folder

FOLDER = Path(str(resource_folder("templates"))) / "questionnaire"
STATIC = ("landing.html", "genuine.html", "privacy.html", "accessibility.html")


def shape(texts: Any, place: str = "") -> set[str]:
    """The places of a tree of texts, with the fields each text is filled into."""
    if isinstance(texts, dict):
        return {each for key, part in texts.items() for each in shape(part, f"{place}/{key}")}
    if isinstance(texts, list):
        return {each for number, part in enumerate(texts) for each in shape(part, f"{place}/{number}")}
    fields = sorted(name for _, name, _, _ in Formatter().parse(str(texts)) if name)
    return {f"{place} {fields}"}


def test_danish_comes_first_and_every_language_says_the_same_things() -> None:
    assert pages.languages() == ("da", "en")
    danish = yaml.safe_load((FOLDER / "texts" / "da.yaml").read_text("utf-8"))
    for language in pages.languages():
        assert shape(pages.texts(language)) == shape(danish)
        assert {path.name for path in (FOLDER / language).glob("*.html")} == {
            path.name for path in (FOLDER / "da").glob("*.html")
        }


def test_the_privacy_page_lists_what_the_letter_lists() -> None:
    letter = (FOLDER.parent / "letters" / "base.html.j2").read_text("utf-8")
    listed = {
        "da": ("cpr-nummer", "navn", "telefonnummer", "adresse", "køn", "alder", "sprog", "kommune", "ydelse", "målgruppe",
               "datoerne for dit forløb", "kommunens egen inddeling af forløb"),
        "en": ("cpr number", "name", "phone number", "address", "sex", "age", "language", "municipality", "benefit",
               "target group", "the dates of your course", "the municipality’s own grouping of courses"),
    }  # fmt: skip
    in_letter = next(line for line in letter.splitlines() if "Hvor har vi oplysningerne fra?" in line)
    assert [each for each in listed["da"] if each not in in_letter] == []
    assert set(listed) == set(pages.languages())
    for language, facts in listed.items():
        page = (FOLDER / language / "privacy.html").read_text("utf-8").lower()
        known = page.split("<h2>")[2]
        assert [each for each in facts if each not in known] == []


@pytest.mark.parametrize("version", instrument_versions())
def test_every_instrument_is_written_in_every_language(version: str) -> None:
    assert set(load_instrument(version).languages) >= set(pages.languages())


def test_another_language_is_a_file_of_texts_and_a_folder_of_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "questionnaire"
    shutil.copytree(FOLDER, folder)
    (folder / "texts" / "uk.yaml").write_text(
        (folder / "texts" / "en.yaml").read_text("utf-8").replace("en_GB", "uk_UA").replace("English", "Українська"),
        "utf-8",
    )
    shutil.copytree(folder / "en", folder / "uk")
    for cached in (pages.languages, pages.texts, pages._environment, pages._names):
        cached.cache_clear()
    monkeypatch.setattr(pages, "resource_folder", lambda _: tmp_path)
    try:
        assert pages.languages() == ("da", "en", "uk")
        for template in STATIC:
            page = pages.render(template, "uk", is_session=False).decode()
            assert '<html lang="uk">' in page
            assert 'href="?sprog=da" lang="da"' in page
        assert "Українська" in pages.render("landing.html", "da", is_session=False).decode()
    finally:
        for cached in (pages.languages, pages.texts, pages._environment, pages._names):
            cached.cache_clear()
