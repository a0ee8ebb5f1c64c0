"""Whether a record that somebody hands in is as it was written: its id, and numbers that every program can read."""

import re

import msgspec

from harness.record import Record, with_id

MOST_DIGITS = 19
HUGE = re.compile(rb"[:,\[]-?[0-9]{%d,}[,\]}]" % (MOST_DIGITS + 1))
"""An integer in JSON beyond 64 bits. (Text that looks like one, in one of a record's strings, is as little a result.)"""
ID = re.compile(r"[0-9a-f]{16}")


def why_unusable(record: Record, stem: str) -> str:
    """Why a file called `stem` that holds `record` is no record, as a sentence's half; empty where it is one."""
    if not ID.fullmatch(record.id) or stem != record.id:
        return f"its id is '{record.id}', but it must be the file's name, 16 hexadecimal digits"
    if HUGE.search(msgspec.json.encode(record)):
        return f"it holds an integer of more than {MOST_DIGITS} digits, which most programs cannot read"
    return "" if follows(record) else f"it says that it is {record.provenance}, and no verification says so"


def follows(record: Record) -> bool:
    """Whether a record that calls itself verified or disputed is so by its last verification.

    The id does not cover the word, since verifying changes it; without this anybody could write it.
    """
    outcome = {"verified": True, "disputed": False}
    if record.provenance not in outcome:
        return True
    return bool(record.verifications) and record.verifications[-1].equal is outcome[record.provenance]


def why_altered(record: Record) -> str:
    """How a record's content contradicts its id; empty where it does not."""
    try:
        expected = with_id(record).id
    except ValueError as error:
        return f"its content gives no id ({error})"
    return "" if expected == record.id else f"its content gives the id {expected}: it was changed after it was written"
