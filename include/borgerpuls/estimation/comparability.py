"""
What two periods count alike: items by wording, answers and who is asked; categories and groups by the crosswalk.

A number that is not counted alike has a trend break: its difference is no development. The reason is a Danish sentence,
ready to print.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from borgerpuls.codebooks.codebook import Codebook, load_codebook
from borgerpuls.estimation.categories import comparable_codes
from borgerpuls.questionnaire.definition import Instrument, Item
from borgerpuls.questionnaire.routing import paths
from borgerpuls.questionnaire.versions import load_instrument

WORDING = "Spørgsmålet har fået en anden ordlyd."
ANSWERS = "Svarmulighederne er ændret."
ASKED = "Spørgsmålet stilles til andre målgrupper end før."
NEW = "Spørgsmålet blev ikke stillet før."
CATEGORY = "Temaet er sat sammen af andre spørgsmål end før."
GROUP = "Målgruppen er afgrænset anderledes end før."

COUNTED_OTHERWISE = (WORDING, ANSWERS, ASKED, NEW, CATEGORY, GROUP)
"""The reasons that lie in the survey; any other lies in who took part."""

ENOUGH_IN_COMMON = 0.9
"""`alle` is compared where at least this share of the municipalities of both periods took part in both."""


@dataclass(frozen=True)
class Breaks:
    """Reasons by item or category, and by target group, of what two editions of the survey do not count alike."""

    items: Mapping[str, str]
    target_groups: Mapping[str, str]


@cache
def breaks_between(later: tuple[str, str], earlier: tuple[str, str]) -> Breaks:
    """
    Return what is not counted alike in two editions, each a codebook's and a questionnaire's version.

    Raises:
        UnknownCode: There is no such codebook, or no crosswalk between them.
        UnknownQuestionnaire: There is no such questionnaire.
    """
    if later == earlier:
        return Breaks({}, {})
    codebook, before = load_codebook(later[0]), load_codebook(earlier[0])
    instrument, old = load_instrument(later[1]), load_instrument(earlier[1])
    items = _broken_items(instrument, old)
    alike_groups, alike_categories = comparable_codes(codebook, before)
    return Breaks(
        items | _broken_categories(codebook, before, alike_categories, items),
        {group.code: GROUP for group in codebook.target_groups if group.code not in alike_groups},
    )


def participants_break(now: frozenset[str] | None, before: frozenset[str] | None, period_name: str) -> str | None:
    """Return why `alle` of two periods are not the same municipalities, or None; None stands for municipalities unknown."""
    if now is None or before is None:
        return f"Det er ikke oplyst, hvilke kommuner der deltog i {period_name}."
    shared = now & before
    if len(shared) >= ENOUGH_IN_COMMON * len(now | before):
        return None
    return f"De deltagende kommuner er ikke de samme: {len(shared)} af {len(now)} deltog også i {period_name}."


def _broken_items(later: Instrument, earlier: Instrument) -> dict[str, str]:
    asked, asked_before = _asked_subgroups(later.version), _asked_subgroups(earlier.version)
    before = {item.item_id: item for item in earlier.items}
    found = {}
    for item in later.items:
        old = before.get(item.item_id)
        if item.slot:
            continue
        if old is None:
            found[item.item_id] = NEW
        elif _words(item) != _words(old):
            found[item.item_id] = WORDING
        elif item.codes != old.codes:
            found[item.item_id] = ANSWERS
        elif asked[item.item_id] != asked_before[item.item_id]:
            found[item.item_id] = ASKED
    return found


def _broken_categories(
    codebook: Codebook, before: Codebook, alike: tuple[str, ...], items: Mapping[str, str]
) -> dict[str, str]:
    old = {category.code: category.items for category in before.categories}
    found = {}
    for category in codebook.categories:
        reasons = [items[item] for item in category.items if item in items]
        if category.code not in alike or old.get(category.code) != category.items:
            found[category.code] = CATEGORY
        elif reasons:
            found[category.code] = reasons[0]
    return found


def _words(item: Item) -> tuple[object, ...]:
    variants = tuple((variant.variant_id, variant.text["da"]) for variant in item.variants)
    return (item.present.get("da"), item.past.get("da"), variants)


@cache
def _asked_subgroups(version: str) -> dict[str, frozenset[str]]:
    """Return which subgroups can be asked each item."""
    asked: dict[str, set[str]] = {}
    for path in paths(load_instrument(version)):
        for item in path.asked:
            asked.setdefault(item, set()).add(path.background.subgroup)
    return {item: frozenset(groups) for item, groups in asked.items()}
