"""When a method appeared: the month in its arXiv identifier, else the date of the source, else the day of the run."""

import re

from harness.record import Record

ARXIV = re.compile(r"(\d\d)(\d\d)\.\d{4,5}(?:v\d+)?")
DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-\d\d.*)?")
FIRST_YEAR, LAST_YEAR = 1950, 2199


def method_month(record: Record) -> tuple[int, int] | None:
    """Year and month (1 to 12), or None where nothing says it."""
    if found := ARXIV.fullmatch(record.submission.arxiv):
        year, month = 2000 + int(found[1]), int(found[2])
        if 1 <= month <= 12:
            return year, month
    for stated in (record.source.date if record.source else "", record.run.finished):
        if found := DATE.fullmatch(stated):
            year, month = int(found[1]), int(found[2] or 1)
            if FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12:
                return year, month
    return None


def month_text(month: tuple[int, int]) -> str:
    """2019-04."""
    return f"{month[0]:04d}-{month[1]:02d}"
