"""How boards are called and where their pages lie."""

from collections import Counter
from collections.abc import Iterable

from harness.record import Record
from harness.summary import method_name
from leaderboard.boards import Board
from leaderboard.text import name

APART = {"sample": "generated sample", "limit": "first {count} samples"}
"""What the name of a board says where its results are not the benchmark's."""


def told_apart(records: Iterable[Record]) -> dict[str, str]:
    """Id -> the method's name, with the record's first digits behind it where several have that name."""
    names = {record.id: name(method_name(record)) for record in records}
    often = Counter(names.values())
    return {id: text if often[text] == 1 else f"{text} [{id[:6]}]" for id, text in names.items()}


def board_path(board: Board) -> str:
    """The page of a board, from the site's root."""
    return f"b/{board.key.id}/index.html"


def board_title(board: Board) -> str:
    """Task and split, and whatever else sets the board apart from the usual one."""
    record = board.any_record
    parts = [f"{name(record.task.title or record.task.id)}, {name(record.task.split)}"]
    if board.section in APART:
        parts.append(APART[board.section].format(count=record.task.samples))
    parts += [f"{name(key)} = {name(str(value))}" for key, value in sorted(record.settings.items())]
    return ", ".join(parts)
