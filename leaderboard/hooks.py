"""What happens after a run has written its record: its home's site is built."""

from pathlib import Path

SITE = "site"


def after_record(home: Path) -> str:
    """Build the site of `home` inside it; returns the path of its first page."""
    from leaderboard.build import build_site

    return str(build_site([home], home / SITE).index)
