"""
Slides with native, editable charts: the house's page, type and colours on python-pptx.

Places and sizes are inches from the slide's top left. A chart's numbers are the printed ones: whatever its embedded
workbook holds stands on the slide or in its alternative text; an empty cell is a number that is not shown.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from borgerpuls.reporting import numbers
from borgerpuls.reporting.canvas import GRID, INK, MUTED, NATIONAL, ON_SCALE, PETROL, SCALE, WHITE
from borgerpuls.reporting.packages import DANISH, FONT, line_count, settled
from borgerpuls.reporting.survey import one_line

WIDTH, HEIGHT = 13.333, 7.5
LEFT, RIGHT = 0.6, 12.73
COLUMN = 5.9
"""Width of each of two columns; the second begins at `SECOND`."""
SECOND = 6.83
ROW = 0.325
"""Height of one row of answers, with its gap."""

_SERIF = "Georgia"
"""Of titles alone, which have room for a wider letter where a computer has no Georgia; all that must fit is `FONT`."""
_LANGUAGE = "da-DK"
_SLIDE_NUMBER = "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}"
_LABELS, _SCORES = 2.05, 1.15
SCORE, PERCENT = f"{DANISH}0.00", '0" %"'
"""Number formats; percentages are 0 to 100, so that a bar can hold its number without the sign."""
_SHARE_IN_BAR = f'[<{100 * numbers.SMALLEST_WRITTEN_SHARE:g}]"";0'
_WORDING, _LONG_WORDING = 13.0, 11.0
"""Sizes of a question's wording: on one line, or on two."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One bar of answers. `shares` are the printed whole percentages 0 to 100, or None when nothing may be shown."""

    label: str
    shares: tuple[float, ...] | None
    score: str
    base: str
    hidden: str = ""


class AnswerPart(NamedTuple):
    """Rows under one heading."""

    heading: str
    rows: Sequence[AnswerRow]


class Series(NamedTuple):
    """A named row of numbers and its colour; None is a number that is not shown."""

    name: str
    values: tuple[float | None, ...]
    colour: str


class Slides:
    """A presentation in the making."""

    def __init__(self, title: str, running: str, keywords: str) -> None:
        from pptx import Presentation

        self._deck: Any = Presentation(io.BytesIO(_template()))
        self._running = running
        self._title = title
        self._keywords = keywords
        self.count = 0

    def cover(self, title: str, subtitle: str, notes: str) -> None:
        """Add the first slide."""
        slide = self._deck.slides.add_slide(self._deck.slide_layouts[0])
        _write(slide.shapes.title.text_frame, [title], 40 if len(title) <= 60 else 26, WHITE, _SERIF, is_bold=True)
        _write(slide.placeholders[1].text_frame, subtitle.split("\n"), 20, "#DCE8F1")
        self._finish(slide, notes)

    def page(self, title: str, notes: str) -> "Page":
        """Add a slide with a title and speaker notes."""
        slide = self._deck.slides.add_slide(self._deck.slide_layouts[1])
        _write(slide.shapes.title.text_frame, [title], 26 if len(title) <= 80 else 20, PETROL, _SERIF, is_bold=True)
        self._finish(slide, notes)
        page = Page(slide)
        page.text(LEFT, 7.02, 11.2, 0.3, [self._running], size=9, colour=MUTED)
        page.number(RIGHT - 0.6, 7.02, self.count)
        return page

    def content(self, when: datetime) -> bytes:
        """Return the file; *when* is the round's time (see `packages.round_time`)."""
        properties = self._deck.core_properties
        properties.title = self._title[:255]  # more than a property may hold
        properties.subject = "Tværkommunal borgerundersøgelse"
        properties.author = properties.last_modified_by = "Borgerpuls"
        properties.keywords = self._keywords
        properties.language = _LANGUAGE
        properties.created = properties.modified = when.replace(tzinfo=None)
        properties.revision = 1
        buffer = io.BytesIO()
        self._deck.save(buffer)
        return settled(buffer.getvalue(), when)

    def _finish(self, slide: Any, notes: str) -> None:
        self.count += 1
        _write(slide.notes_slide.notes_text_frame, notes.split("\n"), None, None)


class Page:
    """One slide; everything is placed on it by hand."""

    def __init__(self, slide: Any) -> None:
        self._slide = slide

    def text(
        self, left: float, top: float, width: float, height: float, lines: Sequence[str], *, size: float = 14,
        colour: str = INK, is_bold: bool = False, gap: float = 0,
    ) -> None:  # fmt: skip
        """Add paragraphs of text; *gap* is the space after each, in points."""
        box = self._slide.shapes.add_textbox(*_inches(left, top, width, height))
        frame = _bare(box.text_frame)
        _write(frame, lines, size, colour, is_bold=is_bold, gap=gap)

    def wording(self, text: str) -> None:
        """Add what was asked, below the title; a long question is set smaller, on two lines."""
        size = _WORDING if line_count(text, 72 * (RIGHT - LEFT), _WORDING) == 1 else _LONG_WORDING
        self.text(LEFT, 0.98, RIGHT - LEFT, 0.4, [text], size=size)

    def _right(self, left: float, top: float, width: float, text: str, size: float) -> None:
        """Add a muted line that ends at the right."""
        from pptx.enum.text import PP_ALIGN

        box = self._slide.shapes.add_textbox(*_inches(left, top, width, 0.26))
        frame = _bare(box.text_frame)
        _write(frame, [text], size, MUTED)
        frame.paragraphs[0].alignment = PP_ALIGN.RIGHT

    def number(self, left: float, top: float, number: int) -> None:
        """Add the slide's number as a field, which follows the slide when it is moved."""
        from lxml import etree
        from pptx.oxml.ns import qn

        box = self._slide.shapes.add_textbox(*_inches(left, top, 0.6, 0.3))
        paragraph = next(_bare(box.text_frame)._element.iter(qn("a:p")))  # noqa: SLF001 - there is no call for fields
        etree.SubElement(paragraph, qn("a:pPr"), {"algn": "r"})
        field = etree.SubElement(paragraph, qn("a:fld"), {"id": _SLIDE_NUMBER, "type": "slidenum"})
        etree.SubElement(field, qn("a:rPr"), {"lang": _LANGUAGE, "sz": "900"})
        etree.SubElement(field, qn("a:t")).text = str(number)

    def table(
        self, left: float, top: float, widths: Sequence[float], head: Sequence[str], rows: Sequence[Sequence[str]], *,
        size: float = 12, row_height: float = 0.34, alternative: str,
    ) -> None:  # fmt: skip
        """Add a table whose first row is its head; every column but the first is set right."""
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
        from pptx.util import Emu, Inches

        frame = self._slide.shapes.add_table(
            len(rows) + 1, len(head), *_inches(left, top, sum(widths), row_height * (len(rows) + 1))
        )
        _describe(frame, "Tabel", alternative)
        table = frame.table
        table.first_row, table.first_col, table.horz_banding = True, False, False
        style = frame.element.find(".//{http://schemas.openxmlformats.org/drawingml/2006/main}tableStyleId")
        style.text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # no style, no grid
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Inches(width)
        for row_number, row in enumerate((head, *rows)):
            table.rows[row_number].height = Inches(row_height)
            for column_number, value in enumerate(row):
                cell = table.cell(row_number, column_number)
                is_head = row_number == 0
                cell.margin_top = cell.margin_bottom = Emu(20000)
                cell.vertical_anchor = MSO_ANCHOR.MIDDLE
                cell.fill.solid()
                cell.fill.fore_color.rgb = _rgb(PETROL if is_head else "#F2F5F7" if row_number % 2 == 0 else WHITE)
                _write(cell.text_frame, [value], size, WHITE if is_head else INK, is_bold=is_head)
                if column_number:
                    cell.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT

    def legend(self, left: float, top: float, names: Sequence[str]) -> None:
        """Add the names of the answers on their colours, most positive first."""
        from pptx.enum.shapes import MSO_SHAPE
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
        from pptx.oxml.ns import qn

        width = (RIGHT - LEFT) / len(names)
        for place, (name, colour, on) in enumerate(zip(names, SCALE, ON_SCALE, strict=True)):
            box = self._slide.shapes.add_shape(
                MSO_SHAPE.RECTANGLE, *_inches(left + place * width, top, width - 0.04, 0.3)
            )
            box.fill.solid()
            box.fill.fore_color.rgb = _rgb(colour)
            box.line.fill.background()
            box._element.remove(box._element.find(qn("p:style")))  # noqa: SLF001 - the theme's shadow, which some programs draw
            frame = _bare(box.text_frame)
            frame.vertical_anchor = MSO_ANCHOR.MIDDLE
            _write(frame, [name], 11, on)
            frame.paragraphs[0].alignment = PP_ALIGN.CENTER

    def answers(
        self, left: float, top: float, parts: Sequence[AnswerPart], names: Sequence[str], subject: str
    ) -> None:  # fmt: skip
        """
        Add answers as 100 % bars in one chart, part under part, with score and number of answers at the right.

        Args:
            left: Of the column.
            top: Of the first heading.
            parts: From top to bottom; each heading stands on an empty row of the chart.
            names: The answers, most positive first.
            subject: What was asked, for the alternative text.
        """
        from pptx.enum.chart import XL_CHART_TYPE

        lines: list[AnswerRow | None] = [line for part in parts for line in (None, *part.rows)]
        data = _chart_data("0", [" " if line is None else line.label for line in lines])
        for place, name in enumerate(names):
            data.add_series(
                name, [None if line is None or line.shares is None else line.shares[place] for line in lines]
            )
        width = COLUMN - _SCORES
        words = [f"{part.heading}. {' '.join(_in_words(row, names) for row in part.rows)}" for part in parts]
        alternative = f"{subject}. {' '.join(words)}"
        where = (left, top, width, ROW * len(lines))
        with self._chart(XL_CHART_TYPE.BAR_STACKED_100, where, data, "Svarfordeling", alternative) as chart:
            _bar_axes(chart, 10)
            chart.value_axis.maximum_scale, chart.value_axis.minimum_scale = 1.0, 0.0  # of the whole bar
            plot = chart.plots[0]
            plot.overlap, plot.gap_width = 100, 30
            for series, colour, on in zip(plot.series, SCALE, ON_SCALE, strict=True):
                _paint(series, colour)
                series.format.line.color.rgb = _rgb(WHITE)
                _label(series, _SHARE_IN_BAR, 9, on)
            _inner_plot(chart, _LABELS / width, 0.0, 1 - _LABELS / width, 1.0)
        self._beside(left, top, [("Score", "Svar"), *(_beside_bar(line) for line in lines[1:])])
        row = 0
        for part in parts:
            self.text(
                left, top + row * ROW + 0.04, _LABELS + 1.5, 0.26, [part.heading], size=11, colour=PETROL, is_bold=True
            )
            row += 1 + len(part.rows)
        self._right(left + width - 1.0, top + 0.07, 1.0, "Procent", 10)

    def bars(
        self, left: float, top: float, width: float, height: float, labels: Sequence[str], series: Sequence[Series], *,
        number_format: str, lowest: float, highest: float, label_width: float = 2.6, alternative: str, size: float = 12,
    ) -> None:  # fmt: skip
        """Add horizontal bars side by side, with a legend below and the numbers at their ends."""
        from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
        from pptx.util import Pt

        data = _chart_data(number_format, labels, series)
        where = (left, top, width, height)
        with self._chart(XL_CHART_TYPE.BAR_CLUSTERED, where, data, "Søjlediagram", alternative) as chart:
            _bar_axes(chart, size)
            chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = lowest, highest
            plot = chart.plots[0]
            plot.gap_width, plot.overlap = 45, -5
            for drawn, one in zip(plot.series, series, strict=True):
                _paint(drawn, one.colour)
                _label(drawn, number_format, size - 2, INK, is_outside=True)
            chart.has_legend = len(series) > 1
            if chart.has_legend:
                chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
                chart.legend.font.size = Pt(size - 1)
            room = 0.42 / height if chart.has_legend else 0.0
            _inner_plot(chart, label_width / width, 0.0, 1 - (label_width + 0.15) / width, 1 - room)

    def lines(
        self, left: float, top: float, width: float, height: float, labels: Sequence[str], series: Sequence[Series], *,
        number_format: str, axis_title: str, alternative: str,
    ) -> None:  # fmt: skip
        """Add lines over an ordered axis, from 0, with a legend below."""
        from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
        from pptx.util import Pt

        data = _chart_data(number_format, labels, series)
        with self._chart(XL_CHART_TYPE.LINE, (left, top, width, height), data, "Kurve", alternative) as chart:
            chart.font.size, chart.font.name = Pt(12), FONT
            chart.has_title = False  # one series alone would give the chart its name
            for drawn, one in zip(chart.plots[0].series, series, strict=True):
                drawn.smooth = False
                drawn.format.line.width = Pt(2.5)
                drawn.format.line.color.rgb = _rgb(one.colour)
            chart.value_axis.minimum_scale = 0.0
            chart.value_axis.major_gridlines.format.line.color.rgb = _rgb(GRID)
            chart.value_axis.format.line.fill.background()
            chart.value_axis.tick_labels.number_format, chart.value_axis.tick_labels.number_format_is_linked = (
                PERCENT,
                False,
            )
            chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
            chart.category_axis.has_title = True
            _write(chart.category_axis.axis_title.text_frame, [axis_title], 12, MUTED)
            chart.has_legend = True
            chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False

    @contextmanager
    def _chart(
        self, kind: Any, place: tuple[float, float, float, float], data: Any, name: str, alternative: str
    ) -> Iterator[Any]:
        """Add a chart at *place* (left, top, width, height) and yield it to be dressed; then only its bytes are kept."""
        frame = self._slide.shapes.add_chart(kind, *_inches(*place), data)
        _describe(frame, name, alternative)
        yield frame.chart
        part = frame.chart_part
        content = part.blob
        part.__class__ = _finished_chart()
        part.blob = content
        for tree in ("_element", "chart", "chart_workbook"):
            del vars(part)[tree]

    def _beside(self, left: float, top: float, rows: Sequence[tuple[str, str]]) -> None:
        """Write score and number of answers beside the bars, one line per row of the chart and as high."""
        from pptx.enum.text import PP_ALIGN
        from pptx.util import Inches, Pt

        above = (ROW - 1.2 * 10 / 72) / 2  # the room that an exact line spacing puts above the letters
        for place, width, column in ((left + COLUMN - _SCORES + 0.02, 0.63, 0), (left + COLUMN - 0.5, 0.5, 1)):
            box = self._slide.shapes.add_textbox(*_inches(place, top - above, width, ROW * len(rows)))
            frame = _bare(box.text_frame)
            _write(frame, [row[column] for row in rows], 10, INK)
            for number, paragraph in enumerate(frame.paragraphs):
                paragraph.alignment = PP_ALIGN.RIGHT
                paragraph.line_spacing = Pt(Inches(ROW).pt)
                for run in paragraph.runs:
                    run.font.bold = column == 0 and number > 0
                    run.font.color.rgb = _rgb(INK if number else MUTED)


def _beside_bar(line: AnswerRow | None) -> tuple[str, str]:
    return ("", "") if line is None else (line.score, line.base)


@cache
def _finished_chart() -> type[Any]:
    from pptx.opc.package import Part
    from pptx.parts.chart import ChartPart

    class FinishedChart(ChartPart):  # type: ignore[misc,unused-ignore]
        """A chart without its tree: the trees of a deck would be most of a worker's memory."""

        blob = Part.blob

    return FinishedChart


def _chart_data(number_format: str, labels: Sequence[str], series: Sequence[Series] = ()) -> Any:
    """Return chart data whose embedded workbook holds texts as texts: a name that begins with = is no formula."""
    data = _plain_chart_data()(number_format=number_format)
    data.categories = list(labels)
    for one in series:
        data.add_series(one.name, one.values)
    return data


@cache
def _plain_chart_data() -> type[Any]:
    import xlsxwriter
    from pptx.chart.data import CategoryChartData

    class PlainChartData(CategoryChartData):  # type: ignore[misc,unused-ignore]
        """The library's own writer makes formulas and links of texts that look like them."""

        @property
        def xlsx_blob(self) -> bytes:
            buffer = io.BytesIO()
            book = xlsxwriter.Workbook(buffer, {"in_memory": True})
            sheet = book.add_worksheet()
            numbers = book.add_format({"num_format": self.number_format})
            for row, category in enumerate(self.categories, 1):
                sheet.write_string(row, 0, category.label)
            for column, series in enumerate(self, 1):
                sheet.write_string(0, column, series.name)
                for row, value in enumerate(series.values, 1):
                    if value is not None:
                        sheet.write_number(row, column, value, numbers)
            book.close()
            return buffer.getvalue()

    return PlainChartData


def _in_words(row: AnswerRow, names: Sequence[str]) -> str:
    if row.shares is None:
        return f"{row.label}: {row.hidden}."
    parts = [f"{name.lower()} {share:.0f} %" for name, share in zip(names, row.shares, strict=True)]
    return f"{row.label}: {', '.join(parts)}; score {row.score}, {row.base} svar."


def _bar_axes(chart: Any, size: float) -> None:
    from pptx.enum.chart import XL_TICK_LABEL_POSITION, XL_TICK_MARK
    from pptx.util import Pt

    chart.has_legend = chart.has_title = False
    chart.font.size, chart.font.name, chart.font.color.rgb = Pt(size), FONT, _rgb(INK)
    chart.category_axis.reverse_order = True
    chart.category_axis.major_tick_mark = XL_TICK_MARK.NONE
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    chart.category_axis.format.line.fill.background()
    chart.category_axis.has_major_gridlines = chart.value_axis.has_major_gridlines = False
    chart.value_axis.visible = False


def _paint(series: Any, colour: str) -> None:
    series.invert_if_negative = False
    series.format.fill.solid()
    series.format.fill.fore_color.rgb = _rgb(colour)


def _label(series: Any, number_format: str, size: float, colour: str, *, is_outside: bool = False) -> None:
    from pptx.enum.chart import XL_LABEL_POSITION
    from pptx.util import Pt

    labels = series.data_labels
    labels.show_value = True
    labels.number_format, labels.number_format_is_linked = number_format, False
    labels.font.size, labels.font.color.rgb = Pt(size), _rgb(colour)
    labels.position = XL_LABEL_POSITION.OUTSIDE_END if is_outside else XL_LABEL_POSITION.CENTER


def _inner_plot(chart: Any, x: float, y: float, width: float, height: float) -> None:
    """Fix the plot's inner area as parts of the chart, so that the bars of every chart on a page begin alike."""
    from lxml import etree
    from pptx.oxml.ns import qn

    area = chart.element.find(f".//{qn('c:plotArea')}")
    for old in area.findall(qn("c:layout")):
        area.remove(old)
    layout = etree.Element(qn("c:layout"))
    manual = etree.SubElement(layout, qn("c:manualLayout"))
    for name, value in (
        ("layoutTarget", "inner"), ("xMode", "edge"), ("yMode", "edge"),
        ("x", f"{x:.5f}"), ("y", f"{y:.5f}"), ("w", f"{width:.5f}"), ("h", f"{height:.5f}"),
    ):  # fmt: skip
        etree.SubElement(manual, qn(f"c:{name}")).set("val", value)
    area.insert(0, layout)


def _describe(frame: Any, name: str, alternative: str) -> None:
    properties = frame.element.nvGraphicFramePr.cNvPr
    properties.set("name", name)
    properties.set("descr", one_line(alternative))


def _bare(frame: Any) -> Any:
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    return frame


def _write(
    frame: Any, lines: Sequence[str], size: float | None, colour: str | None, font: str = FONT, *,
    is_bold: bool = False, gap: float = 0,
) -> None:  # fmt: skip
    """Write each line as a paragraph of its own, marked as Danish."""
    from pptx.enum.lang import MSO_LANGUAGE_ID
    from pptx.util import Pt

    for place, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = one_line(line)
        run.font.language_id = MSO_LANGUAGE_ID.DANISH
        if size is not None and colour is not None:
            run.font.size, run.font.bold, run.font.name = Pt(size), is_bold, font
            run.font.color.rgb = _rgb(colour)
        if gap:
            paragraph.space_after = Pt(gap)


def _rgb(colour: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(colour.lstrip("#"))


def _inches(*lengths: float) -> list[int]:
    return [round(length * 914400) for length in lengths]


@cache
def _template() -> bytes:
    """Return an empty presentation with two layouts, cover and page, in the house's palette and type."""
    from pptx import Presentation
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.opc.constants import RELATIONSHIP_TYPE

    deck: Any = Presentation()
    deck.slide_width, deck.slide_height = _inches(WIDTH, HEIGHT)
    for layout in list(deck.slide_layouts):
        if layout.name not in {"Title Slide", "Title Only"}:
            deck.slide_layouts.remove(layout)
    package = deck.part.package
    for relation in [one for one in package._rels.values() if one.reltype.endswith("/thumbnail")]:  # noqa: SLF001 - a picture of another deck
        package.drop_rel(relation.rId)
    theme = deck.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    theme._blob = _house_theme(theme.blob)  # noqa: SLF001 - python-pptx has no call for the theme
    cover, page = deck.slide_layouts
    for owner in (deck.slide_master, cover, page):
        for shape in list(owner.placeholders):
            kind = shape.placeholder_format.type.name
            if kind in {"DATE", "FOOTER", "SLIDE_NUMBER"}:
                shape.element.getparent().remove(shape.element)
            elif kind == "TITLE":
                shape.left, shape.top, shape.width, shape.height = _inches(LEFT, 0.35, RIGHT - LEFT, 0.95)
            elif kind == "CENTER_TITLE":
                shape.left, shape.top, shape.width, shape.height = _inches(0.9, 1.6, 11.5, 2.2)
            elif kind == "SUBTITLE":
                shape.left, shape.top, shape.width, shape.height = _inches(0.9, 4.0, 11.5, 2.0)
            else:
                shape.left, shape.top, shape.width, shape.height = _inches(LEFT, 1.5, RIGHT - LEFT, 5.3)
            if shape.has_text_frame:
                _bare(shape.text_frame)
                anchor = MSO_ANCHOR.BOTTOM if kind == "CENTER_TITLE" else MSO_ANCHOR.TOP
                shape.text_frame.vertical_anchor = anchor
                for paragraph in shape.text_frame.paragraphs:
                    paragraph.alignment = PP_ALIGN.LEFT
    for owner in (deck.slide_master, cover):
        for style in owner.element.iter("{http://schemas.openxmlformats.org/drawingml/2006/main}lvl1pPr"):
            style.set("algn", "l")
    cover.background.fill.solid()
    cover.background.fill.fore_color.rgb = _rgb(PETROL)
    deck.core_properties.comments = deck.core_properties.keywords = ""
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def _house_theme(theme: bytes) -> bytes:
    """Return a theme with the house's colours and fonts, so that what a reader adds looks the same."""
    text = theme.decode()
    colours = {
        "dk2": PETROL, "lt2": "#F2F5F7", "accent1": SCALE[0], "accent2": SCALE[1], "accent3": NATIONAL,
        "accent4": SCALE[3], "accent5": SCALE[4], "accent6": SCALE[2],
    }  # fmt: skip
    for name, colour in colours.items():
        text = re.sub(rf'(<a:{name}><a:srgbClr val=")[0-9A-F]+', rf"\g<1>{colour.lstrip('#')}", text)
    text = text.replace('<a:majorFont><a:latin typeface="Calibri"/>', f'<a:majorFont><a:latin typeface="{_SERIF}"/>')
    text = text.replace('<a:minorFont><a:latin typeface="Calibri"/>', f'<a:minorFont><a:latin typeface="{FONT}"/>')
    return text.replace('name="Office Theme"', 'name="Borgerpuls"').encode()
