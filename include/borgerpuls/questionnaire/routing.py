"""
Routing: which items a citizen is asked, from register background and answers. Pure functions, nothing remembered.

An answer to an item that is not asked decides nothing, so a changed answer can never leave a stray path behind.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from borgerpuls.questionnaire.definition import Condition, Instrument, Item, Page, Text

if TYPE_CHECKING:  # who routes one citizen, or checks an instrument, does without the memory of pandas
    import pandas as pd

Answers = Mapping[str, tuple[str, ...]]
"""Chosen codes by item; an item that was passed over is absent."""


@dataclass(frozen=True, slots=True)
class Background:
    """What routing needs of the register, nothing more."""

    target_group: str
    subgroup: str
    municipality_code: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """One way through the questionnaire: a background, the answers that decide it, and the items asked in order."""

    background: Background
    answers: Answers
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What many citizens are asked; all of one pattern are asked the same."""

    pattern: "pd.Series[int]"
    """Number of the pattern per form, index as the forms."""
    items: "pd.DataFrame"
    """One row per pattern and item asked: `pattern`, `item_id`, `kind`, `page` (0 is the first page shown), `page_id`."""


def is_met(condition: Condition, background: Background, answers: Answers) -> bool:
    """Return whether *condition* is true; a variable without a value has none of the values asked for."""
    if condition.operator == "all":
        return all(is_met(part, background, answers) for part in condition.parts)
    if condition.operator == "any":
        return any(is_met(part, background, answers) for part in condition.parts)
    if condition.operator == "not":
        return not is_met(condition.parts[0], background, answers)
    if condition.variable in Background.__slots__:
        return getattr(background, condition.variable) in condition.codes
    return not condition.codes.isdisjoint(answers.get(condition.variable, ()))


def asked_items(instrument: Instrument, background: Background, answers: Answers) -> tuple[Item, ...]:
    """Return the items this citizen is asked, in order, given the answers so far; an empty local slot is none."""
    asked: list[Item] = []
    counted: dict[str, tuple[str, ...]] = {}
    for item in instrument.items:
        if not item.slot and is_met(item.routing_condition, background, counted):
            asked.append(item)
            if item.item_id in answers:
                counted[item.item_id] = answers[item.item_id]
    return tuple(asked)


def asked_pages(
    instrument: Instrument, background: Background, answers: Answers
) -> tuple[tuple[Page, tuple[Item, ...]], ...]:
    """Return the pages this citizen sees, each with its items; pages without an item are left out."""
    asked = set(map(id, asked_items(instrument, background, answers)))
    pages = ((page, tuple(item for item in page.items if id(item) in asked)) for page in instrument.pages)
    return tuple((page, items) for page, items in pages if items)


def next_page(instrument: Instrument, background: Background, answers: Answers, page_id: str | None) -> str | None:
    """Return the page after *page_id* (None: the first one), or None where that was the last."""
    return _neighbour(instrument, background, answers, page_id, 1)


def previous_page(instrument: Instrument, background: Background, answers: Answers, page_id: str) -> str | None:
    """Return the page before *page_id*, or None where that was the first."""
    return _neighbour(instrument, background, answers, page_id, -1)


def wording(instrument: Instrument, item: Item, background: Background, answers: Answers) -> Text:
    """Return the item's text by language: the variant of this citizen, in the tense of their own status."""
    for variant in item.variants:
        if is_met(variant.visible_if, background, answers):
            return variant.text
    is_past = not instrument.past_codes.isdisjoint(answers.get(instrument.tense_item, ()))
    return item.past if is_past else item.present


def asked_by_pattern(instrument: Instrument, forms: "pd.DataFrame", answers: "pd.DataFrame") -> Asked:
    """
    Decide what many citizens are asked, once per distinct background and routing answers instead of once per form.

    Args:
        instrument: One version.
        forms: One row per form: `response_id`, `target_group`, `subgroup`, `municipality_code`.
        answers: One row per answered item: `response_id`, `item_id`, `choices` (tuple or list of codes).
    """
    import pandas as pd

    deciding = answers[answers["item_id"].isin(instrument.routing_items)]
    columns = [forms[name].to_numpy() for name in Background.__slots__]
    for item in instrument.routing_items:
        of_item = deciding[deciding["item_id"] == item].set_index("response_id")["choices"]
        columns.append(forms["response_id"].map(of_item).to_numpy())
    keys = [
        tuple(tuple(part) if isinstance(part, list | tuple) else part if isinstance(part, str) else () for part in row)
        for row in zip(*columns, strict=True)
    ]
    numbers: dict[tuple[Any, ...], int] = {}
    pattern = [numbers.setdefault(key, len(numbers)) for key in keys]
    known = len(Background.__slots__)
    rows = []
    for key, number in numbers.items():
        codes = {item: chosen for item, chosen in zip(instrument.routing_items, key[known:], strict=True) if chosen}
        for place, (page, items) in enumerate(asked_pages(instrument, Background(*key[:known]), codes)):
            rows += [(number, item.item_id, item.kind, place, page.page_id) for item in items]
    return Asked(
        pd.Series(pattern, index=forms.index, dtype="int64"),
        pd.DataFrame(rows, columns=["pattern", "item_id", "kind", "page", "page_id"]),
    )


def paths(instrument: Instrument, municipalities: tuple[str, ...] = ("",)) -> Iterator[Path]:
    """
    Yield every path: each background times each answer (and none) to the items that decide routing.

    An item with several answers is taken with none, with each alone and with all that can stand together: conditions
    only ask whether a code is among the answers.
    """
    choices = {item_id: _possible_answers(instrument.item(item_id)) for item_id in instrument.routing_items}
    for group, subgroups in instrument.groups.items():
        for subgroup, municipality in product(subgroups, municipalities):
            background = Background(group, subgroup, municipality)
            for combination in product(*choices.values()):
                answers = {item: codes for item, codes in zip(choices, combination, strict=True) if codes}
                asked = tuple(item.item_id for item in asked_items(instrument, background, answers))
                if set(answers) <= set(asked):
                    yield Path(background, answers, asked)


def _neighbour(
    instrument: Instrument, background: Background, answers: Answers, page_id: str | None, step: int
) -> str | None:
    visible = [page.page_id for page, _ in asked_pages(instrument, background, answers)]
    if page_id is None:
        return visible[0] if visible else None
    order = [page.page_id for page in instrument.pages]
    here = order.index(page_id)
    beyond = [each for each in visible if (order.index(each) - here) * step > 0]
    if not beyond:
        return None
    return beyond[0] if step > 0 else beyond[-1]


def _possible_answers(item: Item) -> list[tuple[str, ...]]:
    answers: list[tuple[str, ...]] = [(), *((code,) for code in item.codes)]
    together = tuple(code for code in item.codes if code not in item.exclusive_codes)
    if item.kind == "multi" and len(together) > 1:
        answers.append(together)
    return answers
