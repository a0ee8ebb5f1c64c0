"""Random numbers of attacks: a stream for each image, so that order, batch and shard change nothing."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

Shape = Sequence[int]


@dataclass(frozen=True)
class Streams:
    """One independent stream for each of n images.

    Draws have one row an image, advance every stream by the same count, are made on the CPU in float32 (int64 where
    they count) and moved to `device` at the end; so the same image sees the same numbers in any batch, on any device.
    """

    seed: int
    ids: tuple[str, ...]
    purpose: str
    generators: tuple[Generator, ...]

    @classmethod
    def of(cls, seed: int, ids: Sequence[str], purpose: str) -> "Streams":
        """The streams of the images called `ids`; another purpose gives streams independent of these."""
        return cls(seed, tuple(ids), purpose, tuple(_generator(seed, purpose, one) for one in ids))

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: Tensor | Sequence[int]) -> "Streams":
        """The streams of some images, shared with this object: what is drawn there is drawn here also."""
        chosen = indices.tolist() if isinstance(indices, Tensor) else list(indices)
        ids = tuple(self.ids[index] for index in chosen)
        return Streams(self.seed, ids, self.purpose, tuple(self.generators[index] for index in chosen))

    def derived(self, purpose: str) -> "Streams":
        """Fresh streams of the same images for a part of this purpose, wherever these streams stand."""
        return Streams.of(self.seed, self.ids, f"{self.purpose}/{purpose}")

    def uniform(
        self, shape: Shape, low: float = 0.0, high: float = 1.0, device: torch.device | str | None = None
    ) -> Tensor:
        """Even between `low` and `high`, (n, *shape) float32."""
        return self._draw(shape, lambda row, source: row.uniform_(low, high, generator=source), device)

    def normal(self, shape: Shape, device: torch.device | str | None = None) -> Tensor:
        """Of the standard normal distribution, (n, *shape) float32."""
        return self._draw(shape, lambda row, source: row.normal_(generator=source), device)

    def integers(self, high: int, shape: Shape, device: torch.device | str | None = None) -> Tensor:
        """Even among 0 .. high - 1, (n, *shape) int64."""
        return self._draw(shape, lambda row, source: row.random_(high, generator=source), device, torch.int64)

    def signs(self, shape: Shape, device: torch.device | str | None = None) -> Tensor:
        """-1 or 1 with equal chance, (n, *shape) float32."""
        return self._draw(shape, lambda row, source: row.random_(2, generator=source).mul_(2).sub_(1), device)

    def permutation(self, count: int, device: torch.device | str | None = None) -> Tensor:
        """An order of 0 .. count - 1 for each image, (n, count) int64."""
        return self._draw(
            (count,), lambda row, source: torch.randperm(count, generator=source, out=row), device, torch.int64
        )

    def _draw(
        self,
        shape: Shape,
        fill: Callable[[Tensor, Generator], object],
        device: torch.device | str | None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        rows = torch.empty((len(self), *shape), dtype=dtype)
        for row, source in zip(rows, self.generators, strict=True):
            fill(row, source)
        return rows if device is None else rows.to(device)


def _generator(seed: int, purpose: str, name: str) -> Generator:
    """A generator that depends on nothing but its three names."""
    digest = hashlib.sha256(json.dumps([seed, purpose, name]).encode()).digest()
    source = Generator("cpu")
    source.manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    return source
