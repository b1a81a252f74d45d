"""Two families, unchanged files, and no letter that would bring in a third."""

import hashlib
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.reporting.fonts import font_folder, printable, text_width


def test_the_font_files_are_the_ones_named_in_the_readme() -> None:
    listed = dict(re.findall(r"\| `([0-9a-f]{64})` \| `([^`]+)` \|", (font_folder() / "README.md").read_text()))
    files = {hashlib.sha256(path.read_bytes()).hexdigest(): path.name for path in font_folder().glob("*.woff2")}
    assert files == listed
    assert len(files) == 8
    assert "SIL OPEN FONT LICENSE Version 1.1" in (font_folder() / "OFL.txt").read_text()


def test_danish_text_and_marks_are_printable_as_they_are() -> None:
    text = "Ærø, Blåvand – 36,5\u00a0% († usikkert) ‘ved ikke’ −0,29 … ½ ×"
    assert printable(text) == text


@given(st.text(max_size=60))
@settings(max_examples=50, deadline=None)
def test_any_text_becomes_one_line_of_letters_the_families_have(text: str) -> None:
    result = printable(text)
    assert len(result) == len(text)
    assert printable(result) == result
    assert "\n" not in result
    assert "\x00" not in result
    assert text_width(result, 9) >= 0
