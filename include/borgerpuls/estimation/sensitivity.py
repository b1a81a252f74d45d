"""
Sensitivity band: how far an estimate moves if satisfied people are more, or less, willing to answer.

Weighting repairs nonresponse that follows the register. Suppose that inside a weighting cell the log-odds of answering
also rise by γ for each standard deviation of satisfaction: p_i = expit(a_c + γ z_i). Then those who did not answer
look like those who did, tilted by exp(−γ z). The share of the cell that did not answer is known, so a_c need not be:
in cell c, with n_c invited and r_c answers, an answer counts for

    v_i = 1 + (n_c − r_c) exp(−γ z_i) / Σ_j exp(−γ z_j)      (Σ v_i = n_c)

invited persons instead of n_c / r_c. Nothing in the answers can tell γ; the band shows what a named γ would mean.

Source: Rotnitzky, Robins & Scharfstein (1998), JASA 93(444), 1321-1339; Franks, D'Amour & Feller (2020), JASA 115(532),
1730-1746 (exponential tilting).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.errors import CellIsMissing, MoreAnswersThanPeople

GAMMAS = (0.10, 0.25)
"""Changes in log-odds per standard deviation that are printed: mild and strong (STATISTICS.md, Nonresponse)."""


def sensitivity_band(
    score: pd.Series,
    cell: pd.Series,
    cells: pd.DataFrame,
    *,
    domain: pd.Series | None = None,
    gammas: Sequence[float] = GAMMAS,
) -> pd.DataFrame:
    """
    Return the weighted mean under response that depends on satisfaction, both ways.

    Args:
        score: Score per answer (n,), missing where not valid (such a person counts as of average satisfaction).
        cell: Weighting cell of each answer (index as *score*).
        cells: Index cell; `N` persons in the population, `invited` sampled persons that could answer, `answers`.
        domain: Who is in the domain (index as *score*); default everyone.
        gammas: Log-odds per standard deviation of the score, > 0.

    Returns:
        One row per γ: `gamma`; `mean` as weighted to the register; `mean_if_satisfied_answer_more` (γ > 0, so the
        truth is lower), `mean_if_satisfied_answer_less`; `lowest`, `highest`. Missing where the domain has no score.

    Raises:
        CellIsMissing: An answer's cell is not in *cells*.
        MoreAnswersThanPeople: A cell has more answers than invited persons, or more invited than persons.
    """
    absent = sorted(set(cell) - set(cells.index))
    if absent:
        raise CellIsMissing(
            f"Cells {', '.join(map(str, absent[:5]))} have answers and no totals.",
            where="The sensitivity band",
            next_step="Pass the cells the weights were made with.",
        )
    position = cells.index.get_indexer(pd.Index(cell))
    answers = np.bincount(position, minlength=len(cells))
    invited = cells["invited"].to_numpy(dtype=float)
    N = cells["N"].to_numpy(dtype=float)
    if (answers > invited).any() or (invited > N).any():
        at = cells.index[int(np.argmax((answers > invited) | (invited > N)))]
        raise MoreAnswersThanPeople(
            f"Cell {at} has more answers than invited persons, or more invited than persons.",
            where="The sensitivity band",
            next_step="Count invitations and answers of the same round.",
        )
    y = score.to_numpy(dtype=float, na_value=np.nan)
    inside = ~np.isnan(y) if domain is None else ~np.isnan(y) & domain.to_numpy(dtype=bool)
    weight = (N / np.maximum(answers, 1))[position]
    z = _standardised(y, weight)

    def tilted(gamma: float) -> float:
        pull = np.exp(-gamma * z)
        total = np.bincount(position, weights=pull, minlength=len(cells))
        counts = 1.0 + (invited - answers)[position] * pull / total[position]
        w = (N / np.maximum(invited, 1.0))[position] * counts
        return float(w[inside] @ y[inside] / w[inside].sum()) if inside.any() else float("nan")

    rows = []
    for gamma in gammas:
        more, less = tilted(gamma), tilted(-gamma)
        rows.append((gamma, tilted(0.0), more, less, min(more, less), max(more, less)))
    return pd.DataFrame(
        rows,
        columns=[
            "gamma",
            "mean",
            "mean_if_satisfied_answer_more",
            "mean_if_satisfied_answer_less",
            "lowest",
            "highest",
        ],
    )


def _standardised(y: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return scores in weighted standard deviations from their mean; 0 where missing or where all are equal."""
    valid = ~np.isnan(y)
    if not valid.any():
        return np.zeros(len(y))
    w = weight[valid] / weight[valid].sum()
    mean = w @ y[valid]
    deviation = np.sqrt(w @ (y[valid] - mean) ** 2)
    return np.where(valid, (np.nan_to_num(y) - mean) / deviation if deviation > 0 else 0.0, 0.0)
