"""The plain embedding: published checkpoints load as they are, and the small network finds people of the sample."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness.errors import WeightsError  # noqa: E402
from harness.manifest import read_manifest  # noqa: E402
from harness.submission import BuildContext  # noqa: E402
from harness.task import DataRequest, Sample  # noqa: E402
from harness.weights import resolve  # noqa: E402
from submissions.resnet50_reid.model import Embedder, build, to_input  # noqa: E402
from submissions.resnet50_reid.network import EmbeddingNetwork  # noqa: E402
from tasks.reid.task import market1501  # noqa: E402

FOLDER = Path(__file__).parents[3] / "submissions" / "resnet50_reid"


def load(variant: str, weights: Path | str = "", **changes: Any) -> Embedder:
    manifest = read_manifest(FOLDER)
    chosen = manifest.variant(variant)
    options = {name: option.default for name, option in manifest.options.items()} | chosen.options | changes
    context = BuildContext(
        manifest=manifest, variant=chosen, options=options, folder=FOLDER, device="cpu", dtype="float32", seed=0,
        checkpoint=resolve(str(weights), "", manifest, chosen, FOLDER, "market1501"), task="market1501", facts={},
    )  # fmt: skip
    return build(context)


def test_the_network_has_the_parameters_of_resnet50() -> None:
    assert sum(p.numel() for p in EmbeddingNetwork(neck=False).parameters()) == 23_508_032
    assert sum(p.numel() for p in EmbeddingNetwork().parameters()) == 23_512_128


@pytest.mark.parametrize(("stride", "expected"), [(1, (16, 8)), (2, (8, 4))])
def test_the_last_stage_keeps_its_resolution_with_stride_1(stride: int, expected: tuple[int, int]) -> None:
    network = EmbeddingNetwork((1, 1, 1, 1), 4, last_stride=stride).eval()
    with torch.inference_mode():
        assert tuple(network.base(torch.zeros(1, 3, 256, 128)).shape[2:]) == expected


@pytest.mark.parametrize("style", ["strong-baseline", "torchreid"])
def test_checkpoints_load_under_their_authors_names(tmp_path: Path, style: str) -> None:
    small: dict[str, Any] = {"layers": [1, 1, 1, 1], "width": 4}
    made = EmbeddingNetwork((1, 1, 1, 1), 4, neck=style == "strong-baseline")
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    state = dict(made.state_dict())
    state["classifier.weight"] = torch.zeros(751, 128)
    if style == "torchreid":
        state = {name.removeprefix("base."): value for name, value in state.items()}
        torch.save(
            {"state_dict": {f"module.{name}": value for name, value in state.items()}, "epoch": 60}, tmp_path / "x.pth"
        )
    else:
        torch.save(state, tmp_path / "x.pth")
    loaded = load(style, tmp_path / "x.pth", **small).module.state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in made.state_dict().items())


def test_another_networks_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "x.pth")
    with pytest.raises(WeightsError, match="belongs to another network"):
        load("torchreid", tmp_path / "x.pth")


@pytest.mark.slow
def test_torchvision_resnet50_computes_the_same(tmp_path: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    theirs = torchvision.models.resnet50(weights=None).eval()
    torch.save(theirs.state_dict(), tmp_path / "resnet50.pth")
    ours = load("torchreid", tmp_path / "resnet50.pth")
    theirs.fc = torch.nn.Identity()
    image = torch.rand(1, 3, 64, 32)
    with torch.inference_mode():
        assert torch.allclose(ours.module(image), theirs(image), rtol=1e-4, atol=1e-5)


def test_a_mirror_image_has_the_same_feature_with_flip() -> None:
    method = load("sample", flip=True)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8)
    samples = [Sample("a", {"image": pixels}), Sample("b", {"image": pixels[:, ::-1].copy()})]
    with torch.inference_mode():
        raws = method.forward([method.prepare(sample) for sample in samples])
        one, other = (method.finish(raw, sample)["feature"] for raw, sample in zip(raws, samples, strict=True))
    assert np.allclose(one, other, atol=1e-5) and np.linalg.norm(one) == pytest.approx(1, rel=1e-5)
    assert (
        method.settings["test_time_augmentation"] == "flip"
        and load("sample").settings["test_time_augmentation"] == "none"
    )


def test_inputs_are_normalised_as_imagenets() -> None:
    grey = to_input(np.full((10, 5, 3), 128, np.uint8), (256, 128))
    assert grey.shape == (3, 256, 128)
    assert grey[0, 0, 0].item() == pytest.approx((128 / 255 - 0.485) / 0.229, rel=1e-5)


def test_the_small_network_is_worth_showing(cli: Any, tmp_path: Path) -> None:
    options = "--no-measure", "--no-log", "--json"
    record = cli("eval", "--task", "market1501", "--submission", "resnet50-reid", *options).json()
    found = {
        metric["name"]: metric["value"] for metric in record["metrics"] if metric["protocol"] == "market-trapezoid"
    }
    assert found["mAP"] > 0.9 and found["rank1"] > 0.9
    assert record["settings"] == {"feature_normalisation": "l2"}
    assert record["submission"]["variant"] == "sample" and record["task"]["origin"] == "sample"
    root = tmp_path / "data"
    market1501().write_sample(root)
    assert len(market1501().open(DataRequest(data=root)).ids) == 240
