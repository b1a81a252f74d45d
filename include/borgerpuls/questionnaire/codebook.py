"""
The codebook of an instrument: every item, who is asked, every wording and code; and what changed between two versions.

Pure. The words are Danish: it is read by those who use the data.
"""

import pandas as pd

from borgerpuls.questionnaire.definition import Condition, Instrument, Item

COLUMNS = ["side", "id", "type", "stilles_til", "nutid", "datid", "variant", "kode", "svar", "udelukker"]
_TYPES = {"single": "ét svar", "scale": "skala", "multi": "flere svar", "open": "fri tekst"}
_WORDS = {"target_group": "målgruppe", "subgroup": "undergruppe", "municipality_code": "kommune"}


def codebook_table(instrument: Instrument) -> pd.DataFrame:
    """Return one row per item, variant and code: the columns of COLUMNS, all text."""
    rows = []
    for page in instrument.pages:
        for item in page.items:
            for variant, asked, present, past in _wordings(item):
                for code, answer, alone in _answers(item):
                    rows.append(
                        (
                            page.page_id,
                            item.item_id,
                            _TYPES[item.kind],
                            asked,
                            present,
                            past,
                            variant,
                            code,
                            answer,
                            alone,
                        )
                    )
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


def compare_codebooks(old: Instrument, new: Instrument) -> pd.DataFrame:
    """
    Return what differs between two versions.

    Returns:
        `id`, `hvad` (`ny`, `udgået`, `rækkefølge` or the codebook's column), `foer`, `nu`; empty where nothing differs.
    """
    rows: list[tuple[str, str, str, str]] = []
    before, after = ({item.item_id: item for item in each.items} for each in (old, new))
    rows += [(item, "udgået", item, "") for item in before if item not in after]
    rows += [(item, "ny", "", item) for item in after if item not in before]
    kept_before = [item for item in before if item in after]
    kept_after = [item for item in after if item in before]
    rows += [
        (new_item, "rækkefølge", old_item, new_item)
        for old_item, new_item in zip(kept_before, kept_after, strict=True)
        if old_item != new_item
    ]
    tables = [codebook_table(each).groupby("id") for each in (old, new)]
    for item in kept_before:
        left, right = (table.get_group(item) for table in tables)
        for column in ("type", "stilles_til", "nutid", "datid", "kode", "svar", "udelukker"):
            was, now = ("; ".join(dict.fromkeys(side[column])) for side in (left, right))
            if was != now:
                rows.append((item, column, was, now))
    for group in sorted({*old.groups, *new.groups}):
        was, now = (", ".join(each.groups.get(group, ())) for each in (old, new))
        if was != now:
            rows.append((group, "målgruppe", was, now))
    return pd.DataFrame(rows, columns=["id", "hvad", "foer", "nu"], dtype="str")


def condition_in_danish(condition: Condition) -> str:
    """Return a condition as a phrase: `målgruppe er sygedagpenge og ikke (employer er ja)`."""
    if condition.operator == "is":
        codes = sorted(condition.codes)
        return f"{_WORDS.get(condition.variable, condition.variable)} er {' eller '.join(codes)}"
    if condition.operator == "not":
        return f"ikke ({condition_in_danish(condition.parts[0])})"
    parts = [condition_in_danish(part) for part in condition.parts if part.operator != "all" or part.parts]
    word = " og " if condition.operator == "all" else " eller "
    return word.join(f"({part})" if " eller " in part and len(parts) > 1 else part for part in parts)


def _wordings(item: Item) -> list[tuple[str, str, str, str]]:
    if item.slot:
        return [("", "den enkelte kommunes borgere", "", "")]
    own = condition_in_danish(item.visible_if)
    if not item.variants:
        return [("", own or "alle", item.present["da"], item.past["da"])]
    return [
        (v.variant_id, " og ".join(filter(None, [own, condition_in_danish(v.visible_if)])), v.text["da"], v.text["da"])
        for v in item.variants
    ]


def _answers(item: Item) -> list[tuple[str, str, str]]:
    if not item.options:
        return [("", f"højst {item.max_length} tegn", "")]
    return [(option.code, option.text["da"], "ja" if option.is_exclusive else "") for option in item.options]
