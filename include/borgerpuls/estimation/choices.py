"""
What the questionnaire says of items with options, and whoever reads it knows: which options stand alone, and which items are
asked of exactly those who chose one of the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from borgerpuls.estimation.dictionary import OWN_ITEMS
from borgerpuls.questionnaire.definition import Condition, Instrument, Item


@dataclass(frozen=True)
class Choices:
    """
    Ties between the options of multi-select items, and between them and other items.

    Attributes:
        alone: The options that exclude all others, by item; of a municipality's own choice of one, all of them.
        after: Item → the multi-select item before it: asked are those who chose an option there that does not stand alone.
    """

    alone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)


NO_CHOICES = Choices()


def choices_of(instrument: Instrument) -> Choices:
    """Return the ties of an instrument."""
    several = {item.item_id: item for item in instrument.items if item.kind == "multi" and not item.slot}
    alone = {name: tuple(sorted(item.exclusive_codes)) for name, item in several.items() if item.exclusive_codes}
    own = [item for item in instrument.items if OWN_ITEMS.fullmatch(item.item_id) and item.options and not item.scale]
    for item in own:  # the same id is another question in another municipality
        alike = [other for other in own if other.item_id == item.item_id]
        if all(other.kind == "single" for other in alike):
            alone[item.item_id] = tuple(sorted({code for other in alike for code in other.codes}))
    after = {}
    for item in instrument.items:
        for name, before in several.items():
            if name in alone and _is_asked_after(item, before):
                after[item.item_id] = name
    return Choices(alone, after)


def _is_asked_after(item: Item, before: Item) -> bool:
    """Tell whether *item* is asked of those who were asked *before* and chose an option that does not stand alone."""
    others = frozenset(before.codes) - before.exclusive_codes
    parts = _parts(item.visible_if)
    chosen = [part for part in parts if part == Condition("is", before.item_id, others)]
    return (
        bool(chosen)
        and not item.variants
        and [part for part in parts if part not in chosen] == _parts(before.visible_if)
    )


def _parts(condition: Condition) -> list[Condition]:
    return list(condition.parts) if condition.operator == "all" else [condition]
