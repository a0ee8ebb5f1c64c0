"""How boards are called and where their pages lie."""

from leaderboard.boards import Board
from leaderboard.text import name


def board_path(board: Board) -> str:
    """The page of a board, from the site's root."""
    return f"b/{board.key.id}/index.html"


def board_title(board: Board) -> str:
    """Task and split, and whatever else sets the board apart from the usual one."""
    record = board.any_record
    parts = [f"{name(record.task.title or record.task.id)}, {name(record.task.split)}"]
    parts += [f"{name(key)} = {name(str(value))}" for key, value in sorted(record.settings.items())]
    return ", ".join(parts)
