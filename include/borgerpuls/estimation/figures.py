"""
Figures: every number to be published as one row with a stable id.

Turns the tables of the methods (one row per item, domain and municipality, many columns) into figures (one row per
number), and adds the comparisons of each municipality with the others and with the round before. Nothing is withheld
here: see disclosure.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import stdtr

from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.estimation import comparison, estimates
from borgerpuls.estimation.categories import score_categories
from borgerpuls.estimation.dictionary import OWN_ITEMS
from borgerpuls.estimation.estimates import SCALE, Partition
from borgerpuls.estimation.multiplicity import adjust_false_discovery
from borgerpuls.estimation.variance import Floats, SurveyDesign, count_moments, survey_design
from borgerpuls.questionnaire.definition import Instrument, Item
from borgerpuls.terms import ALL_PARTICIPATING, LOCAL_FLAGS, NO_FLAG, AnswerOutcome
from borgerpuls.weighting.cells import Collapse
from borgerpuls.weighting.coding import number_codes

SIGNIFICANCE_LEVEL = 0.05
"""A triangle or a sentence says "higher" only when the adjusted p-value is below this."""

DOMAINS = ("target_group", "duration", "status", "sex", "age_group")
"""The partitions of every report, in their fixed order; `all` comes before them."""

WAVE = "wave"
"""The contact each answered after: all participating only, for `WAVE_ITEM` and the categories."""

WAVES = ("1", "2", "3")
WAVE_ITEM = "overall"

MOST_LOCAL_GROUPS = 12

ID_PARTS = ["round_id", "municipality_code", "item_id", "measure", "category", "domain", "domain_group"]
COUNTS = ["valid_n", "dont_know_n", "not_asked_n", "broken_off_n"]
VALUES = ["weighted_base", "value", "standard_error", "degrees_of_freedom", "lower", "upper"]
COMPARISONS = [
    "difference_to_all",
    "difference_to_all_se",
    "difference_to_rest",
    "difference_to_rest_se",
    "difference_to_rest_p",
    "difference_to_previous",
    "difference_to_previous_se",
    "difference_to_previous_p",
]

OUTCOME_CODES = {
    AnswerOutcome.DONT_KNOW: estimates.DONT_KNOW,
    AnswerOutcome.NOT_ASKED: estimates.NOT_ASKED,
    AnswerOutcome.BROKEN_OFF: estimates.BROKEN_OFF,
}

CHOSEN, NOT_CHOSEN = 5, 1
"""A multi-select option as an item: its share is the share of `CHOSEN`."""


@dataclass(frozen=True)
class Survey:
    """
    One round, ready to estimate.

    Attributes:
        design: Cells and weights of the respondents.
        respondents: One row per respondent in the order of *design*: `municipality_code`, the columns of `DOMAINS` and,
            where the round has them, `LOCAL_FLAGS`, as text codes.
        answers: One row per respondent in the same order, one column per scale item and per option
            (`contact:socialafdelingen`): 1-5, or a code of why there is no valid answer.
        items: The scale items of the codebook.
        options: Options by multi-select item; a municipality's own questions with a choice are among them.
        codebook: Codes, labels and categories of the round.
        municipality_codes: In the order of the design's municipalities.
        own_scales: Municipalities by own question with a scale.
        own_options: Municipalities by own question with a choice and option.
    """

    design: SurveyDesign
    respondents: pd.DataFrame
    answers: pd.DataFrame
    items: tuple[str, ...]
    options: Mapping[str, tuple[str, ...]]
    codebook: Codebook
    municipality_codes: tuple[str, ...]
    own_scales: Mapping[str, frozenset[str]] = field(default_factory=dict)
    own_options: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)


def prepare_survey(
    respondents: pd.DataFrame,
    answers: pd.DataFrame,
    collapse: Collapse,
    municipality_codes: Sequence[str],
    codebook: Codebook,
    instrument: Instrument,
) -> Survey:
    """
    Return one round ready to estimate.

    Args:
        respondents: One row per answer that counts: `response_id, municipality_code, sex, age_group, target_group,
            status, duration_group` and, where there are any, `LOCAL_FLAGS` and `WAVE`.
        answers: As `answer_matrix`.
        collapse: The weighting cells of these answers.
        municipality_codes: In the order in which *collapse* numbers the municipalities.
        codebook: Codes, labels and categories.
        instrument: Gives the options of multi-select items, and the municipalities' own questions.
    """
    numbered = number_codes(respondents, codebook, municipality_codes)
    items = tuple(item for category in codebook.categories for item in category.items)
    own_scales, own_options = _own_items(instrument)
    options = {item.item_id: item.codes for item in instrument.items if item.kind == "multi" and not _is_own(item)}
    for item, code in own_options:
        options[item] = (*options.get(item, ()), code)
    return Survey(
        design=survey_design(numbered, collapse, municipalities=range(len(municipality_codes))),
        respondents=respondents.rename(columns={"duration_group": "duration"}),
        answers=answer_matrix(answers, respondents["response_id"].tolist(), (*items, *own_scales), options),
        items=items,
        options=options,
        codebook=codebook,
        municipality_codes=tuple(municipality_codes),
        own_scales=own_scales,
        own_options=own_options,
    )


def _is_own(item: Item) -> bool:
    return OWN_ITEMS.fullmatch(item.item_id) is not None


def _own_items(
    instrument: Instrument,
) -> tuple[dict[str, frozenset[str]], dict[tuple[str, str], frozenset[str]]]:
    """Return which municipalities ask each own question with a scale, and offer each option of one with a choice."""
    scales: dict[str, frozenset[str]] = {}
    options: dict[tuple[str, str], frozenset[str]] = {}
    for item in instrument.items:
        if not _is_own(item) or item.slot or item.kind == "open":
            continue
        codes = frozenset(item.visible_if.codes)  # the one municipality that asks it
        if item.kind == "scale":
            scales[item.item_id] = scales.get(item.item_id, frozenset()) | codes
        else:
            for code in item.codes:
                options[(item.item_id, code)] = options.get((item.item_id, code), frozenset()) | codes
    return scales, options


def answer_matrix(
    answers: pd.DataFrame, response_ids: Sequence[object], items: Sequence[str], options: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """
    Return one row per respondent and one column per item and option.

    Args:
        answers: One row per respondent and item: `response_id, item_id, outcome, score, choices`.
        response_ids: The respondents, in the order wanted.
        items: Scale items.
        options: Options by multi-select item; become columns `item:option`.

    Returns:
        Whole numbers: 1-5 where valid, else `DONT_KNOW`, `NOT_ASKED` or `BROKEN_OFF`; index is *response_ids*.
        An item without a row counts as not asked.
    """
    index = pd.Index(list(response_ids), name="response_id", dtype=object)
    coded = answers["outcome"].map(OUTCOME_CODES).astype("float64")
    scale = answers["item_id"].isin(list(items))
    score = answers.loc[scale, "score"].astype("float64")
    value = coded[scale].where(coded[scale].notna(), score)
    matrix = (
        pd.DataFrame({"response_id": answers.loc[scale, "response_id"], "item_id": answers.loc[scale, "item_id"], "value": value})
        .pivot(index="response_id", columns="item_id", values="value")
        .reindex(index=index, columns=list(items))
        .fillna(estimates.NOT_ASKED)
        .astype("int64")
    )  # fmt: skip
    for item, codes in options.items():
        of_item = answers[answers["item_id"] == item].set_index("response_id").reindex(index)
        missing = of_item["outcome"].map(OUTCOME_CODES).where(of_item["outcome"].notna(), estimates.NOT_ASKED)
        for code in codes:
            chosen = of_item["choices"].map(lambda made, code=code: code in made if isinstance(made, list) else False)
            matrix[f"{item}:{code}"] = (
                missing.fillna(chosen.map({True: CHOSEN, False: NOT_CHOSEN})).astype("int64").to_numpy()
            )
    return matrix


def partitions_of(survey: Survey) -> list[Partition]:
    """Return `all`, the partitions of every report and the local flags in use, with their groups numbered in order."""
    sizes = {name: len(survey.codebook.labels(name)) for name in DOMAINS}
    for name in LOCAL_FLAGS:
        if names := local_groups(survey.respondents, name):
            sizes[name] = max(map(len, names.values()))
    return [Partition("all", (0,)), *(Partition(name, tuple(range(size)), name) for name, size in sizes.items())]


def local_groups(respondents: pd.DataFrame, flag: str) -> dict[str, list[str]]:
    """
    Return the groups of a local flag by municipality: its values, the most used first, and `NO_FLAG` last.

    A municipality that marks nobody has no groups. Values beyond `MOST_LOCAL_GROUPS` count as not marked.
    """
    if flag not in respondents or respondents[flag].isna().all():
        return {}
    marked = respondents[respondents[flag].notna() & (respondents[flag] != "")]
    used = marked.groupby(["municipality_code", flag]).size().rename("n").reset_index()
    used = used.sort_values(["municipality_code", "n", flag], ascending=[True, False, True])
    return {
        str(code): [*part[flag].astype("str").tolist()[:MOST_LOCAL_GROUPS], NO_FLAG]
        for code, part in used.groupby("municipality_code")
    }


def survey_figures(survey: Survey, previous: pd.DataFrame | None = None) -> pd.DataFrame:
    """
    Return the figures of all items, options and categories, without ids.

    Args:
        survey: The round.
        previous: The means of an earlier period that may be compared with these, as `trend.previous_means`; default none.

    Returns:
        One row per number: `municipality_code, item_id, measure, category, domain, domain_group`, the four counts,
        `weighted_base, value, standard_error, degrees_of_freedom, lower, upper, no_interval_reason`, and on means of
        everybody the comparisons with all, with the rest and with the round before, `is_different_from_rest` and
        `is_different_from_previous`. A domain in which nobody was asked has no row.
    """
    frame = _numbered(survey)
    partitions = partitions_of(survey)
    option_columns = [f"{item}:{code}" for item, codes in survey.options.items() for code in codes]
    columns = [*survey.items, *survey.own_scales, *option_columns]
    waves = [Partition(WAVE, tuple(range(len(WAVES))), WAVE)] if WAVE in frame else []
    wide = _estimated(survey, frame, columns, partitions)
    if waves and WAVE_ITEM in survey.items:
        wide = pd.concat([wide, _estimated(survey, frame, [WAVE_ITEM], waves)], ignore_index=True)
    is_option = wide["question"].isin(option_columns)
    items = wide[~is_option]
    parts = [_measure(items, "mean", "mean", "se_mean", "lo_mean", "hi_mean", "")]
    parts += [_measure(items, "share", f"p{k}", f"se_p{k}", f"lo_p{k}", f"hi_p{k}", str(k)) for k in SCALE]
    parts += [_measure(items, "top2", "top2", "se_top2", "lo_top2", "hi_top2", "")]
    shares = _measure(
        wide[is_option], "option_share", f"p{CHOSEN}", f"se_p{CHOSEN}", f"lo_p{CHOSEN}", f"hi_p{CHOSEN}", ""
    )
    split = shares["item_id"].str.split(":", n=1, expand=True).reindex(columns=[0, 1])
    shares["item_id"], shares["category"] = split[0], split[1]
    parts.append(shares)
    category_figures, category_tests = _categories(survey, frame, [*partitions, *waves])
    parts.append(category_figures)
    figures = _named(pd.concat(parts, ignore_index=True), survey, partitions)
    figures = figures[_is_asked_there(figures, survey)].reset_index(drop=True)
    return _with_comparisons(figures, survey, frame, category_tests, previous)


def with_ids(figures: pd.DataFrame, round_id: str, snapshot_id: str, code_version: str) -> pd.DataFrame:
    """Return *figures* with round, provenance and the id that names each number: its parts joined by `|`."""
    named = figures.assign(round_id=round_id, snapshot_id=snapshot_id, code_version=code_version)
    parts = named[ID_PARTS].astype("str")
    named["figure_id"] = parts[ID_PARTS[0]].str.cat(parts[ID_PARTS[1:]], sep="|")
    return named


def _estimated(
    survey: Survey, frame: pd.DataFrame, columns: Sequence[str], partitions: Sequence[Partition]
) -> pd.DataFrame:
    wide = estimates.estimate_items(survey.design, frame, columns, partitions, keep_missing_apart=True)
    wide["weighted_base"] = _weighted_base(survey, frame, columns, partitions)
    return wide


def _is_asked_there(figures: pd.DataFrame, survey: Survey) -> "pd.Series[bool]":
    """Tell which figures can be: an own question only in its municipality, waves only of all participating."""
    asked = {(item, "", code) for item, codes in survey.own_scales.items() for code in codes}
    asked |= {(item, option, code) for (item, option), codes in survey.own_options.items() for code in codes}
    option = figures["category"].where(figures["measure"] == "option_share", "")
    own = figures["item_id"].str.fullmatch(OWN_ITEMS)
    kept = ~own & ((figures["domain"] != WAVE) | (figures["municipality_code"] == ALL_PARTICIPATING))
    names = zip(figures["item_id"][own], option[own], figures["municipality_code"][own], strict=True)
    kept[own] = np.array([name in asked for name in names], dtype=bool)
    return kept


def _numbered(survey: Survey) -> pd.DataFrame:
    """Answers beside the domains as numbers; −1 where a respondent is in no group."""
    frame = survey.answers.reset_index(drop=True).copy()
    for name in DOMAINS:
        order = {code: place for place, code in enumerate(survey.codebook.labels(name))}
        frame[name] = survey.respondents[name].map(order).fillna(-1).astype("int64").to_numpy()
    if WAVE in survey.respondents:
        order = {code: place for place, code in enumerate(WAVES)}
        frame[WAVE] = survey.respondents[WAVE].map(order).fillna(-1).astype("int64").to_numpy()
    for name in LOCAL_FLAGS:
        groups = local_groups(survey.respondents, name)
        if groups:
            place = {(code, group): number for code, own in groups.items() for number, group in enumerate(own)}
            frame[name] = [
                place.get((code, value), len(groups[code]) - 1) if code in groups else -1
                for code, value in zip(survey.respondents["municipality_code"], survey.respondents[name], strict=True)
            ]
    return frame


def _weighted_base(
    survey: Survey, frame: pd.DataFrame, items: Sequence[str], partitions: Sequence[Partition]
) -> Floats:
    groups = [(partition.group_of(frame), len(partition.groups)) for partition in partitions]
    codes = [np.asarray(frame[item] > 0, dtype=np.int64) for item in items]
    base: Floats = count_moments(survey.design, codes, groups, categories=1).total[0].ravel()
    return base


def _measure(
    wide: pd.DataFrame, measure: str, value: str, se: str, lower: str, upper: str, category: str
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "muni": wide["muni"],
            "item_id": wide["question"].astype("str"),
            "measure": measure,
            "category": category,
            "domain": wide["var"].astype("str"),
            "group": wide["group"],
            "valid_n": wide["n"],
            **{name: wide[name] for name in COUNTS[1:]},
            "weighted_base": wide["weighted_base"],
            "value": wide[value],
            "standard_error": wide[se],
            "degrees_of_freedom": wide["df"],
            "lower": wide[lower],
            "upper": wide[upper],
            "no_interval_reason": wide["outcome"].astype("str"),
        }
    )


def _categories(
    survey: Survey, frame: pd.DataFrame, partitions: Sequence[Partition]
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Figures of the category scores, and each category's comparisons."""
    figures, tests = [], []
    for code, scored in score_categories(frame[list(survey.items)], survey.codebook).items():
        score = scored["score"].rename(code)
        wide = estimates.estimate_score(survey.design, frame, score, partitions)
        # The four counts, as of an item whose valid answers are the persons with a score.
        outcome = scored["outcome"].map(OUTCOME_CODES).fillna(1).astype("int64")
        counted = estimates.estimate_items(
            survey.design, frame.assign(**{code: outcome}), [code], partitions, keep_missing_apart=True
        )
        for name in COUNTS[1:]:
            wide[name] = counted[name]
        wide["weighted_base"] = _weighted_base(survey, frame.assign(**{code: outcome}), [code], partitions)
        figures.append(_measure(wide, "category_mean", "mean", "se_mean", "lo_mean", "hi_mean", ""))
        everybody = np.zeros(len(frame), dtype=np.int64)
        moments, scores = estimates.moments_of_score(survey.design, score, everybody, 1)
        tests.append(comparison.compare_municipalities(moments, scores, [code], survey.design.municipalities))
    return pd.concat(figures, ignore_index=True), tests


def _named(figures: pd.DataFrame, survey: Survey, partitions: Sequence[Partition]) -> pd.DataFrame:
    """Put names for numbers, and leave out domains in which nobody was asked."""
    asked = figures[["valid_n", "dont_know_n", "broken_off_n"]].sum(axis=1) > 0
    figures = figures[asked].reset_index(drop=True)
    figures["municipality_code"] = [
        ALL_PARTICIPATING if muni < 0 else survey.municipality_codes[muni] for muni in figures.pop("muni")
    ]
    figures = figures[(figures["municipality_code"] != ALL_PARTICIPATING) | ~figures["domain"].isin(LOCAL_FLAGS)]
    figures = figures.reset_index(drop=True)
    names = {
        (partition.name, place): code
        for partition in partitions[1:]
        if partition.name in DOMAINS
        for place, code in enumerate(survey.codebook.labels(partition.name))
    }
    names |= {(WAVE, place): code for place, code in enumerate(WAVES)}
    own = {
        (flag, code, place): group.replace("|", "/")
        for flag in LOCAL_FLAGS
        for code, groups in local_groups(survey.respondents, flag).items()
        for place, group in enumerate(groups)
    }
    figures["domain_group"] = [
        own.get((domain, code, group), names.get((domain, group), ""))
        for domain, code, group in zip(
            figures["domain"], figures["municipality_code"], figures.pop("group"), strict=True
        )
    ]
    return figures


def _with_comparisons(
    figures: pd.DataFrame,
    survey: Survey,
    frame: pd.DataFrame,
    category_tests: list[pd.DataFrame],
    previous: pd.DataFrame | None,
) -> pd.DataFrame:
    """Add the comparisons to the means of everybody; one test per printed comparison, adjusted over the report."""
    everybody = np.zeros(len(frame), dtype=np.int64)
    codes = [estimates.item_codes(frame, item) for item in survey.items]
    moments = count_moments(survey.design, codes, [(everybody, 1)], categories=len(SCALE))
    tests = pd.concat(
        [
            comparison.compare_municipalities(moments, SCALE, survey.items, survey.design.municipalities),
            *category_tests,
        ],
        ignore_index=True,
    )
    keys = ["municipality_code", "item_id"]
    tests["municipality_code"] = [survey.municipality_codes[muni] for muni in tests["muni"]]
    tests["item_id"] = tests["question"].astype("str")
    to_all = tests[tests["type"] == comparison.MUNI_VS_NATIONAL].set_index(keys)
    to_rest = tests[tests["type"] == comparison.MUNI_VS_REST].set_index(keys)
    is_mean = figures["measure"].isin(["mean", "category_mean"]) & (figures["domain"] == "all")
    compared = figures.loc[is_mean, keys].set_index(keys)
    compared = compared.join(
        pd.DataFrame(
            {
                "difference_to_all": to_all["diff"],
                "difference_to_all_se": to_all["se"],
                "difference_to_rest": to_rest["diff"],
                "difference_to_rest_se": to_rest["se"],
                "difference_to_rest_p": to_rest["p_t"],
            }
        )
    )
    compared = compared.join(_against_previous(figures[is_mean].set_index(keys), previous))
    # Both comparisons of a municipality's report are one family.
    raw = pd.concat([compared["difference_to_rest_p"], compared["difference_to_previous_p"]])
    adjusted = adjust_false_discovery(
        raw.reset_index(drop=True), pd.Series(raw.index.get_level_values("municipality_code"))
    ).to_numpy()
    compared["difference_to_rest_p"] = adjusted[: len(compared)]
    compared["difference_to_previous_p"] = adjusted[len(compared) :]
    joined = figures.join(compared, on=keys)
    joined.loc[~is_mean, COMPARISONS] = np.nan
    for name in ("rest", "previous"):
        p = joined[f"difference_to_{name}_p"]
        joined[f"is_different_from_{name}"] = (p < SIGNIFICANCE_LEVEL).to_numpy(dtype=bool)
    return joined


def _against_previous(means: pd.DataFrame, previous: pd.DataFrame | None) -> pd.DataFrame:
    """
    Return the difference of each mean and the same mean of the round before, taken as independent.

    Args:
        means: Means of everybody, index municipality and item.
        previous: Published figures of the round before that count alike in both rounds; the withheld have no value.
    """
    columns = ["difference_to_previous", "difference_to_previous_se", "difference_to_previous_p"]
    if previous is None or previous.empty:
        return pd.DataFrame(np.nan, index=means.index, columns=columns)
    keys = ["municipality_code", "item_id"]
    is_mean = previous["measure"].isin(["mean", "category_mean"]) & (previous["domain"] == "all")
    names = ["value", "standard_error", "degrees_of_freedom"]
    before = previous[is_mean].set_index(keys)[names].astype("float64").reindex(means.index)
    V_now, V_before = means["standard_error"] ** 2, before["standard_error"] ** 2
    difference, V = means["value"] - before["value"], V_now + V_before
    with np.errstate(divide="ignore", invalid="ignore"):
        df = V**2 / (V_now**2 / means["degrees_of_freedom"] + V_before**2 / before["degrees_of_freedom"])
    tested = (V > 0) & (df > 0)
    p = pd.Series(np.nan, index=means.index)
    p[tested] = 2 * stdtr(df[tested].to_numpy(), -(difference[tested].abs() / np.sqrt(V[tested])).to_numpy())
    return pd.DataFrame(dict(zip(columns, (difference, np.sqrt(V), p), strict=True)), index=means.index)
