"""
The instrument as data: pages, items, scales, tenses and routing of one questionnaire version.

Versions are read and checked by `versions.py`. What a condition gives for one citizen is `routing.py`; nothing here
touches a file or a database.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

BACKGROUND = ("target_group", "subgroup", "municipality_code")
"""What a condition may ask of the register; everything else it names is an item."""

DONT_KNOW = "dk"
Kind = Literal["single", "scale", "multi", "open"]
Text = Mapping[str, str]
"""The same text by language."""


@dataclass(frozen=True, slots=True)
class Condition:
    """
    One node of a routing condition.

    `is`: an answer or background variable has one of *codes*; an item with no answer has none of them.
    `all`, `any`, `not`: of *parts*. `all` of nothing is true.
    """

    operator: Literal["is", "all", "any", "not"]
    variable: str = ""
    codes: frozenset[str] = frozenset()
    parts: tuple["Condition", ...] = ()

    def variables(self) -> frozenset[str]:
        """Return every variable the condition looks at."""
        below = frozenset[str]().union(*(part.variables() for part in self.parts))
        return below | {self.variable} if self.operator == "is" else below

    def leaves(self) -> Iterator["Condition"]:
        """Yield the comparisons in it."""
        if self.operator == "is":
            yield self
        for part in self.parts:
            yield from part.leaves()


ALWAYS = Condition("all")


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be ticked. An exclusive one stands alone."""

    code: str
    text: Text
    is_exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One wording of an item, for those who meet its condition; who meets none is not asked."""

    variant_id: str
    visible_if: Condition
    text: Text


@dataclass(frozen=True, slots=True)
class Item:
    """
    One question.

    `present` and `past` are the same mapping where the wording has no tense. `variants` replace both.
    """

    item_id: str
    kind: Kind
    visible_if: Condition
    present: Text
    past: Text
    options: tuple[Option, ...] = ()
    scale: str = ""
    variants: tuple[Variant, ...] = ()
    is_required: bool = False
    max_length: int = 0
    slot: str = ""
    """Not empty: a municipality's own question, filled by `with_local_items`."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes that may be answered, in the order shown."""
        return tuple(option.code for option in self.options)

    @property
    def exclusive_codes(self) -> frozenset[str]:
        """Return the codes that stand alone."""
        return frozenset(option.code for option in self.options if option.is_exclusive)

    @property
    def routing_condition(self) -> Condition:
        """Return when the item is asked: its own condition, and one of its variants where it has any."""
        if not self.variants:
            return self.visible_if
        return Condition(
            "all", parts=(self.visible_if, Condition("any", parts=tuple(v.visible_if for v in self.variants)))
        )

    @property
    def deciding_items(self) -> frozenset[str]:
        """Return the items whose answers decide whether this one is asked."""
        return self.routing_condition.variables() - set(BACKGROUND)


@dataclass(frozen=True, slots=True)
class Page:
    """One to three items that are shown and saved together."""

    page_id: str
    title: Text
    lead: Text
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """How answers to this version are judged; part of the version, so that an old round is judged as it was."""

    partial_from_answers: int
    partial_counts: Literal["any", "scale"]
    late_answers: Literal["flag", "quarantine"]
    speeder_below_seconds: int
    straight_liner_from_answers: int


@dataclass(frozen=True)
class Instrument:
    """One version of the questionnaire."""

    version: str
    languages: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    tense_item: str
    past_codes: frozenset[str]
    rules: Rules
    pages: tuple[Page, ...]
    content_hash: str

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Return the items in the order they are asked."""
        return tuple(item for page in self.pages for item in page.items)

    def item(self, item_id: str) -> Item:
        """Return one item; raises KeyError."""
        return {item.item_id: item for item in self.items}[item_id]

    def page(self, page_id: str) -> Page | None:
        """Return one page, or None where the version has no such page."""
        return next((page for page in self.pages if page.page_id == page_id), None)

    @cached_property
    def routing_items(self) -> tuple[str, ...]:
        """Return the items whose answers decide what is asked later, in order."""
        used = frozenset[str]().union(*(item.deciding_items for item in self.items))
        return tuple(item.item_id for item in self.items if item.item_id in used)

    def with_local_items(self, local_items: Mapping[str, tuple[Item, ...]]) -> "Instrument":
        """Return the instrument with each municipality's own questions in its slots (see `read_local_items`)."""
        pages = tuple(
            replace(page, items=tuple(filled for item in page.items for filled in _fill(item, local_items)))
            for page in self.pages
        )
        described = repr(sorted((code, [item.item_id for item in items]) for code, items in local_items.items()))
        return replace(
            self, pages=pages, content_hash=hashlib.sha256((self.content_hash + described).encode()).hexdigest()
        )


def _fill(item: Item, local_items: Mapping[str, tuple[Item, ...]]) -> Iterator[Item]:
    """Yield an item, or for a slot one item per municipality that uses it; each is asked only there."""
    if not item.slot:
        yield item
        return
    for code, own in sorted(local_items.items()):
        for local in own:
            if local.item_id == item.item_id:
                yield replace(
                    local,
                    visible_if=Condition("is", variable="municipality_code", codes=frozenset({code})),
                )
