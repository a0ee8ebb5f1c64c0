"""A population of images with objects and detections, from which data sets of any size are drawn.

It makes the statistics that scoring needs (`Matches`) directly, without boxes: which thresholds each detection passes,
its score and its size. Images differ in difficulty, objects of one image tend to be of one category, a few categories
hold most objects, and detectors repeat themselves: what makes real scores of one image depend on each other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.detection.coco.metrics import Matches

SIZES = np.array([0.41, 0.34, 0.25])
"""Shares of small, medium and large objects."""


@dataclass(frozen=True, kw_only=True)
class Population:
    """What is drawn from; `skill` shifts how well objects are found, 0 gives an AP of about 0.3."""

    n_categories: int
    objects: float = 7.0
    background: float = 6.0
    skill: float = 0.0

    def draw(self, rng: np.random.Generator, n_images: int) -> Matches:
        """Return the statistics of a data set of `n_images` images."""
        image, category, size, quality = self._objects(rng, n_images)
        found = np.flatnonzero(rng.random(len(image)) < _sigmoid(1.2 + quality))
        passed = np.floor(11 * _sigmoid(0.3 + 0.9 * quality[found] + rng.normal(0, 0.8, len(found)))).astype(np.int64)
        score = _sigmoid(0.6 + quality[found] + rng.normal(0, 0.9, len(found)))
        again = rng.choice(len(image), rng.poisson(0.7 * len(image))) if len(image) else np.empty(0, np.int64)
        n_noise = int(rng.poisson(self.background * n_images))
        return _matches(
            n_images,
            np.concatenate([image[found], image[again], rng.integers(0, n_images, n_noise)]),
            np.concatenate([category[found], category[again], rng.choice(self.n_categories, n_noise, p=self._share())]),
            np.concatenate([size[found], size[again], rng.choice(3, n_noise, p=SIZES)]),
            np.concatenate([score, _sigmoid(rng.normal(-1.2, 1, len(again))), _sigmoid(rng.normal(-2, 1, n_noise))]),
            np.concatenate([passed, np.zeros(len(again) + n_noise, np.int64)]),
            (image, category, size),
        )

    def _share(self) -> NDArray[np.float64]:
        weight = 1 / (np.arange(self.n_categories) + 1.5)
        return np.asarray(weight / weight.sum())

    def _objects(
        self, rng: np.random.Generator, n_images: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Image, category, size and quality of every object; the last says how easily it is found."""
        counts = rng.poisson(self.objects * rng.gamma(1.2, 1 / 1.2, n_images))
        image = np.repeat(np.arange(n_images), counts)
        theme = rng.choice(self.n_categories, n_images, p=self._share())
        free = rng.choice(self.n_categories, len(image), p=self._share())
        category = np.where(rng.random(len(image)) < 0.5, theme[image], free)
        size = rng.choice(3, len(image), p=SIZES)
        by_category = np.cos(np.arange(self.n_categories) * 2.4)
        difficulty = rng.normal(0, 0.7, n_images)
        quality = self.skill + by_category[category] * 0.6 + difficulty[image] + (size - 1) * 0.5
        return image, category, size, quality + rng.normal(0, 0.7, len(image))


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-x)))


def _offsets(image: NDArray[np.int64], n_images: int) -> NDArray[np.int64]:
    return np.searchsorted(image, np.arange(n_images + 1)).astype(np.int64)


def _matches(
    n_images: int,
    image: NDArray[np.int64],
    category: NDArray[np.int64],
    size: NDArray[np.int64],
    score: NDArray[np.float64],
    passed: NDArray[np.int64],
    objects: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> Matches:
    order = np.lexsort((-score, category, image))
    image, category, size, score, passed = (column[order] for column in (image, category, size, score, passed))
    new = np.ones(len(image), np.bool_)
    new[1:] = (image[1:] != image[:-1]) | (category[1:] != category[:-1])
    rank = np.arange(len(image)) - np.flatnonzero(new)[np.cumsum(new) - 1]
    bits = ((1 << np.minimum(passed, 10)) - 1).astype(np.uint16)
    elsewhere = np.arange(3) != size[:, None]
    truth_image, truth_category, truth_size = objects
    places, rows = np.unique(truth_image * (1 << 20) + truth_category, return_inverse=True)
    count = np.zeros((len(places), 4), np.int32)
    np.add.at(count, (rows, 0), 1)
    np.add.at(count, (rows, truth_size + 1), 1)
    return Matches(
        offsets=_offsets(image, n_images),
        category=category.astype(np.int32),
        score=score,
        rank=rank.astype(np.int32),
        positive=np.concatenate([bits[:, None], np.where(elsewhere, 0, bits[:, None])], axis=1).astype(np.uint16),
        ignored=np.concatenate([np.zeros((len(bits), 1)), np.where(elsewhere, 1023, 0)], axis=1).astype(np.uint16),
        truth_offsets=_offsets(places >> 20, n_images),
        truth_category=(places & ((1 << 20) - 1)).astype(np.int32),
        truth_count=count,
    )
