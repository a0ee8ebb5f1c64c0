"""CBN: statistics of every camera come from its own images, whatever else is in the batch, and help where cameras differ."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness.errors import SubmissionError  # noqa: E402
from harness.manifest import read_manifest  # noqa: E402
from harness.submission import BuildContext  # noqa: E402
from harness.task import Sample  # noqa: E402
from harness.weights import resolve  # noqa: E402
from submissions.cbn.cameras import Chosen, collect, norms  # noqa: E402
from submissions.cbn.model import CameraEmbedder, build, to_tensor  # noqa: E402
from submissions.cbn.network import CameraNetwork  # noqa: E402
from tasks.reid.pedestrians import picture  # noqa: E402

FOLDER = Path(__file__).parents[3] / "submissions" / "cbn"


def load(variant: str = "sample", weights: Path | str = "", **changes: Any) -> CameraEmbedder:
    manifest = read_manifest(FOLDER)
    chosen = manifest.variant(variant)
    options = {name: option.default for name, option in manifest.options.items()} | chosen.options | changes
    context = BuildContext(
        manifest=manifest, variant=chosen, options=options, folder=FOLDER, device="cpu", dtype="float32", seed=0,
        checkpoint=resolve(str(weights), "", manifest, chosen, FOLDER, "market1501"), task="market1501", facts={},
    )  # fmt: skip
    return build(context)


def samples(count: int, role: str = "query", camera: int = 1, seed: int = 0, shift: int = 0) -> list[Sample]:
    random = np.random.default_rng([seed, camera])
    pixels = random.integers(0, 150, (count, 64, 32, 3)) + shift
    return [
        Sample(f"{role}/{camera}-{seed}-{index}", {"image": one.astype(np.uint8), "camera": camera, "role": role})
        for index, one in enumerate(pixels)
    ]


def features(method: CameraEmbedder, chosen: list[Sample]) -> np.ndarray:
    with torch.inference_mode():
        raws = method.forward([method.prepare(sample) for sample in chosen])
        return np.stack([method.finish(raw, one)["feature"] for raw, one in zip(raws, chosen, strict=True)])


def test_the_network_has_the_papers_parameters() -> None:
    assert sum(p.numel() for p in CameraNetwork().parameters()) == 23_512_128


def test_the_authors_checkpoints_load_under_their_names(tmp_path: Path) -> None:
    made = CameraNetwork((1, 1, 1, 1), 4)
    names = set(made.state_dict())
    assert {"base.conv1.weight", "base.layer1.0.downsample.1.running_mean", "bottleneck.0.weight"} <= names
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    state = {**made.state_dict(), "classifier.weight": torch.zeros(751, 128)}
    torch.save({"state_dict": state, "epoch": 60}, tmp_path / "model_best.pth.tar")
    loaded = load("resnet50", tmp_path / "model_best.pth.tar", layers=[1, 1, 1, 1], width=4).module
    assert all(torch.equal(a, b) for a, b in zip(made.parameters(), loaded.parameters(), strict=True))


def test_statistics_are_the_mean_over_batches_and_their_mirror_images() -> None:
    network = CameraNetwork((1, 1, 1, 1), 4)
    batches = [torch.rand(8, 3, 64, 32), torch.rand(8, 3, 64, 32) * 3]
    statistics = collect(network, batches, ("query", 1))
    with torch.no_grad():
        maps = [network.base.conv1(part) for batch in batches for part in (batch, batch.flip(3))]
    means = torch.stack([one.mean(dim=(0, 2, 3)) for one in maps]).mean(dim=0)
    variances = torch.stack([one.var(dim=(0, 2, 3)) for one in maps]).mean(dim=0)
    assert torch.allclose(statistics["base.bn1.running_mean"], means, atol=1e-6)
    assert torch.allclose(statistics["base.bn1.running_var"], variances, rtol=1e-4)
    assert len(statistics) == 2 * len(norms(network)) and not network.training


def test_an_image_has_the_same_feature_whatever_is_in_its_batch() -> None:
    method = load()
    everything = samples(20, camera=1) + samples(20, camera=2, shift=100) + samples(20, "gallery", camera=2)
    method.adapt(iter(everything))
    together = features(method, everything[::7])
    alone = np.concatenate([features(method, [one]) for one in everything[::7]])
    assert np.allclose(together, alone, atol=1e-5)


def test_query_set_and_gallery_are_taken_apart() -> None:
    method = load()
    queries, gallery = samples(20, "query", seed=1), samples(20, "gallery", seed=2, shift=90)
    method.adapt(queries + gallery)
    asked = Sample("query/x", queries[0].inputs)
    there = Sample("gallery/x", {**queries[0].inputs, "role": "gallery"})
    assert not np.allclose(features(method, [asked]), features(method, [there]), atol=1e-3)


def test_statistics_follow_the_seed_and_not_the_order_of_the_images() -> None:
    chosen = samples(40)
    one, other = load(statistics_batch=8, statistics_batches=2), load(statistics_batch=8, statistics_batches=2)
    one.adapt(chosen)
    other.adapt(chosen[::-1])
    assert np.array_equal(features(one, chosen[:4]), features(other, chosen[:4]))


def test_incomplete_batches_are_left_out_unless_there_is_no_other() -> None:
    def sizes(count: int) -> list[int]:
        chosen = Chosen(100, seed=0)
        for index in range(count):
            chosen.add(str(index), np.zeros((2, 2, 3), np.uint8))
        return [len(batch) for batch in chosen.batches(8)]

    assert sizes(20) == [8, 8] and sizes(5) == [5] and sizes(300) == [8] * 12


def test_a_camera_of_one_image_and_one_never_seen() -> None:
    method = load()
    with pytest.raises(SubmissionError, match="needs two images of every camera"):
        method.adapt(samples(1))
    method = load()
    method.adapt(samples(5))
    with pytest.raises(SubmissionError, match="has seen no image of camera 3 in the query set"):
        features(method, samples(1, camera=3))


def test_it_undoes_the_colours_of_a_camera() -> None:
    """The same pictures under a camera that halves the light have nearly the same features; without adapting they have not."""
    pixels = [picture(5, number, 1, 0) for number in range(48)]
    plain = [Sample(f"query/{n}", {"image": one, "camera": 1, "role": "query"}) for n, one in enumerate(pixels)]
    dark = [Sample(f"dark-{s.id}", {**s.inputs, "image": s.inputs["image"] // 2, "camera": 2}) for s in plain]
    method = load()
    method.adapt(plain + dark)
    near = np.linalg.norm(features(method, plain) - features(method, dark), axis=1).mean()
    with torch.inference_mode():
        method.forward([method.prepare(plain[0])])
        batches = [method.module(torch.stack([to_tensor(s.inputs["image"]) for s in part])) for part in (plain, dark)]
        unadapted = [torch.nn.functional.normalize(batch, dim=1).numpy() for batch in batches]
    assert near < 0.5 * np.linalg.norm(unadapted[0] - unadapted[1], axis=1).mean()


@pytest.mark.slow
def test_it_beats_the_plain_network_on_the_sample_and_says_that_it_adapted(cli: Any) -> None:
    found = {}
    for name in ("cbn", "resnet50-reid"):
        record = cli("eval", "--task", "market1501", "--submission", name, "--no-measure", "--no-log", "--json").json()
        found[name] = {m["name"]: m["value"] for m in record["metrics"] if m["protocol"] == "market-trapezoid"}
        assert record["settings"].get("adapted", False) == (name == "cbn")
    assert found["cbn"]["mAP"] > 0.92 and found["cbn"]["mAP"] > found["resnet50-reid"]["mAP"]
