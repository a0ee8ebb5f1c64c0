"""``harness doctor``: what this machine can measure, and how to enable the rest."""

import argparse
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from harness.cli.arguments import add_json, print_json

NOTHING: Sequence[object] = (None, {}, [])


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser("doctor", help="what this machine can run and measure")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every finding."""
    import msgspec

    from harness.measure import examine

    hosts, findings = _hosts(), examine()
    if arguments.json:
        print_json(
            {
                "host": msgspec.to_builtins(hosts[0]),
                "devices": {host.facts["device"]: host.host_id for host in hosts},
                "findings": [msgspec.to_builtins(finding) for finding in findings],
            }
        )
        return 0
    for host in hosts:
        print(f"host {host.host_id} ({host.facts['device']}): {host.title}")
    width = min(shutil.get_terminal_size().columns, 120)
    print("\n".join([*_lines(findings, width), *_machine(hosts[0].facts, width)]))
    return 0


def _hosts() -> list[Any]:
    """The host as a run of a model describes it, for every kind of device: torch's versions and threads belong to it."""
    from harness.measure import describe_host

    devices = ["cpu"]
    with suppress(ImportError):
        import torch

        if torch.cuda.is_available():
            devices.append("cuda:0")
    return [describe_host(device) for device in devices]


def _lines(findings: Sequence[Any], width: int) -> Iterator[str]:
    """What is there, a line each; what is not, with the reason and the command."""
    names = max(len(finding.what) for finding in findings) + 2
    for title, available in (("here", True), ("not here", False)):
        chosen = [finding for finding in findings if finding.available is available]
        if not chosen:
            continue
        yield f"\n{title}"
        for finding in chosen:
            yield from _wrapped(f"  {finding.what:{names}}", finding.reason, width)
            if finding.how_to_enable:
                yield from _wrapped(" " * (names + 2), f"to enable: {finding.how_to_enable}", width)


def _machine(facts: Mapping[str, Any], width: int) -> Iterator[str]:
    """Everything that the machine tells of itself, a paragraph a part, and what it does not expose."""
    yield "\nthis machine (no name, no serial; a part of it is hashed to the host id)"
    names = max(map(len, facts)) + 2
    for part, values in facts.items():
        told = _told(values) if isinstance(values, (dict, list)) else str(values)
        yield from _wrapped(f"  {part:{names}}", told or "not exposed", width)


def _told(values: Any) -> str:
    """`name value, name value; none, or not exposed: name, name`."""
    if isinstance(values, list):
        return "; ".join(_told(value) if isinstance(value, dict) else str(value) for value in values)
    known = [
        f"{_spoken(key)} {f'({_told(value)})' if isinstance(value, (dict, list)) else value}"
        for key, value in values.items()
        if value not in NOTHING
    ]
    absent = [_spoken(key) for key, value in values.items() if value in NOTHING]
    return ", ".join(known) + (f"; none, or not exposed: {', '.join(absent)}" if absent else "")


def _spoken(key: str) -> str:
    """Names of environment variables stay as they are."""
    return key.replace("_", " ") if key.islower() else key


def _wrapped(begin: str, text: str, width: int) -> list[str]:
    indent = " " * len(begin)
    return textwrap.wrap(
        text, max(width, len(begin) + 30), initial_indent=begin, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
