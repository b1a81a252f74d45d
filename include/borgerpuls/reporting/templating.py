"""
The reports' templates: everything escaped, everything printable, nothing undefined.
"""

from functools import cache

import jinja2
from markupsafe import Markup

from borgerpuls.reporting import numbers
from borgerpuls.reporting.cited import MARKS, fixed
from borgerpuls.reporting.fonts import printable
from borgerpuls.resources import resource_folder


@cache
def environment() -> jinja2.Environment:
    """Return the template environment: everything escaped, everything printable, nothing undefined."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_folder("templates") / "reports"),
        autoescape=True,
        finalize=_printable_value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["day"] = numbers.day
    made.filters["fixed"] = fixed
    made.filters["word"] = numbers.word
    made.filters["truncated"] = truncated
    return made


def truncated(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _printable_value(value: object) -> object:
    return printable(value, MARKS) if isinstance(value, str) and not isinstance(value, Markup) else value
