"""
The dry run: how many messages, to whom, by what, at what price, and how the letters read.

Pure. Every letter is really written, with the person's real name, to find one that cannot be; what is shown and kept
has invented recipients of the same shape, so that a preview holds nobody's data and nobody's link.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from borgerpuls.fieldwork.channels.sms import plain_text, sms_length, usable_number
from borgerpuls.fieldwork.dispatch import LETTER_WAVES
from borgerpuls.fieldwork.letters import LETTER_TEMPLATES, LetterBook, LetterDates, MunicipalityText, Recipient
from borgerpuls.terms import Channel

EXAMPLE_TOKEN = "EKSEMPEL" * 3
EXAMPLE_CODE = "EKSEMPELKOD"
EXAMPLE_ADDRESS = "Eksempelvej 1, 2. tv\n0000"
EXAMPLE = "eksempel"
LONGEST_NAME = "laengste_navn"
DANISH_LETTERS = "danske_bogstaver"
LETTERS_ARE_A_CEILING = (
    "Breve på papir er talt højest muligt: alle med adresse og uden brugbart mobilnummer, som om ingen af dem har Digital "
    "Post, når invitationen sendes. Den, der får invitationen på papir, får ingen påmindelse."
)
PROTECTED = "adressebeskyttet"
NO_PHONE = "uden_telefon"
SPECIAL_CHARACTERS = "saertegn"


@dataclass(frozen=True)
class Prices:
    """What one message is assumed to cost, in øre."""

    digital_post: int
    sms_part: int
    letter: int


def count_messages(
    messages: pd.DataFrame,
    people: pd.DataFrame,
    parts_by_municipality: Mapping[str, tuple[int, int]],
    prices: Prices,
    *,
    may_print: bool = False,
) -> pd.DataFrame:
    """
    Return the forecast, the most there can be: nobody answers, and everybody has Digital Post.

    Where the round may print, those without a usable number who have an address are assumed not to have Digital Post when
    they are invited: the dearest case, since only the look-up at sending knows.

    Args:
        messages: `person_id`, `wave`, `slot`.
        people: One row per person: `person_id`, `municipality_code`, `target_group`, `has_number`, `has_address`,
            `has_sms_arm` (bool).
        parts_by_municipality: SMS parts beside a letter, and alone, by municipality code.
        prices: Assumed prices.
        may_print: Whether the round has paper letters.

    Returns:
        One row per municipality, target group and channel: `messages`, `sms_parts`, `cost_kr`.
    """
    table = messages.merge(people, on="person_id", how="left", validate="many_to_one")
    is_sms = table["slot"].eq("sms")
    table = table[~is_sms | (table["has_number"] & table["has_sms_arm"])].copy()
    table["channel"] = table["slot"].map({"main": str(Channel.DIGITAL_POST), "sms": str(Channel.SMS)})
    if may_print:
        is_paper = table["slot"].eq("main") & table["wave"].isin(LETTER_WAVES) & ~table["has_number"]
        table.loc[is_paper & table["has_address"], "channel"] = str(Channel.LETTER)
    counts = (
        table.groupby(["municipality_code", "target_group", "channel"], sort=True)
        .size()
        .rename("messages")
        .reset_index()
    )
    parts = counts["municipality_code"].map({code: beside for code, (beside, _) in parts_by_municipality.items()})
    sms = counts["channel"].eq(str(Channel.SMS))
    counts["sms_parts"] = (counts["messages"] * parts).where(sms, 0).astype(int)
    letter = counts["channel"].eq(str(Channel.LETTER))
    counts["cost_kr"] = (
        counts["sms_parts"] * prices.sms_part
        + counts["messages"].where(letter, 0) * prices.letter
        + counts["messages"].where(~sms & ~letter, 0) * prices.digital_post
    ) / 100
    return counts


def sum_up(forecast: pd.DataFrame, people: pd.DataFrame) -> dict[str, Any]:
    """
    Return what is kept of a dry run, ready for JSON.

    Args:
        forecast: Of `count_messages`.
        people: One row per person: `has_number`.
    """
    return {
        "people": len(people),
        "messages": int(forecast["messages"].sum()),
        "sms_parts": int(forecast["sms_parts"].sum()),
        "people_without_number": int((~people["has_number"]).sum()),
        "letters": int(forecast.loc[forecast["channel"].eq(Channel.LETTER), "messages"].sum()),
        "cost_kr": float(forecast["cost_kr"].sum()),
        "by_group": forecast.to_dict(orient="records"),
    }


def count_unwritable(book: LetterBook, text: MunicipalityText, recipients: Iterable[Recipient]) -> int:
    """Write the letters of every wave to each recipient, throw them away, and return how many people's failed."""
    return sum(not _can_be_written(book, text, recipient) for recipient in recipients)


def _can_be_written(book: LetterBook, text: MunicipalityText, recipient: Recipient) -> bool:
    try:
        return all(recipient.code[:5] in book.letter(wave, text, recipient).html for wave in LETTER_TEMPLATES)
    except (ValueError, TypeError):
        return False


def edge_cases(people: pd.DataFrame) -> pd.DataFrame:
    """
    Return the people of one municipality whose letters are most likely to go wrong.

    Args:
        people: `person_id`, `name` (opened, in memory), `mobile`, `is_address_protected`.

    Returns:
        One row per case found: `occasion`, and the person's row.
    """
    names = people["name"]
    found = {
        EXAMPLE: people.index[:1],
        LONGEST_NAME: names.str.len().sort_values(ascending=False, kind="stable").index[:1],
        DANISH_LETTERS: people.index[names.str.contains("[æøåÆØÅ]", regex=True)][:1],
        PROTECTED: people.index[people["is_address_protected"]][:1],
        NO_PHONE: people.index[[usable_number(mobile).msisdn is None for mobile in people["mobile"]]][:1],
        SPECIAL_CHARACTERS: people.index[names.str.contains(r"[<>&\"'{}%]", regex=True)][:1],
    }
    rows = [people.loc[index].assign(occasion=occasion) for occasion, index in found.items() if len(index)]
    return pd.concat(rows, ignore_index=True) if rows else people.iloc[:0].assign(occasion="")


def invented_name(name: str) -> str:
    """Return a name of the same shape: letters become `Xx`, `Øø` where they were Danish; signs stay."""
    shape = []
    for character in name:
        if character.lower() in "æøå":
            shape.append("Ø" if character.isupper() else "ø")
        elif character.isalpha():
            shape.append("X" if character.isupper() else "x")
        else:
            shape.append("0" if character.isdigit() else character)
    return "".join(shape)


def previews(
    round_id: str,
    municipality_code: str,
    text: MunicipalityText,
    book: LetterBook,
    cases: pd.DataFrame,
    *,
    may_print: bool = False,
) -> pd.DataFrame:
    """
    Return the letters and texts an approver reads, with invented recipients.

    Args:
        round_id: The round.
        municipality_code: The municipality.
        text: Its words.
        book: The templates.
        cases: Of `edge_cases`.
        may_print: Whether the round has paper letters.

    Returns:
        One row per case, wave and channel: the columns of `fieldwork.preview`.
    """
    rows: list[tuple[str, int, str, str, str, int | None]] = []
    for occasion, name in zip(cases["occasion"], cases["name"], strict=True):
        recipient = Recipient(invented_name(name), EXAMPLE_TOKEN, EXAMPLE_CODE)
        for wave in LETTER_TEMPLATES:
            letter = book.letter(wave, text, recipient)
            rows.append((occasion, wave, str(Channel.DIGITAL_POST), letter.subject, letter.html, None))
        if may_print:
            page = book.paper(text, replace(recipient, address=EXAMPLE_ADDRESS))
            rows.append((occasion, 1, str(Channel.LETTER), page.subject, page.html, None))
        if occasion == EXAMPLE:
            for wave, is_alone in ((1, True), (2, False)):
                sms = plain_text(book.sms(text, recipient, is_alone=is_alone))
                rows.append((occasion, wave, str(Channel.SMS), text.sms_sender, sms, sms_length(sms).part_count))
    table = pd.DataFrame(rows, columns=["occasion", "wave", "channel", "subject", "body", "sms_part_count"])
    table["sms_part_count"] = table["sms_part_count"].astype("Int64")
    table.insert(0, "municipality_code", municipality_code)
    table.insert(0, "round_id", round_id)
    return table


def sms_parts(text: MunicipalityText, book: LetterBook) -> tuple[int, int]:
    """Return the parts of a municipality's SMS beside a letter, and alone."""
    recipient = Recipient("", EXAMPLE_TOKEN, EXAMPLE_CODE)
    beside, alone = (sms_length(plain_text(book.sms(text, recipient, is_alone=alone))) for alone in (False, True))
    return beside.part_count, alone.part_count


def approval_text(
    round_id: str,
    round_name: str,
    opened_by: str,
    dates: LetterDates,
    content_hash: str,
    counts: Mapping[str, Any],
    names: Mapping[str, str],
    group_names: Mapping[str, str],
    texts: pd.DataFrame,
    left_out: pd.DataFrame,
) -> dict[str, str]:
    """
    Return what the approver reads, in Danish Markdown.

    Args:
        round_id: The round.
        round_name: The round's name.
        opened_by: Who opened it, and may not approve it.
        dates: The days of the waves.
        content_hash: Of what is approved.
        counts: Of the dry run.
        names: The municipalities' names by code.
        group_names: The target groups' names by code.
        texts: `municipality_code`, `wave`, `body` of the example SMS.
        left_out: `municipality_name`, `reason` (missing where the extract was read) of those nobody is written to in.

    Returns:
        `subject` and `body`.
    """
    table = pd.DataFrame(counts["by_group"])
    table["municipality"] = table["municipality_code"].map(names).fillna(table["municipality_code"])
    table["group"] = table["target_group"].map(group_names).fillna(table["target_group"])
    has_letters = bool(counts.get("letters"))
    lines = []
    for name, municipality in table.groupby("municipality", sort=True):
        lines.append(_forecast_row(f"**{name}**", municipality, has_letters=has_letters))
        lines += [
            _forecast_row(str(group), rows, has_letters=has_letters) for group, rows in municipality.groupby("group")
        ]
    lines.append(_forecast_row("**I alt**", table, has_letters=has_letters))
    example = texts.iloc[0]["body"] if len(texts) else ""
    introduction = (
        f"{_count(counts['people'])} borgere får højst {_count(counts['messages'])} beskeder: invitation "
        f"{dates.invitation_date:%d-%m-%Y}, påmindelser {dates.reminder_1_date:%d-%m-%Y} og "
        f"{dates.reminder_2_date:%d-%m-%Y}. Sidste svardag er {dates.close_date:%d-%m-%Y}. "
        f"{_count(counts['people_without_number'])} har intet brugbart mobilnummer."
    )
    body = "\n".join(
        [
            f"**{round_name}** er åbnet af {opened_by} og skal godkendes af en anden, før der sendes noget.",
            "",
            introduction,
            "",
            *_left_out(left_out),
            f"| Kommune og målgruppe | Digital Post | Sms | Sms-dele | {'Brev | ' if has_letters else ''}Anslået pris, kr. |",
            f"| --- | ---: | ---: | ---: | {'---: | ' if has_letters else ''}---: |",
            *lines,
            "",
            *([LETTERS_ARE_A_CEILING, ""] if has_letters else []),
            f"Eksempel på sms: {example}",
            "",
            f"Læs brevene med `borgerpuls fieldwork preview {round_id} --out breve-{round_id}`.",
            f"Du godkender netop dette indhold: `{content_hash[:16]}`.",
        ]
    )
    return {"subject": f"Godkend udsendelsen: {round_name}", "body": body}


def _left_out(municipalities: pd.DataFrame) -> list[str]:
    """Return which municipalities would be missing from the round, and why: what is approved cannot be added to."""
    if municipalities.empty:
        return []
    reasons = municipalities["reason"].fillna("Ingen i udtrækket er udtrukket.")
    warning = (
        f"**Ingen får brev i {len(municipalities)} af rundens kommuner.** Når runden er godkendt, kan de ikke komme med. "
        "Skal de med, så læg et rettet udtræk i indbakken, og kør kommunens opgave i *2 · Frame* igen:"
    )
    return [
        warning,
        "",
        *(f"- **{name}**: {why}" for name, why in zip(municipalities["municipality_name"], reasons, strict=True)),
        "",
    ]


def _forecast_row(name: str, rows: pd.DataFrame, *, has_letters: bool) -> str:
    """Return the messages, SMS parts and price of some municipality and groups as a row of the approver's table."""
    by_channel = rows.groupby("channel")["messages"].sum()
    numbers = [
        by_channel.get(str(Channel.DIGITAL_POST), 0),
        by_channel.get(str(Channel.SMS), 0),
        rows["sms_parts"].sum(),
    ]
    if has_letters:
        numbers.append(by_channel.get(str(Channel.LETTER), 0))
    return f"| {name} | {' | '.join(_count(number) for number in numbers)} | {_kroner(rows['cost_kr'].sum())} |"


def _count(number: float) -> str:
    return f"{number:,.0f}".replace(",", ".")


def _kroner(amount: float) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
