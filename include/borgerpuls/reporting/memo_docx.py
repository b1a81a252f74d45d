"""
The memo as a Word document: real headings and lists, A4, Danish, no pictures.
"""

import io
from datetime import datetime
from functools import cache
from typing import Any

from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.memo import Memo
from borgerpuls.reporting.packages import FONT, settled
from borgerpuls.terms import ArtefactKind

_INK, _PETROL, _MUTED = "12202E", "0B3C5D", "4A5866"
_LANGUAGE = "da-DK"


def memo_docx(memo: Memo, when: datetime) -> bytes:
    """
    Return a memo as DOCX.

    Args:
        memo: Its texts.
        when: The round's time (see `packages.round_time`).
    """
    from docx import Document

    document = Document(io.BytesIO(_template()))
    properties = document.core_properties
    properties.title = f"{memo.title}: {memo.area}"[:255]  # more than a property may hold
    properties.subject = memo.title
    properties.author = properties.last_modified_by = "Borgerpuls"
    properties.comments = ""
    properties.keywords = Identity(ArtefactKind.MEMO_DOCX, memo.round_id, memo.municipality_code).word
    properties.language = _LANGUAGE
    properties.created = properties.modified = when.replace(tzinfo=None)
    properties.revision = 1

    document.add_paragraph(memo.area, style="Subtitle")
    document.add_heading(memo.title, level=1)
    for paragraph in (*memo.introduction, *memo.results):
        document.add_paragraph(paragraph)
    document.add_heading(memo.scores_title, level=2)
    for score in memo.scores:
        document.add_paragraph(score, style="List Number")
    document.add_heading("Kategorierne", level=2)
    for category in memo.categories:
        document.add_heading(category.heading, level=3)
        for paragraph in category.paragraphs:
            added = document.add_paragraph(paragraph)
            added.paragraph_format.keep_together = True
            added.paragraph_format.keep_with_next = paragraph is not category.paragraphs[-1]
    document.add_heading("Om tallene", level=2)
    for note in memo.notes:
        document.add_paragraph(note)
    document.add_paragraph(memo.provenance, style="Caption")
    buffer = io.BytesIO()
    document.save(buffer)
    return settled(buffer.getvalue(), when)


@cache
def _template() -> bytes:
    """Return an empty document with the house's page, fonts and colours."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt, RGBColor

    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(28)
    section.top_margin, section.bottom_margin = Mm(24), Mm(22)

    def shape(name: str, size: float, colour: str, before: float, after: float, *, is_bold: bool = False) -> None:
        style: Any = document.styles[name]
        style.font.name, style.font.size, style.font.bold = FONT, Pt(size), is_bold
        style.font.italic = False
        style.font.color.rgb = RGBColor.from_string(colour)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for attribute in list(fonts.attrib):  # the theme's fonts would win over the name
            if attribute.endswith("Theme"):
                del fonts.attrib[attribute]
        for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
            fonts.set(qn(script), FONT)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT

    shape("Normal", 11, _INK, 0, 6)
    shape("Subtitle", 11, _MUTED, 0, 2, is_bold=True)
    shape("Heading 1", 18, _PETROL, 0, 10, is_bold=True)
    shape("Heading 2", 14, _PETROL, 14, 4, is_bold=True)
    shape("Heading 3", 11.5, _PETROL, 8, 2, is_bold=True)
    shape("List Number", 11, _INK, 0, 2)
    shape("Caption", 9, _MUTED, 6, 0)
    normal: Any = document.styles["Normal"]
    normal.paragraph_format.line_spacing = 1.15
    language = OxmlElement("w:lang")
    for attribute in ("w:val", "w:eastAsia"):
        language.set(qn(attribute), _LANGUAGE)
    for properties in document.styles.element.iter(qn("w:rPrDefault")):
        for old in list(properties.iter(qn("w:lang"))):
            old.getparent().remove(old)
        properties.find(qn("w:rPr")).append(language)

    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = footer.add_run()
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        part = OxmlElement("w:instrText" if text else "w:fldChar")
        if text:
            part.text = text
        else:
            part.set(qn("w:fldCharType"), kind or "")
        run._r.append(part)  # noqa: SLF001 - python-docx has no call for a page number
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()
