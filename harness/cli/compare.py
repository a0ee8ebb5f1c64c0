"""``harness compare``: paired differences of records, from what they store."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.arguments import add_json, print_json

if TYPE_CHECKING:
    from harness.contrast import Contrast, Pair
    from harness.record import Metric
    from harness.sides import Side

LEVEL = 0.05


def register(verbs: Any) -> None:
    """Add the verb."""
    about = "paired differences of two or more records, with intervals and p-values; no model runs"
    parser = verbs.add_parser("compare", help=about, description=about)
    parser.add_argument(
        "records", metavar="RECORD", nargs="+",
        help="id (or its beginning), path, or the name of a submission (NAME or NAME:VARIANT)",
    )  # fmt: skip
    parser.add_argument("--task", default="", metavar="TASK", help="the task, where submissions are named")
    parser.add_argument(
        "--split", default="", metavar="NAME", help="the part of the data set, where they are on several"
    )
    parser.add_argument("--protocol", default="", metavar="ID", help="the protocol, where they are scored by several")
    parser.add_argument("--home", type=Path, metavar="DIR", help="folder of the results")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare and print."""
    from harness.choosing import Board, choose
    from harness.contrast import contrasts
    from harness.store import Home, default_home

    board = Board(arguments.task, arguments.split, arguments.protocol)
    sides = choose(Home(arguments.home or default_home()), arguments.records, board)
    found = contrasts(sides)
    if arguments.json:
        print_json(_document(sides, found))
    else:
        print(_text(sides, found))
    return 0


def _document(sides: Sequence["Side"], found: Sequence["Contrast"]) -> dict[str, Any]:
    from harness.contrast import settings_that_differ

    records = [side.record for side in sides]
    task = records[0].task
    return {
        "task": task.id, "split": task.split, "protocol": task.protocol, "data_digest": task.data_digest,
        "records": [
            {
                "id": side.record.id, "runs": side.ids, "submission": side.record.submission.name,
                "variant": side.record.submission.variant, "settings": side.record.settings,
            }
            for side in sides
        ],
        "settings_that_differ": settings_that_differ(records),
        "pairs_tested_together": len(found[0].pairs), "level": 1 - LEVEL,
        "metrics": [_metric(sides, one) for one in found],
    }  # fmt: skip


def _metric(sides: Sequence["Side"], found: "Contrast") -> dict[str, Any]:
    first = found.metrics[0]
    return {
        "metric": first.name, "protocol": first.protocol, "unit": first.unit, "higher_is_better": first.higher_is_better,
        "values": [metric.value for metric in found.metrics], "spreads_over_seeds": found.spreads,
        "resamples": found.resamples, "reason": found.reason,
        "pairs": [_pair(sides, pair) for pair in found.pairs],
    }  # fmt: skip


def _pair(sides: Sequence["Side"], pair: "Pair") -> dict[str, Any]:
    test = pair.mcnemar
    exact = None
    if test is not None:
        exact = {"only_first": test.only_first, "only_second": test.only_second, "p_value": test.p_value}
    return {
        "first": sides[pair.first].record.id, "second": sides[pair.second].record.id, "difference": pair.difference,
        "low": pair.low, "high": pair.high, "p_value": pair.p_value, "mcnemar": exact,
    }  # fmt: skip


def _text(sides: Sequence["Side"], found: Sequence["Contrast"]) -> str:
    from harness.cli.terminal import table
    from harness.contrast import settings_that_differ
    from harness.summary import method_name
    from harness.text import clean

    records = [side.record for side in sides]
    task = records[0].task
    letters = [_letter(index) for index in range(len(records))]
    named = [
        (letter, clean(method_name(side.record), 60), _told(side), side.record.provenance)
        for letter, side in zip(letters, sides, strict=True)
    ]
    lines = [
        f"{clean(task.title, 80)}, {clean(task.split, 40)}, protocol {clean(task.protocol, 40)}",
        "",
        table(named),
        "",
    ]
    rows = [row for one in found for row in _rows(one, letters)]
    head = ("metric", "unit", "pair", "values", "difference", "95 % interval", "p", "")
    lines.append(table(rows, head, right=(4, 6)))
    lines += ["", *_tests(found, letters), *_notes(found), *_seeds(sides)]
    different = settings_that_differ(records)
    lines += [f"note: the records differ in settings: {clean(', '.join(different), 120)}"] if different else []
    if task.origin == "sample":
        lines.append(f"note: this is the generated sample of {clean(task.id, 40)}, not the benchmark")
    return "\n".join(lines)


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else f"#{index + 1}"


def _told(side: "Side") -> str:
    return side.record.id if len(side.ids) == 1 else f"mean of {len(side.ids)} training seeds: {', '.join(side.ids)}"


def _seeds(sides: Sequence["Side"]) -> list[str]:
    """What is said where a side is several runs."""
    if all(len(side.ids) == 1 for side in sides):
        return []
    return [
        "Behind ± is the standard deviation over training seeds, which is no part of the intervals; an id names one run."
    ]


def _rows(found: "Contrast", letters: Sequence[str]) -> list[tuple[str, ...]]:
    from harness.text import clean

    metric = found.metrics[0]
    names = clean(metric.name, 40), clean(metric.unit, 12)
    rows: list[tuple[str, ...]] = []
    for pair in found.pairs:
        one, other = letters[pair.first], letters[pair.second]
        values = f"{_number(found, pair.first)}, {_number(found, pair.second)}"
        difference = "-" if pair.difference is None else _signed(pair.difference, metric)
        between, p_value, said = found.reason or "-", "", ""
        if pair.low is not None and pair.high is not None and pair.p_value is not None:
            between = f"[{_signed(pair.low, metric)}, {_signed(pair.high, metric)}]"
            p_value, said = f"{pair.p_value:.3g}", _verdict(pair, metric, one, other)
        rows.append((*names, f"{one} - {other}", values, difference, between, p_value, said))
    return rows


def _verdict(pair: "Pair", metric: "Metric", one: str, other: str) -> str:
    if pair.low is None or pair.high is None or pair.low <= 0 <= pair.high:
        return "no difference shown"
    return f"{one if (pair.low > 0) == metric.higher_is_better else other} is better"


def _places(metric: "Metric") -> int:
    return max(0, min(metric.decimals, 12))


def _number(found: "Contrast", index: int) -> str:
    metric, spread = found.metrics[index], found.spreads[index]
    if metric.value is None:
        return "-"
    value = f"{metric.value:.{_places(metric)}f}"
    return value if spread is None else f"{value} ± {spread:.{_places(metric)}f}"


def _signed(value: float, metric: "Metric") -> str:
    return f"{value:+.{_places(metric) + 1}f}"


def _tests(found: Sequence["Contrast"], letters: Sequence[str]) -> list[str]:
    """McNemar's test, a line a pair, of the metrics that are shares of right answers."""
    lines = []
    for one in found:
        for pair in one.pairs:
            if (test := pair.mcnemar) is not None:
                a, b = letters[pair.first], letters[pair.second]
                counts = f"only {a} right {test.only_first}, only {b} right {test.only_second}"
                lines.append(f"{one.metrics[0].name}: {counts}; McNemar's exact test p = {test.p_value:.3g}")
    return lines


def _notes(found: Sequence["Contrast"]) -> list[str]:
    pairs = len(found[0].pairs)
    resamples = max(one.resamples for one in found)
    if not resamples:
        return []
    note = f"Paired on {resamples:,} resamples of the same data; they cover the choice of samples, not the chance in training."
    if pairs > 1:
        note += f" Intervals and p-values hold for all {pairs} pairs of a metric together (max-T; McNemar's by Holm)."
    return [note]
