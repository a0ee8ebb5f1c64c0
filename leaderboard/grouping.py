"""Records put on boards, and the claims of papers on the boards that they may be about."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from harness.record import Record
from leaderboard.boards import UNSTATED, Board, BoardKey, board_key, find_repeats, is_partial, unstated, why_unranked
from leaderboard.entries import Entry
from leaderboard.seed_groups import find_groups

Placed = Mapping[str, Sequence[BoardKey]]
"""Id of a claim -> the boards that list it, its own first."""


def group(current: Iterable[Entry], past: Iterable[Entry]) -> list[Board]:
    """The boards in order of family, task, split, protocol, settings.

    A claim that states no data is listed on every board of measured results that it may be about; see `place_claims`.
    """
    listed, former = list(current), list(past)
    made = [entry for entry in listed if not is_claim(entry.record)]
    measured = {board_key(entry.record) for entry in made if _is_benchmark(entry.record)}
    placed = place_claims((entry for entry in (*listed, *former) if is_claim(entry.record)), measured)
    standing, gone = _by_board(listed, placed), _by_board(former, placed)
    claimed: dict[BoardKey, list[Entry]] = defaultdict(list)
    for entry in listed:
        for key in placed.get(entry.record.id, ())[1:]:
            claimed[key].append(entry)
    return [
        _board(key, standing.get(key, []), gone.get(key, []), claimed.get(key, []))
        for key in sorted(standing.keys() | gone.keys())
    ]


def _by_board(entries: Iterable[Entry], placed: Placed) -> dict[BoardKey, list[Entry]]:
    found: dict[BoardKey, list[Entry]] = defaultdict(list)
    for entry in entries:
        own = placed.get(entry.record.id)
        found[own[0] if own else board_key(entry.record)].append(entry)
    return found


def _board(key: BoardKey, standing: Sequence[Entry], gone: Sequence[Entry], claimed: Sequence[Entry]) -> Board:
    same_as = find_repeats(standing)
    entries = tuple(entry for entry in standing if entry.record.id not in same_as)
    return Board(
        key=key,
        any_record=_typical([entry.record for entry in standing or gone]),
        entries=entries,
        repeats=tuple(entry for entry in standing if entry.record.id in same_as),
        same_as=same_as,
        seed_groups=find_groups(entry for entry in entries if not why_unranked(entry)),
        past=tuple(gone),
        claimed=tuple(claimed),
    )


def _typical(records: Sequence[Record]) -> Record:
    """One of the records whose task part most of them have; of several the first. Claims speak where nothing else does."""
    made = [record for record in records if not is_claim(record)] or records
    stated = [msgspec.json.encode(record.task, order="sorted") for record in made]
    usual = Counter(stated).most_common(1)[0][0]
    return made[stated.index(usual)]


def is_claim(record: Record) -> bool:
    """Whether a paper says so, without the data that would put it on one board."""
    return record.provenance == "reported" and record.task.origin == "official" and record.task.data_digest in UNSTATED


def _is_benchmark(record: Record) -> bool:
    return record.task.origin == "official" and record.provenance != "reported" and not is_partial(record)


def place_claims(claims: Iterable[Entry], measured: Iterable[BoardKey]) -> Placed:
    """On which boards each claim is listed.

    `measured` are the boards of what was measured on the benchmarks' own data. A claim is listed on all of them that it may
    be about: the same task, metric and settings, the same split and protocol as far as it states them. One that fits none
    stands on the board of claims that state more than it does, else on one of its own.
    """
    boards: dict[str, list[BoardKey]] = defaultdict(list)
    for key in sorted(measured):
        boards[key.task].append(key)
    alone: dict[str, list[BoardKey]] = defaultdict(list)
    placed: dict[str, Sequence[BoardKey]] = {}
    for record in sorted((entry.record for entry in claims), key=lambda record: (len(unstated(record)), record.id)):
        own, task = board_key(record), record.task.id
        placed[record.id] = _fitting(own, boards[task]) or _fitting(own, alone[task])[:1] or [own]
        if list(placed[record.id]) == [own] and own not in alone[task]:
            alone[task].append(own)
    return placed


def _fitting(claim: BoardKey, keys: Sequence[BoardKey]) -> list[BoardKey]:
    """Those of `keys` that a claim may be about; those of its own version of the task first."""

    def fits(key: BoardKey) -> bool:
        same = (claim.main_metric, claim.settings) == (key.main_metric, key.settings)
        return same and claim.split in (*UNSTATED, key.split) and claim.protocol in (*UNSTATED, key.protocol)

    return sorted(filter(fits, keys), key=lambda key: (key.version != claim.version, key))
