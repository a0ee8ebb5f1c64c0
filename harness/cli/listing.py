"""``harness tasks`` and ``harness submissions``: what there is."""

import argparse
import sys
from typing import Any

from harness.cli.arguments import add_json, print_json


def register(verbs: Any) -> None:
    """Add both verbs."""
    for name, text, run in (
        ("tasks", "the benchmarks there are", tasks),
        ("submissions", "the methods there are", submissions),
    ):
        parser = verbs.add_parser(name, help=text)
        add_json(parser)
        parser.set_defaults(run=run)


def tasks(arguments: argparse.Namespace) -> int:
    """List every installed task."""
    from harness.cli.terminal import table
    from harness.registry import find_task, readable, task_names

    metas, broken = readable(task_names(), lambda name: find_task(name).meta)
    _warn(broken)
    if arguments.json:
        print_json([_task(meta) for meta in metas])
        return 0
    rows = [
        (m.id, m.family, m.main_metric, ", ".join(p.id for p in m.protocols), " ".join(m.splits), m.title)
        for m in metas
    ]
    print(table(rows, ("task", "family", "metric", "protocols", "splits", "title")))
    return 0


def _warn(broken: list[str]) -> None:
    for sentence in broken:
        print(f"left out: {sentence}", file=sys.stderr)


def _task(meta: Any) -> dict[str, Any]:
    return {
        "id": meta.id, "version": meta.version, "title": meta.title, "family": meta.family, "summary": meta.summary,
        "metrics": [metric.name for metric in meta.metrics], "main_metric": meta.main_metric,
        "protocols": [{"id": p.id, "title": p.title, "source": p.source} for p in meta.protocols],
        "splits": list(meta.splits), "interface": _interface(meta.interface), "settings": [s.name for s in meta.settings],
        "evaluators": list(meta.evaluators), "licence": meta.licence, "homepage": meta.homepage,
    }  # fmt: skip


def _interface(interface: Any) -> dict[str, Any]:
    columns = [
        {"name": c.name, "dtype": c.dtype, "shape": list(c.shape), "ragged": c.ragged, "description": c.description}
        for c in interface.columns
    ]
    return {
        "id": interface.id, "title": interface.title, "inputs": interface.inputs, "answer": interface.answer,
        "methods": list(interface.methods), "columns": columns,
    }  # fmt: skip


def submissions(arguments: argparse.Namespace) -> int:
    """List every installed submission."""
    from harness.cli.terminal import table
    from harness.registry import find_submission, readable, submission_names

    manifests, broken = readable(submission_names(), lambda name: find_submission(name)[1])
    _warn(broken)
    if arguments.json:
        import msgspec

        print_json([msgspec.to_builtins(manifest) for manifest in manifests])
        return 0
    rows = [
        (m.name, ", ".join(m.interfaces), ", ".join(v.name for v in m.variants), str(len(m.claims)), m.title)
        for m in manifests
    ]
    print(table(rows, ("submission", "interface", "variants", "claims", "title"), right=(3,)))
    return 0
