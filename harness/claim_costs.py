"""Counts of variants for claims about cost, kept in the home so that a second look needs no torch."""

import hashlib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from harness.claim import Claim, Value
from harness.claim_blockers import is_cost
from harness.errors import HarnessError, describe
from harness.files import folder_digest, write_bytes
from harness.manifest import Manifest
from harness.progress import Reporter
from harness.record import Cost
from harness.registry import find_submission
from harness.store import Home

COUNTING = (
    "operations.py",
    "costing.py",
    "measure/cost*.py",
    "measure/conventions.py",
    "measure/operators.py",
    "measure/sizes.py",
)
"""The engine's files that decide a count."""
NOT_COUNTED = "it has not been counted yet"


class CostBook:
    """The costs of one submission's variants: read from the home, and counted where asked to.

    A count is kept under a digest of everything that it follows from: the submission's code and manifest, the variant and
    its options, the code that counts, torch's version.
    """

    def __init__(self, home: Home, reference: str, manifest: Manifest, *, count: bool, reporter: Reporter) -> None:
        self.counted = 0
        """How many were counted anew."""
        self._folder = home.path / "costs"
        self._home, self._reference, self._manifest = home, reference, manifest
        self._count, self._reporter = count, reporter
        self._code = ""
        self._others: dict[str, CostBook] = {}

    def __call__(self, variant: str, options: Mapping[str, object], submission: str = "") -> Cost | str:
        """The cost of a variant with `options`, of another submission if one is named, or why there is none."""
        if submission not in ("", self._manifest.name):
            return self._of_another(submission, variant, options)
        if not self._manifest.entry:
            return f"{self._manifest.name} has no code here that runs"
        try:
            self._code = self._code or _code(self._reference, self._manifest)
        except HarnessError as error:
            return str(error)
        path = self._folder / f"{self._key(variant, options)}.json"
        kept = _read(path)
        if kept is not None or not self._count:
            return kept if kept is not None else NOT_COUNTED
        cost = self._counted(variant, options)
        if isinstance(cost, Cost):
            self.counted += 1
            write_bytes(path, msgspec.json.encode(cost))
        return cost

    def fill(self) -> None:
        """Count everything that the manifest's claims about cost need, with a bar."""
        needed = {msgspec.json.encode(pair): pair for claim in self._manifest.claims for pair in _needed(claim)}
        with self._reporter.bar(f"counting {self._manifest.name}", len(needed), unit="network") as advance:
            for network in needed.values():
                self(*network)
                advance(1)

    def _of_another(self, submission: str, variant: str, options: Mapping[str, object]) -> Cost | str:
        if submission not in self._others:
            try:
                manifest = find_submission(submission)[1]
            except HarnessError as error:
                return str(error)
            made = CostBook(self._home, submission, manifest, count=self._count, reporter=self._reporter)
            self._others[submission] = made
        return self._others[submission](variant, options)

    def _key(self, variant: str, options: Mapping[str, object]) -> str:
        parts = (self._code, variant, dict(options))
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:32]

    def _counted(self, variant: str, options: Mapping[str, object]) -> Cost | str:
        from harness.costing import count
        from harness.options import RunOptions

        asked = RunOptions(task="", submission=self._reference, variant=variant, settings=dict(options))  # type: ignore[arg-type]
        try:
            return count(asked, Reporter()).cost
        except HarnessError as error:
            return str(error)
        except Exception as error:
            return f"counting {variant} failed: {describe(error)}"


def _needed(claim: Claim) -> Iterator[tuple[str, dict[str, Value], str]]:
    """The networks that a claim about cost is about, with the submission if it is another: its own, and its baseline."""
    if is_cost(claim) and claim.variant:
        yield claim.variant, claim.options, claim.submission
        if claim.relative_to:
            yield claim.relative_to, claim.relative_options, claim.submission


def _read(path: Path) -> Cost | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Cost)
    except (OSError, msgspec.DecodeError):
        return None


def _code(reference: str, manifest: Manifest) -> str:
    """What decides a count, apart from variant and options."""
    from harness.registry import package_folder

    folder = find_submission(reference)[0]
    engine = Path(__file__).parent
    parts = [folder_digest(folder), *(folder_digest(package_folder(name)) for name in manifest.uses)]
    counting = (path for pattern in COUNTING for path in sorted(engine.glob(pattern)))
    parts += [hashlib.sha256(path.read_bytes()).hexdigest() for path in counting]
    parts += [msgspec.json.encode((manifest.variants, manifest.options)).hex(), _torch()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _torch() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
