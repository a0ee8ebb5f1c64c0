"""VOT2018 by the Python toolkit's own functions: `PYTHON tracking_toolkit.py ANNOTATIONS RESULTS`.

PYTHON has vot-toolkit 0.9.0 and attributee 0.1.9 (0.1.10 fails with Python 3.11). No images are read.
"""

import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from vot.analysis.supervised import compute_accuracy, compute_eao_curve, locate_failures_inits
from vot.region import Special, calculate_overlaps
from vot.region.shapes import Polygon, Rectangle

INTERVAL = slice(100, 357)


def region(values: list[float]) -> object:
    """A line or an annotation as the toolkit's object."""
    if len(values) == 1:
        return Special(int(values[0]))
    if len(values) == 4:
        return Rectangle(*values)
    return Polygon(list(zip(values[::2], values[1::2], strict=True)))


def main(annotations: str, results: str) -> None:
    """Print accuracy, failures and expected average overlap."""
    truth = json.loads(Path(annotations).read_text())
    archive = zipfile.ZipFile(results)
    names = {name.split("/")[-1][:-8]: name for name in archive.namelist() if name.endswith("_001.txt")}
    accuracy = lost = total = 0.0
    pieces, survived = [], []
    # Single precision keeps the order of the sequences in the last digits.
    for name, entry in sorted(truth.items()):
        lines = archive.read(names[name]).decode().splitlines()
        found = [region([float(value) for value in line.split(",")]) for line in lines]
        known = [region(row) for row in entry["gt_rect"]]
        sequence = SimpleNamespace(groundtruth=lambda known=known: known, size=(entry["width"], entry["height"]))
        accuracy += compute_accuracy(found, sequence)[0] * len(known)
        overlaps = calculate_overlaps(found, known, sequence.size)
        failures, starts = locate_failures_inits(found)
        lost, total = lost + len(failures), total + len(known)
        for start, stop in zip(starts, [*failures, len(known)], strict=False):
            pieces.append(overlaps[start:stop])
            survived.append(stop == len(known))
    curve = compute_eao_curve(pieces, [1] * len(pieces), survived)
    print(f"EAO {float(np.mean(curve[INTERVAL]))}, accuracy {accuracy / total}, lost {lost:.0f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
