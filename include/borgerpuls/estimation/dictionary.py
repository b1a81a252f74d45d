"""
What the figures mean, in Danish, for whoever reads them outside the reports: definitions, columns, and how to round.
"""

import re
from typing import TYPE_CHECKING

from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.terms import ALL_PARTICIPATING

if TYPE_CHECKING:  # the reports read the words without the memory of pandas
    import pandas as pd

OWN_ITEMS = re.compile(r"local\d")
"""Questions of a municipality's own: the same id is another question in another municipality, so never together."""

WAVES = {"1": "invitationen", "2": "den første påmindelse", "3": "den anden påmindelse"}

REGISTER_NAMES = {
    "subgroup": "Ydelse",
    "language": "Sprog i kommunens register",
    "mobile": "Mobilnummer i kommunens register",
}

MEASURES = {
    "mean": "Vægtet gennemsnit af svarene på skalaen 1 til 5, hvor 5 er mest positivt. »Ved ikke« indgår ikke.",
    "share": "Vægtet andel af de gyldige svar, der er i svarkategorien.",
    "top2": "Vægtet andel af de gyldige svar, der er 4 eller 5.",
    "option_share": "Vægtet andel af dem, der har besvaret spørgsmålet, som har valgt svarmuligheden. Flere valg er mulige.",
    "category_mean": "Vægtet gennemsnit af borgernes score på temaet: gennemsnittet af borgerens gyldige svar på temaets "
    "spørgsmål, når mindst halvdelen af dem, borgeren er stillet, er gyldige.",
    "population_n": "Antal borgere i populationen.",
    "sampled_n": "Antal borgere i stikprøven.",
    "reachable_n": "Antal borgere i stikprøven, som en besked kunne sendes til.",
    "answered_n": "Antal borgere, der har svaret helt eller delvist.",
    "complete_n": "Antal borgere, der har gennemført spørgeskemaet.",
    "partial_n": "Antal borgere, der har besvaret en del af spørgeskemaet.",
    "response_rate": "Andel af stikprøven, der har svaret helt eller delvist.",
    "complete_rate": "Andel af stikprøven, der har gennemført spørgeskemaet.",
    "population_share": "Gruppens andel af populationen.",
    "sample_share": "Gruppens andel af stikprøven.",
    "respondent_share": "Gruppens andel af dem, der har svaret (uvægtet).",
    "cumulative_rate": "Andel af stikprøven, der har svaret til og med dagen efter invitationen; antal i trin af fem.",
    "design_effect": "Kishs designeffekt: hvor meget vægtene øger variansen.",
    "effective_n": "Effektivt antal svar: antal svar delt med designeffekten.",
    "weight_min": "Mindste vægt: så mange borgere står ét svar mindst for.",
    "weight_max": "Største vægt: så mange borgere står ét svar højst for.",
    "merged_n": "Antal vægtningsceller, der er lagt sammen med andre, fordi de havde for få svar.",
    "unweighted_n": "Antal gyldige svar i svarkategorien før vægtning, afrundet til hele ti.",
    "unweighted_share": "Svarkategoriens andel før vægtning, beregnet af de afrundede antal.",
    "cell_population_n": "Regneeksempel: borgere i populationen i vægtningscellen (køn/alder/målgruppe i en kommune).",
    "cell_answered_n": "Regneeksempel: svar i vægtningscellen.",
    "cell_weight": "Regneeksempel: vægten, altså borgere delt med svar i vægtningscellen.",
    "sensitivity_low": "Gennemsnittet, hvis tilfredse borgere er mere tilbøjelige til at svare end andre: logodds stiger med "
    "det angivne tal for hver standardafvigelse i tilfredshed. Det laveste af de to tænkte tilfælde.",
    "sensitivity_high": "Gennemsnittet, hvis tilfredse borgere er mindre tilbøjelige til at svare end andre: logodds falder med "
    "det angivne tal for hver standardafvigelse i tilfredshed. Det højeste af de to tænkte tilfælde.",
    "rr1": "Svarprocent efter AAPOR RR1: gennemførte svar af alle udtrukne, der hører til populationen.",
    "rr2": "Svarprocent efter AAPOR RR2: gennemførte og delvise svar af alle udtrukne, der hører til populationen.",
    "ref1": "Andel efter AAPOR REF1: udtrukne, der har frabedt sig eller er stoppet undervejs.",
    "con1": "Andel efter AAPOR CON1: udtrukne, der er nået.",
    "completion_minutes": "Minutter brugt på at gennemføre spørgeskemaet: den fjerdedel (p25, p50, p75), der er angivet, "
    "i halve minutter.",
    "r_indicator": "R-indikator: hvor godt de, der har svaret, ligner stikprøven efter målgruppe, køn og alder. 1 er helt.",
    "r_partial": "Hvor meget den angivne registeroplysning trækker R-indikatoren ned; 0 er slet ikke.",
    "municipality_share": "Regionens andel af de deltagende kommuner (antal kommuner).",
    "country_municipality_share": "Regionens andel af landets 98 kommuner.",
    "participating_value": "Tallet for de deltagende kommuner i pilotrapportens tabeller om repræsentativitet.",
    "country_value": "Tallet for hele landet i pilotrapportens tabeller om repræsentativitet.",
}  # fmt: skip
"""The definition of each measure."""

COLUMNS = {
    "figure_id": "Tallets navn: runde|kommune|spørgsmål eller tema|mål|svarkategori|opdeling|gruppe.",
    "round_id": "Runde: år og halvår.",
    "municipality_code": "Kommunekode; alle = de deltagende kommuner under ét.",
    "item_id": "Spørgsmål eller tema; response = deltagelse, weighting = vægte.",
    "measure": "Hvad tallet måler (se definition).",
    "category": "Svarkategori, svarmulighed, kvartil, registeroplysning eller antagelse, som tallet gælder; ellers tom.",
    "domain": "Opdeling; all = alle borgere.",
    "domain_group": "Gruppe i opdelingen.",
    "definition": "Tallets definition i ord.",
    "valid_n": "Antal gyldige svar; for andele om deltagelse tælleren.",
    "dont_know_n": "Antal, der svarede ved ikke eller ikke relevant.",
    "not_asked_n": "Antal, der ikke er stillet spørgsmålet.",
    "broken_off_n": "Antal, der er stillet spørgsmålet, men ikke har besvaret det.",
    "weighted_base": "Borgere i populationen, som de gyldige svar står for; for andele om deltagelse nævneren.",
    "value": "Tallet. Andele fra 0 til 1 med tre decimaler, gennemsnit med to.",
    "standard_error": "Standardfejl.",
    "lower": "95 %-konfidensintervallets nedre grænse.",
    "upper": "95 %-konfidensintervallets øvre grænse.",
    "no_interval_reason": "Hvorfor der ikke er et interval.",
    "difference_to_all": "Forskel til de deltagende kommuner under ét.",
    "difference_to_rest": "Forskel til de øvrige deltagende kommuner.",
    "is_different_from_rest": "Om forskellen til de øvrige er sikker (Benjamini-Hochberg, 5 %).",
    "difference_to_previous": "Forskel til den seneste tidligere periode, hvor tallet er offentliggjort og opgjort ens.",
    "is_different_from_previous": "Om forskellen til den tidligere periode er sikker (Benjamini-Hochberg, 5 %).",
    "is_uncertain": "Vist, men bygger på færre end 30 svar.",
    "is_suppressed": "Skjult af hensyn til borgernes anonymitet; alle tal er fjernet.",
    "snapshot_id": "De frosne svar, tallet er beregnet af.",
    "code_version": "Programmets version.",
}  # fmt: skip
"""The columns of an export, in order."""

COUNTS = ("valid_n", "dont_know_n", "not_asked_n", "broken_off_n")
WHOLE = ("weighted_base",)
PRECISE = ("difference_to_all", "difference_to_rest", "difference_to_previous")


def definition(figure: "pd.Series", codebook: Codebook, instrument: Instrument, *, is_named: bool = True) -> str:
    """
    Return what one figure is, in words a reader of the report understands.

    Args:
        figure: A row of `estimation.figure`.
        codebook: Names groups and categories.
        instrument: Has the wording of the items.
        is_named: Say which municipality.
    """
    sentences = [f"Kommune {figure['municipality_code']}."] if is_named else []
    if figure["municipality_code"] == ALL_PARTICIPATING:
        sentences = ["De deltagende kommuner under ét."]
    sentences.append(MEASURES.get(str(figure["measure"]), str(figure["measure"])))
    own = OWN_ITEMS.fullmatch(str(figure["item_id"])) is not None
    items = {
        item.item_id: item
        for item in instrument.items
        if not own or figure["municipality_code"] in item.visible_if.codes  # the same id is another question elsewhere
    }
    item = items.get(str(figure["item_id"]))
    if item is not None:
        words = " / ".join(variant.text["da"] for variant in item.variants) or item.present["da"]
        sentences.append(f"Spørgsmål: »{words}«")
        option = next((option.text["da"] for option in item.options if option.code == figure["category"]), "")
        if option:
            sentences.append(f"Svar: »{option}«.")
    elif str(figure["item_id"]) in codebook.labels("category"):
        sentences.append(f"Tema: {codebook.name_of('category', str(figure['item_id']))}.")
    domain, group = str(figure["domain"]), str(figure["domain_group"])
    if domain in ("target_group", "sex", "age_group", "duration", "status"):
        sentences.append(f"Gruppe: {codebook.name_of(domain, group)}.")
    elif domain == "wave":
        sentences.append(f"De, der svarede efter {WAVES[group]}.")
    elif domain != "all":
        sentences.append(f"{REGISTER_NAMES.get(domain, f'Opdeling {domain}')}: {group}.")
    return " ".join(sentences)


def rounded_for_export(figures: "pd.DataFrame", codebook: Codebook, instrument: Instrument) -> "pd.DataFrame":
    """
    Return *figures* as they may leave the house: the columns of `COLUMNS`, as exact as the finest printed table.

    More decimals would tell an attacker more than disclosure control has reckoned with (attacker.py).
    """
    table = figures.copy()
    parts = ["municipality_code", "item_id", "measure", "category", "domain", "domain_group"]
    # A definition is the same in every municipality, but for questions of its own.
    own = figures["item_id"].str.fullmatch(OWN_ITEMS)
    everybody = figures["municipality_code"] == ALL_PARTICIPATING
    said = figures[parts].assign(municipality_code=figures["municipality_code"].where(everybody | own, ""))
    distinct = said.assign(row=range(len(said))).drop_duplicates(parts)
    first = figures.iloc[distinct["row"]]
    words = [definition(row, codebook, instrument, is_named=False) for _, row in first.iterrows()]
    table["definition"] = said.merge(distinct[parts].assign(words=words), on=parts, how="left")["words"].to_numpy()
    is_share = table["measure"].str.endswith(("share", "rate")) | table["measure"].isin(
        ["top2", "rr1", "rr2", "ref1", "con1"]
    )
    for name in ("value", "standard_error", "lower", "upper"):
        number = table[name].astype("float64")
        table[name] = number.round(3).where(is_share, number.round(2))
    for name in PRECISE:
        table[name] = table[name].astype("float64").round(2)
    for name in (*COUNTS, *WHOLE):
        table[name] = table[name].astype("float64").round().astype("Int64")
    return table[list(COLUMNS)]


def dictionary_table() -> "pd.DataFrame":
    """Return the data dictionary: `kolonne`, `betydning`."""
    import pandas as pd

    return pd.DataFrame({"kolonne": list(COLUMNS), "betydning": list(COLUMNS.values())})
