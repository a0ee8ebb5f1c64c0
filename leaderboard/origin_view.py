"""Where a record comes from: method, data, run, host, stored files, verifications."""

from collections.abc import Iterator
from typing import Any

from harness.record import Record
from leaderboard.numbers import text_cell
from leaderboard.repeating import repeating, without_folders
from leaderboard.table import Cell
from leaderboard.text import clean, name
from leaderboard.view import Fact, Section

MOST_FACTS = 120
WORDS = {None: "unknown", True: "yes", False: "no"}


def facts_of(values: dict[str, Any]) -> list[Fact]:
    """A nested dictionary as labelled values, at most 120 of them."""
    pairs = list(_flatten("", values))
    shown = [
        Fact(label=name(label), cell=text_cell(clean(text), absent="empty"), code=_is_code(label))
        for label, text in pairs[:MOST_FACTS]
    ]
    if len(pairs) > MOST_FACTS:
        shown.append(
            Fact(label="more", cell=text_cell(f"{len(pairs) - MOST_FACTS} further values are in the JSON file"))
        )
    return shown


def _is_code(label: str) -> bool:
    return label == "command" or label.endswith(("digest", "SHA-256"))


def _flatten(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flatten(f"{prefix}.{key}" if prefix else str(key), item)
    elif isinstance(value, list):
        yield prefix, ", ".join(map(str, value[:50])) + (f" and {len(value) - 50} more" if len(value) > 50 else "")
    else:
        yield prefix, WORDS[value] if value is None or isinstance(value, bool) else str(value)


def method_section(record: Record) -> Section:
    """The method: weights, digests, options."""
    part = record.submission
    stated = {
        "title": part.title,
        "variant": part.variant,
        "trained on": part.trained_on,
        "emulated arithmetic": part.emulated,
        "weights": " ".join(filter(None, [part.weights.kind, part.weights.name])),
        "weights SHA-256": part.weights.sha256,
        "manifest digest": part.manifest_digest,
        "code digest": part.code_digest,
        "seed group": record.seed_group,
        **{f"option {key}": value for key, value in part.options.items()},
        **part.facts,
    }
    return Section(
        id="method", title="Method", facts=facts_of({key: value for key, value in stated.items() if value != ""})
    )


def data_section(record: Record) -> Section:
    """The data and what scored it."""
    task = record.task
    evaluator = task.evaluator
    stated = {
        "task": f"{task.id}, version {task.version}",
        "split": task.split,
        "origin": task.origin,
        "samples": task.samples,
        "resampling unit": task.unit,
        "data digest": task.data_digest,
        "input digest": task.input_digest,
        "notice": task.notice,
        "scored by": f"{evaluator.name} {evaluator.version}" if evaluator else "",
        "agrees with": evaluator.agrees_with if evaluator else "",
        **{f"setting {key}": value for key, value in record.settings.items()},
        **task.facts,
    }
    return Section(
        id="data", title="Data", facts=facts_of({key: value for key, value in stated.items() if value != ""})
    )


def run_sections(record: Record) -> Iterator[Section]:
    """The run, its host, its source, further facts."""
    run = record.run
    stated = {
        "command": repeating(record),
        "started": run.started,
        "finished": run.finished,
        "device": run.device,
        "dtype": run.dtype,
        "batch size": run.batch_size or "",
        "seed": run.seed,
        "shards": run.shards,
        "samples from an earlier run": run.resumed_samples,
        "options": without_folders(run.options),
        "seconds": run.phases,
        "versions": run.versions,
    }
    yield Section(
        id="run", title="Run", facts=facts_of({key: value for key, value in stated.items() if value not in ("", {})})
    )
    if record.host is not None:
        stated = {"title": record.host.title, "host id": record.host.host_id, **record.host.facts}
        yield Section(id="host", title="Host", facts=facts_of(stated), folded=True)
    if record.source is not None:
        source = record.source
        stated = {"paper": source.paper, "place": source.place, "date": source.date, "address": source.url}
        yield Section(
            id="source", title="Source", facts=facts_of({key: value for key, value in stated.items() if value})
        )
    if record.facts:
        yield Section(id="facts", title="Further facts", facts=facts_of(record.facts))


def artifacts_section(record: Record) -> Section:
    """What is stored beside the record, by digest."""
    facts = [
        Fact(
            label=name(item.kind),
            cell=Cell(value=item.digest, text=clean(item.digest), sub=clean(item.path)),
            code=True,
        )
        for item in record.artifacts
    ]
    return Section(id="artifacts", title="Stored beside it", facts=facts, paragraphs=[] if facts else ["Nothing."])


def verifications_sections(record: Record) -> list[Section]:
    """Later scorings of the stored predictions."""
    items = []
    for found in record.verifications:
        outcome = "equal" if found.equal else f"different: {'; '.join(found.differences)}"
        line = f"{found.when[:19]}{' by ' + name(found.by) if found.by else ''}: {outcome}"
        items.append(Cell(value=line, text=clean(line)))
    return [Section(id="verifications", title="Verifications", items=items)] if items else []
