"""
The two families of the reports: where the files are, which letters they have, and how wide a text becomes.

Both families ship in `templates/reports/fonts/`; nothing else may be embedded in a report.
"""

import ctypes
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from borgerpuls.reporting.cited import plain
from borgerpuls.resources import resource_folder

SANS = "Source Sans 3"
SERIF = "Source Serif 4"
EXTENSION = " Ext"
"""Ends the name under which a family's latin-ext file is loaded: WeasyPrint keeps fonts apart by name alone."""
MM_PER_POINT = 25.4 / 72

_STEMS = {
    (SANS, 400): "source-sans-3-{}-400-normal.woff2",
    (SANS, 600): "source-sans-3-{}-600-normal.woff2",
    (SANS, 700): "source-sans-3-{}-700-normal.woff2",
    (SERIF, 600): "source-serif-4-{}-600-normal.woff2",
}
_RANGES = {
    "latin": "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-201F,U+2022-206F,"
    "U+20AC,U+2122,U+2212,U+2215",
    "latin-ext": "U+0100-0130,U+0132-0151,U+0154-02BA,U+1E00-1EFF,U+2020-2021",
}
REPLACEMENT = "?"
"""Stands for a letter that the families lack, so that no other font is ever embedded."""


class _Metrics(NamedTuple):
    advance: dict[int, int]
    units_per_em: int


def font_folder() -> Path:
    """Return the folder of the font files."""
    return resource_folder("templates") / "reports" / "fonts"


def font_faces() -> str:
    """Return the `@font-face` rules of the reports, with `font:` addresses that only our fetcher serves."""
    return "".join(
        f"@font-face{{font-family:'{family}{EXTENSION if subset == 'latin-ext' else ''}';font-weight:{weight};src:url('font:{stem.format(subset)}');"
        f"unicode-range:{_RANGES[subset]}}}\n"
        for (family, weight), stem in _STEMS.items()
        for subset in _RANGES
    )


def text_width(text: str, size: float, weight: int = 400, family: str = SANS) -> float:
    """Return the width of *text* in mm at *size* points, kerning left out."""
    metrics = _metrics(family, weight)
    text = plain(text)
    units = sum(metrics.advance.get(ord(letter), metrics.units_per_em // 2) for letter in text)
    return units / metrics.units_per_em * size * MM_PER_POINT


def printable(text: str, keep: frozenset[str] = frozenset()) -> str:
    """
    Return *text* with only letters that both families have, on one line.

    Letters of other scripts become "?", control characters a space: a name is data, never layout.

    Args:
        text: Any text.
        keep: More letters that stay: the marks of `cited`, in texts of our own making only.
    """
    known = _letters()
    if known.issuperset(text):
        return text
    return "".join(
        letter
        if letter in known or letter in keep
        else " "
        if not letter.isprintable() or letter.isspace()
        else REPLACEMENT
        for letter in text
    )


@cache
def _letters() -> frozenset[str]:
    common = set.intersection(*({*_metrics(family, weight).advance} for family, weight in _STEMS))
    return frozenset(chr(code) for code in common if chr(code).isprintable() or code in {0x20, 0xA0, 0xAD})


@cache
def _metrics(family: str, weight: int) -> _Metrics:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    advance: dict[int, int] = {}
    units_per_em = 1000
    for subset in ("latin-ext", "latin"):
        font = TTFont(font_folder() / _STEMS[(family, weight)].format(subset))
        font.setGlyphOrder([str(number) for number in range(font["maxp"].numGlyphs)])  # names would take a megabyte
        widths = font["hmtx"].metrics
        units_per_em = int(font["head"].unitsPerEm)
        advance.update({code: int(widths[name][0]) for code, name in font.getBestCmap().items()})
    return _Metrics(advance, units_per_em)


def spare_font_tools() -> None:
    """
    Keep fontTools' subsetter and instancer out of this process, before WeasyPrint is imported: 87 modules, 5 MB.

    WeasyPrint 70.0 imports them with itself, for variable fonts, of which we ship none, and for machines without
    HarfBuzz's own subsetter. On such a machine nothing is spared.
    """
    try:
        ctypes.CDLL("libharfbuzz-subset.so.0")
    except OSError:
        return
    if "weasyprint" not in sys.modules:
        for name in ("fontTools.subset", "fontTools.varLib.instancer"):
            sys.modules.setdefault(name, _NotNeeded(name))


class _NotNeeded(ModuleType):
    """Stands for a module of which WeasyPrint imports one name and never calls it."""

    instantiateVariableFont = None  # noqa: N815 - fontTools' name
