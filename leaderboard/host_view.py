"""The page of a host: what it is, and everything that was timed on it. Numbers here are never compared with another host's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.record import Host, Record, Timing
from harness.summary import headline_span
from leaderboard.boards import Board
from leaderboard.cells import (
    DATE,
    METHOD,
    RECORD,
    date_cell,
    energy_cell,
    host_path,
    latency_cell,
    method_cell,
    record_cell,
    score_cell,
    throughput_cell,
)
from leaderboard.entries import Entry
from leaderboard.naming import board_path, board_title
from leaderboard.numbers import MUTED_VERDICTS, text_cell
from leaderboard.origin_view import facts_of
from leaderboard.speed_view import verdict_cell
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import name
from leaderboard.view import Fact, Page, Section

BANNER = "Compare only inside one host: the same software runs at other speeds elsewhere, even on machines of one type."


@dataclass(frozen=True, slots=True)
class OnHost:
    """A result that was timed, with its board and the host that timed it."""

    entry: Entry
    board: Board
    host: Host


def hosts(boards: Iterable[Board]) -> list[list[OnHost]]:
    """What was timed, by host."""
    found: dict[str, list[OnHost]] = {}
    for board in boards:
        for entry in board.standing:
            if (host := entry.record.host) is not None and entry.record.measurements.latency:
                found.setdefault(host.host_id, []).append(OnHost(entry, board, host))
    return [results for _, results in sorted(found.items())]


def host_view(results: Sequence[OnHost]) -> tuple[Page, Table]:
    """The page of the host that all `results` share, and its table."""
    host = results[0].host
    table = _table(results)
    boards = len({item.board.key for item in results})
    count, places = (
        f"{len(results)} result{'s' if len(results) != 1 else ''}",
        f"{boards} board{'s' if boards != 1 else ''}",
    )
    page = Page(
        path=host_path(host),
        title=name(host.title) or "Host",
        lead=f"{count} timed here, on {places}.",
        banner=BANNER,
        crumbs=[("All boards", "index.html")],
        facts=[Fact(label="Host id", cell=text_cell(name(host.host_id)), code=True)],
        sections=[
            Section(id="timed", title="Timed on this host", tables=[table]),
            Section(id="machine", title="The machine", facts=facts_of(dict(host.facts))),
        ],
    )
    return page, table


def _table(results: Sequence[OnHost]) -> Table:
    columns = (
        METHOD,
        Column(key="board", title="Board", filter="choice"),
        Column(key="score", title="Score", numeric=True, sortable=False),
        Column(key="condition", title="Timed", filter="choice"),
        Column(key="latency_p50_ms", title="Median latency", unit="ms", numeric=True, better="lower"),
        Column(key="latency_p90_ms", title="90th percentile", unit="ms", numeric=True, better="lower"),
        Column(key="throughput_per_s", title="Throughput", unit="1/s", numeric=True, better="higher"),
        Column(key="energy_j", title="Energy", unit="J", numeric=True, better="lower"),
        Column(key="verdict", title="Verdict", filter="choice"),
        DATE,
        RECORD,
    )
    rows = [
        _row(item, timing, index)
        for item in results
        for index, timing in enumerate(item.entry.record.measurements.latency)
    ]
    return Table(
        id="timed-table",
        caption="Timed on this host",
        columns=columns,
        rows=tuple(rows),
        data="timed",
        tools=len(rows) > 1,
    )


def _row(item: OnHost, timing: Timing, index: int) -> Row:
    record = item.entry.record
    span = headline_span(timing)
    called = span.name if span else "forward"
    device = record.run.device or "device not stated"
    condition = name(f"{called}, {device}, {timing.dtype}, batch {timing.batch_size}")
    cells = (
        method_cell(record),
        text_cell(board_title(item.board), href=board_path(item.board)),
        score_cell(record),
        Cell(value=condition, text=condition),
        latency_cell(record, timing, called),
        latency_cell(record, timing, called, "p90"),
        throughput_cell(record, timing.batch_size),
        energy_cell(record),
        verdict_cell(record, timing),
        date_cell(record),
        record_cell(record),
    )
    return Row(id=f"t-{record.id}-{index}", cells=cells, muted=timing.verdict in MUTED_VERDICTS)


def hosts_table(found: Sequence[tuple[Host, Sequence[Record]]]) -> Table:
    """Every host, for the first page."""
    columns = (
        Column(key="host", title="Host", header=True),
        Column(key="results", title="Results timed", numeric=True),
    )
    rows = tuple(
        Row(
            id=f"host-{index}",
            cells=(
                text_cell(name(host.title) or "Host", href=host_path(host), sub=name(host.host_id)[:12]),
                Cell(value=len(records), text=str(len(records))),
            ),
        )
        for index, (host, records) in enumerate(found)
    )
    return Table(id="hosts-table", caption="Hosts", columns=columns, rows=rows)
