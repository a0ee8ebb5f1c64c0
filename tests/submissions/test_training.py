"""What the training scripts share: if these fail, the weights that ship cannot be made again by their scripts."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def test_every_epoch_has_every_picture_at_most_once_in_full_batches() -> None:
    from submissions.training import shuffled

    random = np.random.default_rng(3)
    first, second = ([batch.tolist() for batch in shuffled(10, 4, random)] for _ in range(2))
    for epoch in (first, second):
        assert [len(batch) for batch in epoch] == [4, 4] and len({index for batch in epoch for index in batch}) == 8
    assert first != second


def test_a_classifier_learns_and_is_left_ready_to_answer() -> None:
    from submissions.training import train_classifier

    torch.manual_seed(0)
    labels = torch.arange(64) % 2
    images = torch.randn(64, 3, 4, 4) + labels[:, None, None, None]
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(48), torch.nn.Linear(48, 2))
    seen: list[int] = []

    def altered(batch: torch.Tensor, _: torch.Tensor, epoch: int) -> torch.Tensor:
        seen.append(epoch)
        return batch

    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    trained = train_classifier(network, images, labels, 8, optimiser, size=16, seed=1, altered=altered)
    assert trained is network and not network.training
    assert seen == [epoch for epoch in range(8) for _ in range(4)]
    assert (network(images).argmax(1) == labels).float().mean() > 0.9


def test_whole_numbers_are_kept_as_they_are(tmp_path: Path) -> None:
    load_file = pytest.importorskip("safetensors.torch").load_file
    from submissions.training import save_half

    network = torch.nn.BatchNorm1d(3)
    network(torch.randn(4, 3))
    save_half(network, tmp_path / "a.safetensors")
    found = load_file(tmp_path / "a.safetensors")
    assert found["running_mean"].dtype == torch.float16 and found["num_batches_tracked"].dtype == torch.int64
    assert torch.equal(found["running_mean"], network.running_mean.half())
