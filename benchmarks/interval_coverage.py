"""How often intervals hold the truth: candidates compared by simulation, `python benchmarks/interval_coverage.py`.

Many data sets are drawn from one population (detection_population.py). Two truths are asked for: `same size`, the
expected score of a data set of that size, and `infinite`, the score of a huge data set. They differ because
interpolated precision is biased upward on small data: that bias belongs to the benchmark, not to the method scored.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from statistics import NormalDist

import numpy as np
from detection_population import Population
from numpy.typing import NDArray

from harness.statistics import interval, resample_weights
from tasks.detection.coco.metrics import Matches, Parameters, aggregate
from tasks.detection.coco.resampling import replicates

Float = NDArray[np.float64]
Method = Callable[[float, Float, Float], tuple[float, float]]
METRICS = ("AP", "APs", "AR100")
LEVEL = 0.95
Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
TAILS = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])


def percentile(estimate: float, drawn: Float, jackknife: Float) -> tuple[float, float]:
    """The replicates' own percentiles."""
    low, high = np.quantile(drawn, TAILS)
    return float(low), float(high)


def basic(estimate: float, drawn: Float, jackknife: Float) -> tuple[float, float]:
    """The percentiles reflected at the estimate."""
    low, high = percentile(estimate, drawn, jackknife)
    return 2 * estimate - high, 2 * estimate - low


def centred_normal(estimate: float, drawn: Float, jackknife: Float) -> tuple[float, float]:
    """Normal around the estimate, with the replicates' standard deviation."""
    half = Z * float(np.std(drawn, ddof=1))
    return estimate - half, estimate + half


def shifted_normal(estimate: float, drawn: Float, jackknife: Float) -> tuple[float, float]:
    """Normal around the estimate minus its bias under resampling."""
    middle, half = 2 * estimate - float(np.mean(drawn)), Z * float(np.std(drawn, ddof=1))
    return middle - half, middle + half


def chosen(estimate: float, drawn: Float, jackknife: Float) -> tuple[float, float]:
    """What the harness reports."""
    found = interval(estimate, drawn, LEVEL)
    return found.low, found.high


def corrected(estimate: float, drawn: Float, jackknife: Float, acceleration: float = 0.0) -> tuple[float, float]:
    """Bias-corrected percentiles (BC)."""
    below = np.clip((np.sum(drawn < estimate) + 0.5 * np.sum(drawn == estimate)) / len(drawn), 1e-4, 1 - 1e-4)
    z0 = NormalDist().inv_cdf(float(below))
    tails = [
        NormalDist().cdf(z0 + (z0 + z) / (1 - acceleration * (z0 + z))) for z in (-Z, Z)
    ]  # Efron 1987, equation 6.8
    low, high = np.quantile(drawn, tails)
    return float(low), float(high)


def accelerated(estimate: float, drawn: Float, jackknife: Float) -> tuple[float, float]:
    """Bias-corrected and accelerated percentiles (BCa), acceleration from the jackknife."""
    apart = np.mean(jackknife) - jackknife
    scale = float(np.sum(apart**2)) ** 1.5
    return corrected(estimate, drawn, jackknife, float(np.sum(apart**3)) / (6 * scale) if scale else 0.0)


METHODS: Mapping[str, Method] = {
    "percentile": percentile,
    "basic": basic,
    "BC": corrected,
    "BCa": accelerated,
    "bias-shifted normal": shifted_normal,
    "centred normal": centred_normal,
    "chosen: bias-centred percentile": chosen,
}


def study(population: Population, n_images: int, n_sets: int, n_resamples: int) -> dict[str, list[list[object]]]:
    """For each metric and data set: the estimate, and the interval of every method."""
    parameters, k = Parameters(), population.n_categories
    leave_one_out = 1 - np.eye(n_images, dtype=np.uint16)
    rows: dict[str, list[list[object]]] = {metric: [] for metric in METRICS}
    for index in range(n_sets):
        matches = population.draw(np.random.default_rng([index, n_images, k]), n_images)
        estimates = aggregate(matches, k, parameters)
        weights = resample_weights(f"{index}", n_images, n_resamples)
        drawn = replicates(matches, k, parameters, weights, METRICS)
        jackknife = replicates(matches, k, parameters, leave_one_out, METRICS)
        for metric in METRICS:
            estimate, kept = estimates[metric], drawn[metric][np.isfinite(drawn[metric])]
            if estimate is not None and len(kept) > 1:
                left = jackknife[metric][np.isfinite(jackknife[metric])]
                rows[metric].append([estimate, *(method(estimate, kept, left) for method in METHODS.values())])
    return rows


def truths(population: Population, n_images: int, n_sets: int, huge: Matches) -> dict[str, tuple[float, float]]:
    """Each metric's expectation over data sets of this size, and its value on the huge one."""
    parameters, k = Parameters(), population.n_categories
    infinite = aggregate(huge, k, parameters)
    values: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for index in range(n_sets):
        found = aggregate(population.draw(np.random.default_rng([7, index, n_images, k]), n_images), k, parameters)
        for metric in METRICS:
            value = found[metric]
            if value is not None:
                values[metric].append(value)
    return {metric: (float(np.mean(values[metric])), float(infinite[metric] or np.nan)) for metric in METRICS}


def main() -> None:
    """Print the table of coverages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[50, 100, 400])
    parser.add_argument("--categories", type=int, nargs="+", default=[1, 10, 80])
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--huge", type=int, default=300_000)
    options = parser.parse_args()
    print("| categories | images | metric | truth | " + " | ".join(METHODS) + " | width |")
    print("|---" * (len(METHODS) + 5) + "|")
    for k in options.categories:
        population = Population(n_categories=k)
        huge = population.draw(np.random.default_rng(1), options.huge)
        for n_images in options.images:
            start = time.monotonic()
            true = truths(population, n_images, 10 * options.sets, huge)
            rows = study(population, n_images, options.sets, options.resamples)
            for metric in METRICS:
                report(metric, k, n_images, true[metric], rows[metric])
            print(f"<!-- {time.monotonic() - start:.0f} s -->", flush=True)


def report(metric: str, k: int, n_images: int, true: tuple[float, float], rows: list[list[object]]) -> None:
    """Print one line for either truth: each method's coverage in per cent, and the chosen interval's mean width."""
    bounds = np.array([row[1:] for row in rows], np.float64)
    for name, value in zip(("same size", "infinite"), true, strict=True):
        covered = 100 * np.mean((bounds[..., 0] <= value) & (value <= bounds[..., 1]), axis=0)
        cells = " | ".join(f"{cell:.1f}" for cell in covered)
        width = np.mean(bounds[:, -1, 1] - bounds[:, -1, 0])
        print(f"| {k} | {n_images} | {metric} | {name} {value:.4f} | {cells} | {width:.4f} |")


if __name__ == "__main__":
    main()
