"""One miniature questionnaire per feature; a test adds only the part it is about."""

from typing import Any

import yaml

SCALE = [{"code": code, "da": f"Svar {code}", "en": f"Answer {code}"} for code in ("5", "4", "3", "2", "1", "dk")]


def text(danish: str) -> dict[str, str]:
    return {"da": danish, "en": f"{danish} in English"}


def item(item_id: str, **more: Any) -> dict[str, Any]:
    return {"id": item_id, "type": "scale", "scale": "grad", "text": text(f"Hvad med {item_id}?")} | more


def single(item_id: str, *codes: str, **more: Any) -> dict[str, Any]:
    options = [{"code": code, **text(code)} for code in codes]
    return {"id": item_id, "type": "single", "text": text(f"{item_id}?"), "options": options} | more


def page(page_id: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"id": page_id, "title": text(page_id), "items": list(items)}


def miniature(*pages: dict[str, Any], **more: Any) -> str:
    data: dict[str, Any] = {
        "version": "mini",
        "languages": ["da", "en"],
        "groups": {"dagpenge": ["dagpenge"], "sygedagpenge": ["sygedagpenge"]},
        "tense": {},
        "rules": {
            "partial_from_answers": 1,
            "partial_counts": "any",
            "late_answers": "flag",
            "speeder_below_seconds": 60,
            "straight_liner_from_answers": 10,
        },
        "scales": {"grad": SCALE},
        "pages": list(pages),
    }
    return yaml.safe_dump(data | more, allow_unicode=True, sort_keys=False)
