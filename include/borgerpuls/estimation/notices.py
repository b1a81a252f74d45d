"""
Notices: why something that a reader could expect is not there, as Danish sentences that a report can print.

Computed from the protected figures, so that no sentence tells more than they do. What is withheld is said to be withheld for
anonymity and no more: whether it has few answers itself or protects another number would tell something.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.estimation.comparability import COUNTED_OTHERWISE
from borgerpuls.estimation.figures import DOMAINS
from borgerpuls.estimation.response_figures import RESPONSE
from borgerpuls.estimation.weighting_figures import WEIGHTING
from borgerpuls.terms import ALL_PARTICIPATING, LOCAL_FLAGS

NOTICE = ["municipality_code", "item_id", "domain", "code", "sentence"]

SENTENCES = {
    "no_answers": "Ingen borgere i {name} har svaret, og kommunen har derfor ingen resultater i denne runde.",
    "too_few_answers": "Resultaterne for {name} vises ikke af hensyn til borgernes anonymitet.",
    "uncertain_answers": "Resultaterne for {name} bygger på færre end {uncertain} svar og er usikre.",
    "all_groups_withheld": "Fordelingen efter {domain} vises ikke af hensyn til borgernes anonymitet.",
    "item_withheld": "Resultatet for {name} vises ikke af hensyn til borgernes anonymitet.",
    "item_not_asked": "Ingen af de borgere i {name}, der har svaret, er blevet spurgt om dette.",
    "flag_withheld": "Kommunens egen opdeling vises ikke af hensyn til borgernes anonymitet.",
    "first_round": "Der er ingen tidligere resultater at sammenligne med.",
    "other_groups": "Nogle tal kan ikke sammenlignes med {period}, fordi spørgsmål, temaer eller målgrupper er opgjort anderledes.",
    "other_participants": "Tallene for de deltagende kommuner kan ikke sammenlignes med {period}: {reason}",
    "nothing_to_test": "Usikkerheden på tallene fra {period} er ikke offentliggjort. Forskelle derfra er derfor ikke testet.",
    "no_response_model": "Det kan ikke beregnes, hvor godt svarene repræsenterer de udtrukne borgere i {name}.",
    "no_weighting_example": "Et regneeksempel med vægte kan ikke vises for denne runde.",
}
"""Sentence by code; docs/figures/README.md says when."""

DOMAIN_NAMES = {
    "target_group": "målgruppe",
    "duration": "forløbets varighed",
    "status": "tilknytning",
    "sex": "køn",
    "age_group": "alder",
}


def notices(
    figures: pd.DataFrame,
    previous: pd.DataFrame,
    names: Mapping[str, str],
    codebook: Codebook,
    items: Iterable[str],
    uncertain_below: int,
) -> pd.DataFrame:
    """
    Return what is absent from each report, in words.

    Args:
        figures: The protected figures of the round.
        previous: As `trend.previous_means`, with what is not counted alike.
        names: Name by code of everybody who takes part.
        codebook: The round's.
        items: The scale and multi-select items of the questionnaire that everybody's report has.
        uncertain_below: Fewer answers than this are uncertain.

    Returns:
        One row per notice, columns `NOTICE`, `alle` and every municipality.
    """
    rows: list[dict[str, str]] = []
    by_code = dict(list(figures.groupby("municipality_code", sort=True)))
    before = dict(list(previous.groupby("municipality_code", sort=True)))
    for code, name in {ALL_PARTICIPATING: "de deltagende kommuner", **dict(sorted(names.items()))}.items():
        own = by_code.get(code, figures.iloc[:0])
        said = _Said(code, name, rows, uncertain_below)
        if not _has_answers(own, said):
            continue
        _answers(own, said, [*items, *codebook.labels("category")])
        _comparisons(before.get(code, previous.iloc[:0]), said)
        if not (own["measure"] == "r_indicator").any():
            said.add("no_response_model")
        if code == ALL_PARTICIPATING and not ((own["item_id"] == WEIGHTING) & (own["measure"] == "unweighted_n")).any():
            said.add("no_weighting_example")
    return pd.DataFrame(rows, columns=NOTICE)


class _Said:
    """Collects the notices of one report."""

    def __init__(self, code: str, name: str, rows: list[dict[str, str]], uncertain_below: int) -> None:
        self.code, self.name, self.rows, self.uncertain_below = code, name, rows, uncertain_below

    def add(self, notice: str, *, item: str = "", domain: str = "", **words: str) -> None:
        sentence = SENTENCES[notice].format(
            name=self.name, domain=DOMAIN_NAMES.get(domain, domain), uncertain=self.uncertain_below, **words
        )
        self.rows.append(
            {"municipality_code": self.code, "item_id": item, "domain": domain, "code": notice, "sentence": sentence}
        )


def _has_answers(own: pd.DataFrame, said: _Said) -> bool:
    answered = own[(own["item_id"] == RESPONSE) & (own["measure"] == "answered_n")]
    if len(answered) and bool(answered["is_suppressed"].iloc[0]):
        said.add("too_few_answers")
        return False
    count = float(answered["value"].iloc[0]) if len(answered) else 0.0
    if count == 0:
        said.add("no_answers")
        return False
    means = own[(own["measure"].isin(["mean", "category_mean"])) & (own["domain"] == "all")]
    if len(means) and means["is_suppressed"].all():
        said.add("too_few_answers")
        return False
    if count < said.uncertain_below:
        said.add("uncertain_answers")
    return True


def _answers(own: pd.DataFrame, said: _Said, items: Iterable[str]) -> None:
    answers = own[own["measure"].isin(["mean", "category_mean", "option_share"])]
    hidden = answers.groupby(["item_id", "domain"])["is_suppressed"].all()
    is_hidden = hidden.to_dict()
    asked = set(answers["item_id"])
    for item in items:
        if item not in asked:
            said.add("item_not_asked", item=item)
        elif is_hidden.get((item, "all"), False):
            said.add("item_withheld", item=item)
        else:
            for domain in DOMAINS:
                if is_hidden.get((item, domain), False):
                    said.add("all_groups_withheld", item=item, domain=domain)
    for flag in LOCAL_FLAGS:
        groups = answers[(answers["domain"] == flag) & (answers["domain_group"] != "")]
        if len(groups) and groups.groupby("item_id")["is_suppressed"].all().all():
            said.add("flag_withheld", domain=flag)


def _comparisons(before: pd.DataFrame, said: _Said) -> None:
    if before.empty:
        said.add("first_round")
        return
    latest = before[before["period"] == before["period"].max()]
    period = str(latest["period_name"].iloc[0])
    reasons = set(latest["break_reason"].dropna())
    for reason in sorted(reasons - set(COUNTED_OTHERWISE)):
        said.add("other_participants", period=period, reason=_inside(reason))
    if reasons & set(COUNTED_OTHERWISE):
        said.add("other_groups", period=period)
    comparable = latest[latest["break_reason"].isna() & ~latest["is_suppressed"].astype(bool)]
    if len(comparable) and comparable["standard_error"].isna().all():
        said.add("nothing_to_test", period=period)


def _inside(sentence: str) -> str:
    """Return a sentence to stand after a colon."""
    return sentence[:1].lower() + sentence[1:]
