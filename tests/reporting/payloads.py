"""Texts that would do harm where they are taken for anything but text, and reports that have them wherever people write."""

import dataclasses
import re
from functools import cache

from figure_factory import PILOT, report_data

from borgerpuls.reporting.figures import FigureSet, MergedCell, Notice
from borgerpuls.reporting.report_data import Greeting, ReportData

PAYLOADS = (
    "<script>alert(1)</script>", "<img src='http://127.0.0.1:9/x.png'/>", "<style>@import url(http://127.0.0.1:9/)</style>",
    "<link rel='stylesheet' href='file:///etc/passwd'/>", "<svg><use href='file:///etc/passwd#x'/></svg>",
    "{{ 999*991 }}", "{% raw %}", "{{ report.data }}", "{# x #}", "${999*991}", "#{999*991}", "=1+1", "+1+1", "-1+1", "@SUM(A1)",
    "=HYPERLINK('http://127.0.0.1:9')", "=cmd|' /C calc'!A0", "]]>", "<![CDATA[x]]>", "<!-- x -->", "<!DOCTYPE x>",
    "<!ENTITY x SYSTEM 'file:///etc/passwd'>", "&x;", "&amp;lt;", "&#0;", "&#x202e;", "\u202egnp.exe", "\u0000nul",
    "\ufffe\uffff", "\x1b[31m", "\r\nX-Header: 1", "\u2028\u2029", "\u200b\u200d", "'; DROP TABLE figure;--",
    '" onload="alert(1)', "' onload='alert(1)", "</title><h1>x</h1>", "</section></body></html>", "<h1>Ny titel</h1>",
    "<table><tr><td>x", "<a href='javascript:alert(1)'>x</a>", "<iframe src='file:///etc/passwd'></iframe>",
    "<object data='file:///etc/passwd'></object>", "<embed src='file:///etc/passwd'/>", "<base href='http://127.0.0.1:9'/>",
    "url(file:///etc/passwd)", "expression(alert(1))", "}</style>", "@font-face{src:url(file:///x)}", "content: attr(x)",
    "<meta http-equiv='refresh' content='0'/>", "<math><mi xlink:href='file:///x'/></math>", "%s%n%x", "../../etc/passwd",
    "chart:0", "font:x", "data:text/html,x", "<img src='chart:0' alt=''/>", "你好 مرحبا 😀", "a" * 300,
)  # fmt: skip
DONE = re.compile(r"(?<![\d.,])990009(?![\d.,])|root:")
"""What would be read if a template were filled in or a file fetched."""


def greetings() -> list[str]:
    """Return every payload, in texts as long as a greeting may be."""
    texts = [""]
    for payload in PAYLOADS:
        if len(texts[-1]) + len(payload) > 198:
            texts.append("")
        texts[-1] = f"{texts[-1]} {payload}".strip()[:200]
    return texts


def names() -> dict[str, str]:
    """Return the municipalities, with payloads for names."""
    texts = greetings()
    return {code: texts[place % len(texts)] for place, code in enumerate(PILOT)}


@cache
def with_hostile_marks() -> ReportData:
    """Return a report whose own marks are payloads."""
    data = report_data("0740", earlier_rounds=("2022-2", "2023-1"), broken=("moedet",))
    marks = dict(
        zip(("Jobcenter Nord", "Jobcenter Syd", "øvrige"), (PAYLOADS[3], PAYLOADS[15], PAYLOADS[5]), strict=True)
    )
    return dataclasses.replace(data, figures=FigureSet(
        dataclasses.replace(one, domain_group=marks[one.domain_group]) if one.domain_group in marks else one
        for one in data.figures
    ))  # fmt: skip


def hostile(code: str = "0740", greeting: str = "") -> ReportData:
    """Return a report whose every text that people write is payloads: names, greeting, questions, answers, reasons."""
    data = with_hostile_marks()
    item = data.local_items[0]
    words = {"da": greeting or PAYLOADS[0], "en": "x"}
    options = tuple(
        dataclasses.replace(option, text={"da": payload, "en": "x"})
        for option, payload in zip(item.options, PAYLOADS[10:], strict=False)
    )
    return dataclasses.replace(
        data,
        municipality_code=code,
        municipality_names=names(),
        greeting=Greeting(greeting, None),
        local_items=(dataclasses.replace(item, present=words, past=words, options=options),),
        open_answers=tuple(("why" if place % 2 else "better", text) for place, text in enumerate(PAYLOADS)),
        notices=tuple(Notice("", "", "first_round", text) for text in PAYLOADS),
        merged_cells=tuple(MergedCell(code, text, 2) for text in PAYLOADS),
        trend=tuple(
            point._replace(source_title=PAYLOADS[3], break_reason=PAYLOADS[21], kind="imported")
            if point.period != data.facts.round_id else point
            for point in data.trend
        ),
    )  # fmt: skip
