"""EDSR-baseline has the published sizes, loads the authors' files, and tiles show no seam."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from superres_methods import SUBMISSIONS, build_method, gain_over_bicubic, influence  # noqa: E402

from harness.errors import SubmissionError, UsageError, WeightsError  # noqa: E402
from harness.manifest import read_manifest  # noqa: E402
from harness.task import DataRequest, Sample  # noqa: E402
from submissions.edsr_baseline.network import EDSR  # noqa: E402
from tasks.superres import set5  # noqa: E402
from tasks.superres.sample import write_sample  # noqa: E402

FOLDER = SUBMISSIONS / "edsr_baseline"
load = partial(build_method, "edsr_baseline")


def official_names(scale: int) -> list[str]:
    """The names in the authors' files, from how their network is nested."""
    body = [f"body.{block}.body.{layer}" for block in range(16) for layer in (0, 2)]
    tail = ["tail.0.0", "tail.0.2"] if scale == 4 else ["tail.0.0"]
    layers = ["sub_mean", "head.0", *body, "body.16", *tail, "tail.1", "add_mean"]
    return [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]


@pytest.mark.parametrize(("scale", "parameters"), [(2, 1_369_859), (3, 1_554_499), (4, 1_517_571)])
def test_the_networks_have_the_published_sizes(scale: int, parameters: int) -> None:
    assert sum(value.numel() for value in EDSR(scale).parameters()) == parameters


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_names_are_those_of_the_authors(scale: int) -> None:
    assert set(EDSR(scale).state_dict()) == set(official_names(scale))


def test_the_authors_files_load_as_they_are(tmp_path: Path) -> None:
    torch.manual_seed(3)
    state = {name: torch.randn_like(value) for name, value in EDSR(2).state_dict().items()}
    torch.save(state, tmp_path / "edsr_baseline_x2.pt")
    loaded = load("x2", tmp_path / "edsr_baseline_x2.pt").module.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())
    torch.save({n: v for n, v in state.items() if "mean" not in n}, tmp_path / "without_means.pt")
    means = load("x2", tmp_path / "without_means.pt").module.state_dict()["sub_mean.bias"]
    torch.testing.assert_close(means, -255 * torch.tensor([0.4488, 0.4371, 0.4040]))


def test_weights_of_another_scale_are_refused_by_name(tmp_path: Path) -> None:
    torch.save(EDSR(3).state_dict(), tmp_path / "x3.pt")
    with pytest.raises(WeightsError, match="another network than edsr-baseline"):
        load("x2", tmp_path / "x3.pt")


def test_the_colour_mean_is_taken_off_and_added() -> None:
    network = EDSR(2, channels=4, blocks=1)
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    out = network(torch.full((1, 3, 5, 6), 77.0))
    expected = torch.tensor([0.4488, 0.4371, 0.4040])[None, :, None, None] * 255
    torch.testing.assert_close(out, expected.expand(1, 3, 10, 12))


def test_an_image_of_one_colour_stays_it_where_the_network_adds_nothing() -> None:
    method = load("sample", "random")
    raw = torch.tensor([-3.0, 0.4999, 0.5001, 300.0]).reshape(1, 1, 2, 2).expand(1, 3, 2, 2)
    assert method.finish(raw, Sample("x", {}))["image"][..., 0].tolist() == [[0, 0], [1, 255]]
    prepared = method.prepare(Sample("x", {"image": np.full((2, 2, 3), 200, np.uint8)}))
    assert prepared.unique().tolist() == [200]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_reach_is_no_smaller_than_what_an_output_depends_on(scale: int) -> None:
    network = EDSR(scale, channels=4, blocks=2)
    assert network.reach - 1 <= influence(network, 3, scale, 31) <= network.reach


def test_tiles_show_no_seam() -> None:
    image = np.random.default_rng(1).integers(0, 256, (41, 37, 3), dtype=np.uint8)
    sample = Sample("x", {"image": image})
    with torch.inference_mode():
        whole, tiles = (load("sample", tile=tile) for tile in (0, 16))
        one, other = (method.forward([method.prepare(sample)])[0] for method in (whole, tiles))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-3)
    assert (whole.finish(one, sample)["image"] == tiles.finish(other, sample)["image"]).mean() > 0.9999


def test_options_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="tile=-1"):
        load("sample", tile=-1)
    with pytest.raises(SubmissionError, match=r"edsr-baseline \(x2\) enlarges images x2, the data ask for x4"):
        load("x2", "random", {"scale": 4})


@pytest.mark.parametrize(("scale", "name"), [(4, "sample"), (3, "sample-x3"), (2, "sample-x2")])
def test_the_variant_follows_the_data(scale: int, name: str) -> None:
    manifest = read_manifest(FOLDER)
    assert manifest.choose("urban100", {"scale": scale}, True).name == name
    assert manifest.choose("urban100", {"scale": scale}, False).name == f"x{scale}"


@pytest.fixture(scope="module")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("superres-sample")
    write_sample(root)
    return root


@pytest.mark.parametrize(("scale", "gain_db"), [(2, 1.5), (3, 1.2), (4, 0.7)])
def test_the_small_variant_beats_bicubic_on_the_sample(sample_root: Path, scale: int, gain_db: float) -> None:
    dataset = set5().open(DataRequest(data=sample_root, split=f"x{scale}"))
    method = load("sample" if scale == 4 else f"sample-x{scale}", facts=dict(dataset.facts))
    assert gain_over_bicubic(method, dataset) > gain_db


@pytest.mark.slow
def test_training_learns() -> None:
    from submissions.edsr_baseline import train_sample
    from tasks.superres.training import batches, pairs

    low, high = next(batches(pairs(4, 2), 4, 2, 1))

    def loss(steps: int) -> float:
        network = train_sample.train(4, steps, 2, batch=2)
        with torch.no_grad():
            return float(torch.nn.functional.l1_loss(network(255 * low) / 255, high))

    assert loss(30) < 0.8 * loss(1)
