"""
The Danish texts of the frame, from `templates/frame/texts.yaml`: why a file is refused, what is wrong with a row,
why a person is not in the population.
"""

from functools import cache
from typing import Any

import yaml

from borgerpuls.resources import resource_folder


@cache
def _texts() -> dict[str, dict[str, str]]:
    content = (resource_folder("templates") / "frame" / "texts.yaml").read_text(encoding="utf-8")
    texts: dict[str, dict[str, str]] = yaml.safe_load(content)
    return texts


def refusal_text(name: str, **values: Any) -> str:
    """Return why a file is refused or missing, or what was noted about it."""
    return _texts()["files"][name].format(**values)


def row_text(name: str, **values: Any) -> str:
    """Return what a rule expects of a row."""
    return _texts()["rows"][name].format(**values)


def reason_texts() -> dict[str, str]:
    """Return the glossary of reasons why a row gives no person in the population: code → Danish text."""
    return dict(_texts()["reasons"])
