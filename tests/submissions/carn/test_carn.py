"""CARN and CARN-M have the sizes that their authors state, load their files, and tiles show no seam."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from superres_methods import SUBMISSIONS, build_method, gain_over_bicubic, influence  # noqa: E402

from harness.errors import SubmissionError, WeightsError  # noqa: E402
from harness.manifest import read_manifest  # noqa: E402
from harness.task import DataRequest, Sample  # noqa: E402
from submissions.carn.network import CARN  # noqa: E402
from tasks.superres import set5  # noqa: E402
from tasks.superres.sample import write_sample  # noqa: E402

load = partial(build_method, "carn")


def official_names(mobile: bool) -> set[str]:
    """The names in the authors' files, from how their networks are nested."""
    inner = ("b1",) if mobile else ("b1", "b2", "b3")
    layers = (0, 2, 4) if mobile else (0, 2)
    names = ["sub_mean.shifter", "entry", "exit", "add_mean.shifter", "c1.body.0", "c2.body.0", "c3.body.0"]
    for block in ("b1", "b2", "b3"):
        names += [f"{block}.{one}.body.{layer}" for one in inner for layer in layers]
        names += [f"{block}.{fusion}.body.0" for fusion in ("c1", "c2", "c3")]
    names += [f"upsample.{up}" for up in ("up2.body.0", "up3.body.0", "up4.body.0", "up4.body.3")]
    return {f"{name}.{kind}" for name in names for kind in ("weight", "bias")}


def test_carn_has_the_published_size() -> None:
    assert sum(value.numel() for value in CARN().parameters()) == 1_591_939


def test_carn_m_has_the_published_size_without_its_biases() -> None:
    """412K are stated; with its biases the network has 415K parameters."""
    named = dict(CARN(groups=4, mobile=True).named_parameters())
    assert sum(value.numel() for value in named.values()) == 414_787
    assert sum(value.numel() for name, value in named.items() if not name.endswith("bias")) == 412_032


@pytest.mark.parametrize("mobile", [False, True])
def test_names_are_those_of_the_authors(mobile: bool) -> None:
    assert set(CARN(groups=4 if mobile else 1, mobile=mobile).state_dict()) == official_names(mobile)


def test_the_authors_files_load_as_they_are_and_make_every_scale(tmp_path: Path) -> None:
    torch.manual_seed(3)
    state = {name: torch.randn_like(value) * 0.02 for name, value in CARN(groups=4, mobile=True).state_dict().items()}
    torch.save(state, tmp_path / "carn_m.pth")
    image = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    for scale in (2, 3, 4):
        method = load("carn-m", tmp_path / "carn_m.pth", {"scale": scale})
        assert all(torch.equal(method.module.state_dict()[name], value) for name, value in state.items())
        with torch.inference_mode():
            out = method.forward([method.prepare(Sample("x", {"image": image}))])[0]
        assert method.finish(out, Sample("x", {}))["image"].shape == (8 * scale, 9 * scale, 3)


def test_weights_of_the_other_network_are_refused(tmp_path: Path) -> None:
    torch.save(CARN(groups=4, mobile=True).state_dict(), tmp_path / "carn_m.pth")
    with pytest.raises(WeightsError, match=r"another network than carn \(carn\)"):
        load("carn", tmp_path / "carn_m.pth")


def test_a_scale_that_it_has_no_upsampler_for() -> None:
    with pytest.raises(SubmissionError, match="enlarges images x2, x3, x4, the data ask for x8"):
        load("sample", "random", {"scale": 8})


def test_blocks_of_carn_m_share_their_weights() -> None:
    network = CARN(channels=8, groups=4, mobile=True)
    calls: list[int] = []
    network.b1.b1.register_forward_hook(lambda *_: calls.append(1))
    network(torch.rand(1, 3, 6, 6))
    assert len(calls) == 3


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_reach_is_no_smaller_than_what_an_output_depends_on(scale: int) -> None:
    network = CARN(scale, channels=4, groups=2, mobile=True)
    assert network.reach - 1 <= influence(network, 3, scale, 61) <= network.reach


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_tiles_show_no_seam(scale: int) -> None:
    sample = Sample("x", {"image": np.random.default_rng(1).integers(0, 256, (51, 37, 3), dtype=np.uint8)})
    with torch.inference_mode():
        whole, tiles = (load("sample", facts={"scale": scale}, tile=tile) for tile in (0, 16))
        one, other = (method.forward([method.prepare(sample)])[0] for method in (whole, tiles))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
    assert (whole.finish(one, sample)["image"] == tiles.finish(other, sample)["image"]).mean() > 0.9999


def test_the_variant_follows_the_data() -> None:
    manifest = read_manifest(SUBMISSIONS / "carn")
    assert manifest.choose("b100", {"scale": 3}, True).name == "sample"
    assert manifest.choose("b100", {"scale": 3}, False).name == "carn"


@pytest.fixture(scope="module")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("superres-sample")
    write_sample(root)
    return root


@pytest.mark.parametrize("variant", ["sample", "sample-m"])
@pytest.mark.parametrize(("scale", "gain_db"), [(2, 0.8), (3, 0.9), (4, 0.6)])
def test_the_small_variants_beat_bicubic_on_the_sample(
    sample_root: Path, variant: str, scale: int, gain_db: float
) -> None:
    dataset = set5().open(DataRequest(data=sample_root, split=f"x{scale}"))
    assert gain_over_bicubic(load(variant, facts=dict(dataset.facts)), dataset) > gain_db


@pytest.mark.slow
def test_training_learns() -> None:
    from submissions.carn import train_sample

    low, high = list(train_sample.in_turn(2, 2, 3))[-1]
    assert high.shape[-1] == 4 * low.shape[-1]

    def loss(steps: int) -> float:
        network = train_sample.train(True, steps, 2, batch=2)
        with torch.no_grad():
            return float(torch.nn.functional.l1_loss(network.enlarge(low, 4), high))

    assert loss(45) < 0.8 * loss(1)
