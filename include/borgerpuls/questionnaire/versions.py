"""
The questionnaire's versions: one YAML file each in `instruments/`, read into the types of definition.py and checked.

Whoever adds a version writes data, never code: conditions are small tables (`{target_group: [sygedagpenge]}`, `all`,
`any`, `not`), nothing is evaluated. Nothing here touches a database.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from borgerpuls.errors import (
    InstrumentIsIncomplete,
    InstrumentIsUnreadable,
    ItemAppearsTwice,
    RoutingLooksAhead,
    RoutingRunsInCircles,
    ScaleIsUnknown,
    TenseIsMissing,
    UnknownQuestionnaire,
)
from borgerpuls.questionnaire.definition import (
    ALWAYS,
    BACKGROUND,
    Condition,
    Instrument,
    Item,
    Kind,
    Option,
    Page,
    Rules,
    Text,
    Variant,
)
from borgerpuls.questionnaire.routing import paths

_KINDS = ("single", "scale", "multi", "open")
_ITEM_KEYS = frozenset(
    [
        "id",
        "type",
        "scale",
        "options",
        "is_required",
        "visible_if",
        "text",
        "present",
        "past",
        "variants",
        "max_length",
        "lead",
        "slot",
        "note",
    ]
)
_PAGE_KEYS = frozenset(["id", "title", "lead", "items"])


def instrument_versions() -> tuple[str, ...]:
    """Return the versions that ship with the product, oldest first."""
    folder = files("borgerpuls.questionnaire").joinpath("instruments")
    return tuple(sorted(name.name.removesuffix(".yaml") for name in folder.iterdir() if name.name.endswith(".yaml")))


@cache
def load_instrument(version: str) -> Instrument:
    """
    Return a shipped instrument, checked.

    Raises:
        UnknownQuestionnaire: No file has this version.
        BorgerpulsError: What `read_instrument` raises.
    """
    if version not in instrument_versions():
        raise UnknownQuestionnaire(
            f"There is no questionnaire version {version!r}.", next_step=f"Use {', '.join(instrument_versions())}."
        )
    text = files("borgerpuls.questionnaire").joinpath("instruments", f"{version}.yaml").read_text("utf-8")
    return read_instrument(text, place=f"{version}.yaml")


def round_instrument(version: str, local_items: Mapping[str, Any]) -> Instrument:
    """
    Return the instrument of a round.

    Args:
        version: A shipped version.
        local_items: Municipality code → its own questions, as `read_local_items` reads them; empty where there are none.

    Raises:
        BorgerpulsError: As `load_instrument` and `read_local_items`.
    """
    instrument = load_instrument(version)
    return instrument.with_local_items(read_local_items(local_items, instrument))


def read_instrument(text: str, place: str = "instrument") -> Instrument:
    """
    Read and check one instrument.

    Args:
        text: YAML as in `instruments/`.
        place: What to call it in errors.

    Raises:
        InstrumentIsUnreadable: Not YAML, or a part is missing, misspelt or of the wrong kind.
        InstrumentIsIncomplete: A text lacks a language, an item can never be reached, or a page has not 1 to 3.
        ItemAppearsTwice: An id is used twice.
        ScaleIsUnknown: An item names a scale that is not defined.
        TenseIsMissing: A wording has one tense without the other.
        RoutingLooksAhead: A condition needs an answer from the same or a later page.
        RoutingRunsInCircles: Conditions need each other.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{place}, line {mark.line + 1}" if mark else place
        raise InstrumentIsUnreadable("The file is not YAML.", where=where) from None
    instrument = _Reader(data, place, hashlib.sha256(text.encode()).hexdigest()).instrument()
    _check_routing(instrument, place)
    return instrument


def read_local_items(data: Mapping[str, Any], instrument: Instrument) -> dict[str, tuple[Item, ...]]:
    """
    Read the municipalities' own questions of a round.

    Args:
        data: Municipality code → up to three items as in the YAML (`type`, `scale` or `options`, `text`, …), no ids.
        instrument: Gives the scales and the slots.

    Returns:
        Municipality code → items `local1` … `local3`.

    Raises:
        BorgerpulsError: As `read_instrument`.
    """
    slots = [item.item_id for item in instrument.items if item.slot]
    scales = {item.scale: item.options for item in instrument.items if item.scale}
    result: dict[str, tuple[Item, ...]] = {}
    for code, entries in data.items():
        place = f"local items of {code}"
        if len(entries) > len(slots):
            raise InstrumentIsIncomplete(
                f"{len(entries)} own questions, but version {instrument.version} has room for {len(slots)}.",
                where=place,
            )
        reader = _Reader({"version": instrument.version, "languages": list(instrument.languages)}, place, "")
        reader.scales = scales
        result[str(code)] = tuple(
            reader.item({**entry, "id": slot}, place) for slot, entry in zip(slots, entries, strict=False)
        )
    return result


class _Reader:
    """Turns the YAML's tables into the types above, naming the place of whatever is wrong."""

    def __init__(self, data: Any, place: str, content_hash: str) -> None:
        self.place = place
        self.data = self.table(data, place)
        self.content_hash = content_hash
        self.languages = tuple(map(str, self.get("languages", list)))
        self.scales: dict[str, tuple[Option, ...]] = {}

    def instrument(self) -> Instrument:
        self.scales = {
            str(name): self.options(options, f"{self.place}, scale {name}")
            for name, options in self.get("scales", dict).items()
        }
        pages = tuple(
            self.page(page, f"{self.place}, page {number}") for number, page in enumerate(self.get("pages", list), 1)
        )
        _check_unique(pages, self.place)
        tense = self.get("tense", dict)
        return Instrument(
            version=str(self.get("version", str)),
            languages=self.languages,
            groups=MappingProxyType({str(k): tuple(v) for k, v in self.get("groups", dict).items()}),
            tense_item=str(tense.get("item", "")),
            past_codes=frozenset(map(str, tense.get("past", []))),
            rules=self.rules(self.get("rules", dict)),
            pages=pages,
            content_hash=self.content_hash,
        )

    def rules(self, data: Mapping[str, Any]) -> Rules:
        try:
            return Rules(**data)
        except TypeError:
            raise InstrumentIsUnreadable(
                f"The rules must be exactly {', '.join(Rules.__slots__)}.", where=f"{self.place}, rules"
            ) from None

    def page(self, data: Any, place: str) -> Page:
        table = self.table(data, place, _PAGE_KEYS)
        place = f"{self.place}, page {table.get('id')!r}"
        items = table.get("items") or []
        if not 1 <= len(items) <= 3 and not any("slot" in item for item in items):
            raise InstrumentIsIncomplete(f"A page shows 1 to 3 items, this one has {len(items)}.", where=place)
        return Page(
            page_id=str(table["id"]),
            title=self.text(table.get("title"), f"{place}, title"),
            lead=self.text(table["lead"], f"{place}, lead") if "lead" in table else MappingProxyType({}),
            items=tuple(self.item(item, f"{place}, item {self.table(item, place).get('id')!r}") for item in items),
        )

    def item(self, data: Any, place: str) -> Item:
        table = self.table(data, place, _ITEM_KEYS)
        kind = table.get("type")
        if kind not in _KINDS:
            raise InstrumentIsUnreadable(f"The type {kind!r} is not one of {', '.join(_KINDS)}.", where=place)
        variants = tuple(self.variant(variant, place) for variant in table.get("variants", []))
        present, past = self.wording(table, place, has_variants=bool(variants))
        return Item(
            item_id=str(table["id"]),
            kind=kind,
            visible_if=self.condition(table["visible_if"], place) if "visible_if" in table else ALWAYS,
            present=present,
            past=past,
            options=self.item_options(table, kind, place),
            scale=str(table.get("scale", "")),
            variants=variants,
            is_required=bool(table.get("is_required", False)),
            max_length=int(table.get("max_length", 2000)) if kind == "open" else 0,
            slot=str(table.get("slot", "")),
        )

    def item_options(self, table: Mapping[str, Any], kind: Kind, place: str) -> tuple[Option, ...]:
        if kind == "open":
            return ()
        if kind == "scale":
            if table.get("scale") not in self.scales:
                raise ScaleIsUnknown(
                    f"The scale {table.get('scale')!r} is not defined.", where=place,
                    next_step=f"Use {', '.join(sorted(self.scales))}, or define it under `scales`.",
                )  # fmt: skip
            return self.scales[table["scale"]]
        return self.options(table.get("options"), place)

    def wording(self, table: Mapping[str, Any], place: str, *, has_variants: bool) -> tuple[Text, Text]:
        given = {"text", "present", "past"} & set(table)
        if has_variants or table.get("slot"):
            return MappingProxyType({}), MappingProxyType({})
        if given == {"text"}:
            text = self.text(table["text"], place)
            return text, text
        if given == {"present", "past"}:
            return self.text(table["present"], f"{place}, present"), self.text(table["past"], f"{place}, past")
        if given in ({"present"}, {"past"}):
            (missing,) = {"present", "past"} - given
            raise TenseIsMissing(
                f"The wording has no {missing} tense.", where=place,
                next_step="Write both tenses, or `text` where the wording has none.",
            )  # fmt: skip
        raise InstrumentIsUnreadable("Give either `text`, or `present` and `past`, or `variants`.", where=place)

    def variant(self, data: Any, place: str) -> Variant:
        table = self.table(data, place, frozenset({"id", "visible_if", "text"}))
        place = f"{place}, variant {table.get('id')!r}"
        return Variant(
            str(table["id"]), self.condition(table.get("visible_if"), place), self.text(table.get("text"), place)
        )

    def options(self, data: Any, place: str) -> tuple[Option, ...]:
        if not isinstance(data, list) or not data:
            raise InstrumentIsUnreadable("There are no options.", where=place)
        options = []
        for entry in data:
            table = self.table(entry, place, frozenset({"code", "is_exclusive", *self.languages}))
            code = table.get("code")
            if not isinstance(code, str):
                raise InstrumentIsUnreadable(f"The code {code!r} must be text; put it in quotes.", where=place)
            texts = {language: table[language] for language in self.languages if language in table}
            text = self.text(texts, f"{place}, option {code!r}")
            options.append(Option(code, text, bool(table.get("is_exclusive", False))))
        codes = [option.code for option in options]
        if len(set(codes)) < len(codes):
            raise ItemAppearsTwice("An option's code is used twice.", where=place)
        return tuple(options)

    def condition(self, data: Any, place: str) -> Condition:
        table = self.table(data, place)
        if len(table) != 1:
            raise InstrumentIsUnreadable("A condition is one comparison, or one of `all`, `any`, `not`.", where=place)
        ((key, value),) = table.items()
        if key in {"all", "any"} and isinstance(value, list) and value:
            return Condition(
                "all" if key == "all" else "any", parts=tuple(self.condition(part, place) for part in value)
            )
        if key == "not":
            return Condition("not", parts=(self.condition(value, place),))
        if key in {"all", "any"} or not isinstance(value, list) or not value:
            raise InstrumentIsUnreadable(f"The condition on {key!r} must be a list that is not empty.", where=place)
        return Condition("is", variable=str(key), codes=frozenset(map(str, value)))

    def text(self, data: Any, place: str) -> Text:
        table = self.table(data, place)
        missing = [language for language in self.languages if not str(table.get(language) or "").strip()]
        if missing:
            raise InstrumentIsIncomplete(f"The text is missing in {', '.join(missing)}.", where=place)
        if not all(isinstance(table[language], str) for language in self.languages):
            raise InstrumentIsUnreadable("A text is not text; put it in quotes.", where=place)
        return MappingProxyType({language: table[language].strip() for language in self.languages})

    def get(self, name: str, kind: type) -> Any:
        if not isinstance(self.data.get(name), kind):
            raise InstrumentIsUnreadable(f"`{name}` is missing or of the wrong kind.", where=self.place)
        return self.data[name]

    @staticmethod
    def table(data: Any, place: str, known: frozenset[str] | None = None) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            raise InstrumentIsUnreadable("A table was expected here.", where=place)
        unknown = sorted(set(data) - known) if known is not None else []
        if unknown:
            raise InstrumentIsUnreadable(f"{', '.join(map(repr, unknown))} is not known here.", where=place)
        if known is not None and {"id"} <= known and not isinstance(data.get("id"), str):
            raise InstrumentIsUnreadable("The `id` is missing.", where=place)
        return data


def _check_unique(pages: tuple[Page, ...], place: str) -> None:
    for what, ids in (
        ("page", [page.page_id for page in pages]),
        ("item", [item.item_id for page in pages for item in page.items]),
    ):
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ItemAppearsTwice(f"The {what} id {twice[0]!r} is used {ids.count(twice[0])} times.", where=place)


def _check_routing(instrument: Instrument, place: str) -> None:
    """Check that every condition can be decided when its item's turn comes, and can be true for somebody."""
    items = {item.item_id: item for item in instrument.items}
    page_of = {item.item_id: number for number, page in enumerate(instrument.pages) for item in page.items}
    if instrument.tense_item and instrument.tense_item not in items:
        raise InstrumentIsUnreadable(f"The tense follows {instrument.tense_item!r}, which is no item.", where=place)
    for item in instrument.items:
        here = f"{place}, item {item.item_id!r}"
        _refuse_circles(item.item_id, items, (), place)
        for leaf in item.routing_condition.leaves():
            _check_leaf(leaf, items, instrument, here)
            if leaf.variable in page_of and page_of[leaf.variable] >= page_of[item.item_id]:
                raise RoutingLooksAhead(
                    f"It depends on {leaf.variable!r}, which is asked on the same page or later.", where=here,
                    next_step="Move it to a later page.",
                )  # fmt: skip
    reached: set[str] = set()
    for path in paths(instrument):
        reached.update(path.asked)
    for item in instrument.items:
        if item.item_id not in reached and not item.slot:
            raise InstrumentIsIncomplete(
                "No citizen can ever be asked this.", where=f"{place}, item {item.item_id!r}",
                next_step="Correct its condition, or remove the item.",
            )  # fmt: skip


def _check_leaf(leaf: Condition, items: Mapping[str, Item], instrument: Instrument, here: str) -> None:
    if leaf.variable in BACKGROUND:
        known = {
            "target_group": frozenset(instrument.groups),
            "subgroup": frozenset(each for group in instrument.groups.values() for each in group),
        }.get(leaf.variable)
    elif leaf.variable in items and items[leaf.variable].kind != "open":
        known = frozenset(items[leaf.variable].codes)
    else:
        raise InstrumentIsUnreadable(f"The condition looks at {leaf.variable!r}, which is no item.", where=here)
    if known is not None and not leaf.codes <= known:
        raise InstrumentIsUnreadable(
            f"The condition on {leaf.variable!r} names {', '.join(map(repr, sorted(leaf.codes - known)))}, "
            "which it never is.",
            where=here,
        )


def _refuse_circles(item_id: str, items: Mapping[str, Item], above: tuple[str, ...], place: str) -> None:
    if item_id in above:
        raise RoutingRunsInCircles(
            f"The conditions need each other: {' → '.join([*above[above.index(item_id) :], item_id])}.", where=place
        )
    for needed in sorted(items[item_id].deciding_items):
        if needed in items:
            _refuse_circles(needed, items, (*above, item_id), place)
