"""
What the sandbox's citizens do when they are written to: who answers, when, how far, and what.

Every citizen has an answer to every item, a day and a patience ready before anybody is sampled, so that what a person
answers depends neither on who else was sampled nor on the order of the sample (the wording of open answers does). Pure: the sample in, a plan of visits and answers out.
Others carry the plan to the questionnaire.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.errors import SampleIsOfAnotherCountry
from borgerpuls.sandbox import answer_model as model
from borgerpuls.sandbox.country import Country, stream
from borgerpuls.sandbox.open_answers import open_texts
from borgerpuls.sandbox.propensity import answer_probability, is_reachable
from borgerpuls.sandbox.recipe import FINISHED, recipe

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Choices = npt.NDArray[np.object_]

DONT_KNOW = "dk"
OPEN_ITEMS = ("why", "better")
SHORTEST_MINUTES = 0.2


class AnswerPlan(NamedTuple):
    """
    What the sampled citizens do.

    Attributes:
        visits: One row per citizen who answers anything, in the order they come: `person_id`, `municipality_code`,
            `day_offset` (whole days after the invitation), `wave` (1-3: the message they answer), `minutes`,
            `last_item` (the last item they answer, in the order of the questionnaire), `is_complete`, `device_class`.
        answers: One row per answered item that is not open: `person_id`, `item_id`, `choices` (list of codes), in the
            order of the visits and the questionnaire.
        texts: One row per open answer: `person_id`, `item_id`, `answer_text`. Some hold invented personal data.
    """

    visits: pd.DataFrame
    answers: pd.DataFrame
    texts: pd.DataFrame


def find_citizens(country: Country, person_ids: pd.Series, person_id_of: Callable[[str], UUID]) -> pd.DataFrame:
    """
    Return who the sampled persons are.

    Args:
        country: The country the frame was made from.
        person_ids: The sampled pseudonyms.
        person_id_of: Gives the pseudonym of a CPR number, e.g. `vault().round_key(round_id).person_id`.

    Returns:
        `person_id`, `citizen_id`, in the order of *person_ids*.

    Raises:
        SampleIsOfAnotherCountry: A sampled person is nobody in this country.
    """
    citizen_of = {person_id_of(cpr): citizen for citizen, cpr in country.citizens["cpr"].items()}
    found = person_ids.map(citizen_of)
    if found.isna().any():
        raise SampleIsOfAnotherCountry(
            f"{int(found.isna().sum())} of {len(found)} sampled persons are not citizens of the country.",
            where=f"seed {country.seed}",
            next_step="Use the seed and the keys that the round's extracts were made with.",
        )
    return pd.DataFrame({"person_id": person_ids.to_numpy(), "citizen_id": found.to_numpy(dtype=np.int64)})


def answer_plan(
    country: Country,
    sample: pd.DataFrame,
    instrument_items: Sequence[str],
    seed: int,
    *,
    is_spread: bool = True,
    satisfaction_effect: float = 0.0,
    wave_days: Sequence[int] | None = None,
) -> AnswerPlan:
    """
    Return what the sampled citizens do. The same arguments give the same plan.

    Args:
        country: The country.
        sample: One row per sampled person: `person_id`, `citizen_id` (see `find_citizens`). Those whom no message
            reaches (neither Digital Post nor mobile) never answer.
        instrument_items: The items of the questionnaire in the order they are asked. Items that the recipe does not
            know stay unanswered.
        seed: Of the answers; independent of the country's.
        is_spread: True: inside municipality x sex x age x target group those who answer are spread evenly over
            satisfaction, so that one round lies nearer the published results than chance alone would put it. False:
            everyone decides alone; use it wherever the spread over rounds is what is studied.
        satisfaction_effect: Log-odds of answering per standard deviation of satisfaction (see propensity.py).
        wave_days: Days of the three messages after the invitation; default the recipe's 0, 7, 14.
    """
    chosen = sample.sort_values("citizen_id", ignore_index=True)
    probability = answer_probability(country, satisfaction_effect)
    here = chosen["citizen_id"].to_numpy(dtype=np.int64)
    reached = is_reachable(country.citizens).to_numpy()[here]
    is_answering = _who_answers(country, here, probability[here] * reached, stream(seed, "who"), is_spread=is_spread)
    person_ids = chosen["person_id"].to_numpy(dtype=object)[is_answering]
    citizens = country.citizens.iloc[here[is_answering]]
    visits = _visits(country, citizens, seed, wave_days or recipe()["answering"]["waves"]["days"])
    visits.insert(0, "person_id", person_ids)
    given = _answers(country, citizens, [item for item in instrument_items if item not in OPEN_ITEMS], visits, seed)
    _finish_visits(visits, given, instrument_items)
    order = np.lexsort((np.arange(len(visits)), visits["_hour"].to_numpy()))
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    answers = given.iloc[np.lexsort((given["_item"].to_numpy(), rank[given["_row"].to_numpy()]))]
    answers = pd.DataFrame(
        {
            "person_id": person_ids[answers["_row"].to_numpy()],
            "item_id": answers["item_id"].to_numpy(),
            "choices": answers["choices"].to_numpy(dtype=object),
        }
    )
    texts = _texts(given, visits, [item for item in instrument_items if item in OPEN_ITEMS], seed)
    visits = visits.iloc[order].drop(columns=["_hour", "_reach"]).reset_index(drop=True)
    return AnswerPlan(visits, answers, texts)


def municipality_shifts(country: Country) -> pd.Series:
    """
    Return how far each municipality's mean of overall satisfaction lies from the mean of all, on the 1-5 scale.

    The recipe's two ends are taken by municipalities with under a tenth of the population each, the others lie between
    so that the population's mean stays where it is.
    """
    low, high = recipe()["answering"]["municipality_mean_shift"]
    share = (country.municipalities["population_n"] / country.municipalities["population_n"].sum()).to_numpy(float)
    rng = stream(country.seed, "municipality shifts")
    shift = rng.uniform(0.6 * low, 0.6 * high, share.size)
    worst, best = rng.choice(np.flatnonzero(share < 0.1), 2, replace=False)
    shift[worst], shift[best] = low, high
    inner = np.ones(share.size, dtype=bool)
    inner[[worst, best]] = False
    shift[inner] -= share @ shift / share[inner].sum()
    return pd.Series(np.clip(shift, low, high), country.municipalities.index, name="mean_shift")


def all_scale_answers(country: Country, item_id: str, seed: int) -> Ints:
    """
    Return every citizen's answer 5 … 1 to a scale item they would be asked, 0 for "don't know"; shape (n,).

    Inside each kind of person the answers have the fitted shares exactly, but for rounding; who gives which follows
    satisfaction (one factor, correlation between items as in the recipe).
    """
    return _Minds(country, seed).scale_answers(item_id)


class _Minds:
    """What all citizens of a country think, before anybody asks."""

    def __init__(self, country: Country, seed: int) -> None:
        citizens = country.citizens
        self.seed = seed
        self.n = len(citizens)
        self.kinds = model.kinds_of(citizens)
        self.population = np.bincount(self.kinds, minlength=int(np.prod(model.SHAPE))).astype(float)
        self._satisfaction = citizens["satisfaction"].to_numpy(float)
        self._plan_variant = _plan_variant(citizens["subgroup"])
        shift = citizens["municipality_code"].map(municipality_shifts(country)).to_numpy(float)
        self._tilt = shift / _overall_variance()

    def scale_answers(self, item_id: str) -> Ints:
        """Return 5 … 1, or 0 for "don't know", per citizen."""
        if item_id == "plan":
            groups = self._plan_variant
            chances = np.vstack([model.plan_chances(), np.full(5, 0.2)])[groups]
            valid = np.full(self.n, 1 - recipe()["answering"]["plan_dont_know_share"])
        else:
            fitted = model.fit_item(item_id, self.population)
            groups, chances, valid = self.kinds, fitted.answer[self.kinds], fitted.valid[self.kinds]
        share_below = np.cumsum(model.tilted(chances, self._tilt)[:, ::-1], axis=1)[:, :-1]
        rank = _rank_in_group(self._latent(item_id), groups)
        score = 1 + (rank[:, None] > share_below).sum(axis=1)
        is_valid = stream(self.seed, f"valid {item_id}").random(self.n) < valid
        answers: Ints = np.where(is_valid, score, 0).astype(np.int64)
        return answers

    def draws(self, purpose: str) -> Floats:
        """Return a uniform number per citizen."""
        return stream(self.seed, purpose).random(self.n)

    def _latent(self, item_id: str) -> Floats:
        shared = recipe()["answering"]["within_person_correlation"]
        own = stream(self.seed, f"item {item_id}").standard_normal(self.n)
        latent: Floats = np.sqrt(shared) * self._satisfaction + np.sqrt(1 - shared) * own
        return latent


# --- who and when ------------------------------------------------------------------------------------------------


def _who_answers(
    country: Country, here: Ints, probability: Floats, rng: np.random.Generator, *, is_spread: bool
) -> Mask:
    """Return who of the citizens *here* answers; spread: systematically, from the least to the most satisfied."""
    if not is_spread:
        alone: Mask = rng.random(len(country.citizens))[here] < probability
        return alone
    citizens = country.citizens.iloc[here]
    cell = model.kinds_of(citizens) // len(model.STAGES)
    municipality, _ = pd.factorize(citizens["municipality_code"], sort=True)
    order = np.lexsort((citizens["satisfaction"].to_numpy(float), cell, municipality))
    steps = np.floor(np.concatenate([[0.0], np.cumsum(probability[order])]) + rng.random())
    is_answering = np.zeros(len(here), dtype=bool)
    is_answering[order] = np.diff(steps) > 0
    return is_answering


def _visits(country: Country, citizens: pd.DataFrame, seed: int, wave_days: Sequence[int]) -> pd.DataFrame:
    """Return when and how the citizens answer; `_hour` orders them, `_reach` says how far they would go (0-1)."""
    rules = recipe()["answering"]
    waves, devices, minutes = rules["waves"], rules["devices"], rules["minutes"]
    rng = stream(seed, "visits")
    n, who = len(country.citizens), citizens.index.to_numpy()
    wave = rng.choice(len(wave_days), n, p=waves["shares"])[who]
    largest = 1 - np.exp(-waves["cut_days"] / waves["mean_days"])
    inside = -waves["mean_days"] * np.log1p(-rng.random(n)[who] * largest)
    moment = np.array(wave_days)[wave] + np.minimum(inside, waves["cut_days"] - 1e-6)
    spent = minutes["shift"] + np.exp(rng.normal(minutes["log_mean"], minutes["log_sd"], n)[who])
    device = rng.choice(np.array(list(devices), dtype=object), n, p=list(devices.values()))[who]
    return pd.DataFrame(
        {
            "municipality_code": citizens["municipality_code"].to_numpy(),
            "day_offset": np.floor(moment).astype(np.int64),
            "wave": wave + 1,
            "minutes": np.minimum(spent, rules["longest_minutes"]),
            "device_class": device,
            "_hour": moment,
            "_reach": rng.random(n)[who],
        }
    )


def _finish_visits(visits: pd.DataFrame, given: pd.DataFrame, instrument_items: Sequence[str]) -> None:
    """Add completeness and the last item; whoever breaks off has spent less time."""
    reached = recipe()["answering"]["reached"]
    is_complete = (visits["_reach"] < reached["complete"] / reached["any"]).to_numpy()
    last = given.groupby("_row")["_item"].max().reindex(np.arange(len(visits)))
    position = last.to_numpy(dtype=np.int64)
    closed = [item for item in instrument_items if item not in OPEN_ITEMS]
    visits["last_item"] = np.array(closed, dtype=object)[position]
    visits["is_complete"] = is_complete
    part = np.where(is_complete, 1.0, (position + 1) / len(closed))
    visits["minutes"] = np.maximum(visits["minutes"] * part, SHORTEST_MINUTES)


# --- what ----------------------------------------------------------------------------------------------------------


def _answers(
    country: Country, citizens: pd.DataFrame, items: Sequence[str], visits: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Return the answers of those who answer: `_row` (of *visits*), `_item` (position), `item_id`, `choices`."""
    reached = recipe()["answering"]["reached"]
    minds = _Minds(country, seed)
    who = citizens.index.to_numpy()
    group = citizens["target_group"].to_numpy(dtype=object)
    has_employer = _has_employer(group, minds.draws("employer")[who]) & ("employer" in items)
    contacts = _contacts(citizens, minds.population, minds.draws("contact")[who])
    asked = {
        "contact": group == "aktivitetsparat",
        "coop": (group == "aktivitetsparat") & np.array([kun != [model.CONTACT_OPTIONS[0]] for kun in contacts]),
        "plan": _plan_variant(citizens["subgroup"]) < len(model.PLAN_VARIANTS),
        "jobs": ~has_employer,
    }
    parts = []
    for position, item in enumerate(items):
        if item == "status":
            choices = _single(citizens["status"].to_numpy(dtype=object))
        elif item == "employer":
            choices = _single(np.where(has_employer, "ja", "nej").astype(object))
        elif item == "contact":
            choices = contacts
        elif item in model.SCALE_ITEMS or item == "plan":
            scores = minds.scale_answers(item)[who]
            choices = _single(np.where(scores > 0, scores.astype(str).astype(object), DONT_KNOW))
        else:
            continue
        is_asked = asked.get(item, np.isin(group, model.ASKED_GROUPS.get(item, tuple(set(group)))))
        limit = reached.get(item, reached["any"]) / reached["any"]
        rows = np.flatnonzero(is_asked & (visits["_reach"].to_numpy() < limit))
        part = pd.DataFrame({"_row": rows, "_item": position, "item_id": item})
        part["choices"] = choices[rows]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _has_employer(group: Choices, draw: Floats) -> Mask:
    has: Mask = (draw < recipe()["answering"]["employer_share"]) & (group == "sygedagpenge")
    return has


def _contacts(citizens: pd.DataFrame, population: Floats, draw: Floats) -> Choices:
    """Return the chosen options of `contact`, one list per citizen; *draw* (0-1) decides."""
    shares = model.contact_chances(population)
    others = model.option_chances(shares[:, 1:] / (1 - shares[:, :1]))
    subsets = [[(number >> bit) & 1 for bit in range(others.shape[1])] for number in range(1, 2 ** others.shape[1])]
    chosen = np.array(subsets, dtype=float)
    chance = np.prod(np.where(chosen[None, :, :] > 0, others[:, None, :], 1 - others[:, None, :]), axis=2)
    chance *= (1 - shares[:, :1]) / chance.sum(axis=1, keepdims=True)
    edges = np.cumsum(np.hstack([shares[:, :1], chance]), axis=1)
    names = [[model.CONTACT_OPTIONS[0]]] + [
        [option for option, is_in in zip(model.CONTACT_OPTIONS[1:], subset, strict=True) if is_in] for subset in subsets
    ]
    stage = citizens["duration_group"].where(citizens["duration_group"] != "", FINISHED)
    stages = pd.Categorical(stage, categories=list(model.STAGES)).codes
    picked = np.minimum((draw[:, None] > edges[stages]).sum(axis=1), len(names) - 1)
    return _lists([names[number] for number in picked.tolist()])


def _texts(given: pd.DataFrame, visits: pd.DataFrame, items: Sequence[str], seed: int) -> pd.DataFrame:
    """Return open answers of those who reach the end, in the mood of their overall answer."""
    rules = recipe()["answering"]
    overall = given[given["item_id"] == "overall"].set_index("_row")["choices"].map(lambda choices: choices[0])
    mood = overall.map({"5": "positive", "4": "positive", "2": "negative", "1": "negative"}).fillna("neutral")
    moods = mood.reindex(np.arange(len(visits))).fillna("neutral").to_numpy(dtype=object)
    parts = []
    for item in items:
        rng = stream(seed, f"text {item}")
        writes = (rng.random(len(visits)) < rules["open_answers"][item]) & visits["is_complete"].to_numpy()
        written = open_texts(item, moods[writes], rules["personal_data_share"], rng)
        parts.append(
            pd.DataFrame(
                {"person_id": visits.loc[writes, "person_id"].to_numpy(), "item_id": item, "answer_text": written}
            )
        )
    if not parts:
        return pd.DataFrame({"person_id": [], "item_id": [], "answer_text": []}, dtype=object)
    return pd.concat(parts, ignore_index=True)


def _plan_variant(subgroup: pd.Series) -> Ints:
    """Return the number of the variant of `plan` each subgroup is asked; one more than the last: not asked."""
    number = {code: position for position, codes in enumerate(model.PLAN_VARIANTS) for code in codes}
    variant = subgroup.map(number).fillna(len(model.PLAN_VARIANTS)).to_numpy()
    return variant.astype(np.int64)


def _rank_in_group(value: Floats, group: Ints) -> Floats:
    """Return the rank of each value inside its group, between 0 and 1."""
    order = np.lexsort((value, group))
    size = np.bincount(group)
    first = np.cumsum(size) - size
    rank = np.empty(value.size)
    rank[order] = (np.arange(value.size) - first[group[order]] + 0.5) / size[group[order]]
    return rank


def _overall_variance() -> float:
    shares = model.published_shares("overall")
    return float(shares @ model.SCORES**2 - (shares @ model.SCORES) ** 2)


def _single(codes: Choices) -> Choices:
    return _lists([[code] for code in codes.tolist()])


def _lists(values: list[list[str]]) -> Choices:
    choices = np.empty(len(values), dtype=object)
    choices[:] = values
    return choices
