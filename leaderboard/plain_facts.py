"""Values that a record holds without a form of their own, as facts to read."""

from leaderboard.numbers import text_cell
from leaderboard.text import clean, name
from leaderboard.view import Fact


def plain_facts(values: dict[str, object], prefix: str) -> list[Fact]:
    """One fact a value, at most 40, its name after `prefix`."""
    facts = []
    for key, value in list(values.items())[:40]:
        label = f"{prefix} {key}".strip().replace("_", " ")
        facts.append(Fact(label=name(label), cell=text_cell(clean(_written(value), 300), absent="empty")))
    return facts


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_written(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return "no value" if value is None else str(value)
