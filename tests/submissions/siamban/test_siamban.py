"""What a user would lose: the network of the official checkpoints, its cost, and the tracker that the paper describes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Done
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from submissions.siamban.crops import crop, start  # noqa: E402
from submissions.siamban.model import Penalties, SiamBanTracker  # noqa: E402
from submissions.siamban.network import SiamBan  # noqa: E402

TUNED = Penalties(window_influence=0.4, penalty_k=0.08, learning_rate=0.44)


@pytest.fixture(scope="module")
def network() -> Any:
    torch.manual_seed(0)
    return SiamBan().eval()


# -- the network -----------------------------------------------------------------------------------------------------
def parameters(module: Any) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_network_has_the_authors_parameters(network: Any) -> None:
    assert parameters(network) == 53_932_123
    parts = [parameters(part) for part in (network.backbone, network.neck, network.head)]
    assert parts == [45_528_128, 919_040, 7_484_955]
    assert sum(buffer.numel() for buffer in network.buffers()) == 63_946


def test_a_frame_costs_what_the_authors_network_costs(network: Any) -> None:
    from harness.measure.cost import count_operations

    with torch.inference_mode():
        crop = torch.zeros(1, 3, 127, 127)
        assert count_operations(lambda: network.template(crop)).macs == 10_652_084_928
        templates = network.template(crop)
        assert [tuple(each.shape) for each in templates] == [(1, 256, 7, 7)] * 3
        outputs: list[Any] = []
        found = count_operations(lambda: outputs.extend(network(templates, torch.zeros(1, 3, 255, 255))))
    assert found.macs == 48_797_774_528
    assert not found.uncounted
    assert [tuple(each.shape) for each in outputs] == [(1, 2, 25, 25), (1, 4, 25, 25)]


def official_names() -> dict[str, tuple[int, ...]]:
    """Names and shapes in the authors' checkpoints, from their classes' construction."""
    found: dict[str, tuple[int, ...]] = {}

    def norm(name: str, channels: int) -> None:
        found.update({f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")})
        found[f"{name}.num_batches_tracked"] = ()

    def conv(name: str, out: int, channels: int, kernel: int, into: str) -> None:
        found[f"{name}.weight"] = (out, channels, kernel, kernel)
        norm(into, out)

    conv("backbone.conv1", 64, 3, 7, "backbone.bn1")
    channels = 64
    for stage, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), 1):
        for block in range(blocks):
            at = f"backbone.layer{stage}.{block}"
            conv(f"{at}.conv1", width, channels, 1, f"{at}.bn1")
            conv(f"{at}.conv2", width, width, 3, f"{at}.bn2")
            conv(f"{at}.conv3", 4 * width, width, 1, f"{at}.bn3")
            if block == 0:
                conv(f"{at}.downsample.0", 4 * width, channels, 1 if stage == 1 else 3, f"{at}.downsample.1")
            channels = 4 * width
    for level, count in ((2, 512), (3, 1024), (4, 2048)):
        conv(f"neck.downsample{level}.downsample.0", 256, count, 1, f"neck.downsample{level}.downsample.1")
        for branch, out in (("cls", 2), ("loc", 4)):
            at = f"head.box{level}.{branch}"
            conv(f"{at}.conv_kernel.0", 256, 256, 3, f"{at}.conv_kernel.1")
            conv(f"{at}.conv_search.0", 256, 256, 3, f"{at}.conv_search.1")
            conv(f"{at}.head.0", 256, 256, 1, f"{at}.head.1")
            found |= {f"{at}.head.3.weight": (out, 256, 1, 1), f"{at}.head.3.bias": (out,)}
    return found | dict.fromkeys(("head.cls_weight", "head.loc_weight", "head.loc_scale"), (3,))


def test_official_names_and_shapes_load_as_they_are(network: Any) -> None:
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == official_names()


def test_levels_are_mixed_by_their_learnt_weights(network: Any) -> None:
    heads = network.head
    with torch.inference_mode():
        templates, searches = (
            [torch.randn(1, 256, 7, 7) for _ in range(3)],
            [torch.randn(1, 256, 31, 31) for _ in range(3)],
        )
        heads.cls_weight.copy_(torch.tensor([1.0, 2, 0.5]))
        heads.loc_scale.copy_(torch.tensor([0.1, 0.2, 0.3]))
        classes, distances = heads(templates, searches)
        weights = torch.tensor([1.0, 2, 0.5]).exp()
        each = [getattr(heads, f"box{level}")(z, x) for level, z, x in zip((2, 3, 4), templates, searches, strict=True)]
        mixed = sum(one * weight for (one, _), weight in zip(each, weights / weights.sum(), strict=True))
        far = sum((loc * scale).exp() / 3 for (_, loc), scale in zip(each, (0.1, 0.2, 0.3), strict=True))
        heads.cls_weight.fill_(1), heads.loc_scale.fill_(1)
    assert torch.allclose(classes, mixed, atol=1e-6)
    assert torch.allclose(distances, far, rtol=1e-4)


# -- crops -----------------------------------------------------------------------------------------------------------
def literal_crop(frame: Any, center: Any, side: int, color: Any) -> Any:
    """A square of pixels, one by one: the authors' rule for the corner, the mean colour where there is no pixel."""
    left, top = (int(np.floor(middle - (side + 1) / 2 + 0.5)) for middle in center)
    found = np.zeros((side, side, 3), np.uint8)
    for row in range(side):
        for column in range(side):
            y, x = top + row, left + column
            inside = 0 <= y < frame.shape[0] and 0 <= x < frame.shape[1]
            found[row, column] = frame[y, x] if inside else [int(value) for value in color]
    return found


@given(st.floats(0, 30), st.floats(0, 20), st.integers(1, 60))
@settings(max_examples=40)
def test_crops_are_squares_around_the_target(x: float, y: float, side: int) -> None:
    frame = (np.arange(20 * 30 * 3) * 7 % 256).astype(np.uint8).reshape(20, 30, 3)
    color = frame.mean(axis=(0, 1))
    assert np.array_equal(crop(frame, np.array([x, y]), side, side, color), literal_crop(frame, (x, y), side, color))


def test_crops_are_resized_as_opencv_resizes() -> None:
    cv2 = pytest.importorskip("cv2")
    frame = np.random.default_rng(1).integers(0, 256, (80, 90, 3), np.uint8)
    for side, size in ((61, 127), (200, 127), (77, 255)):
        whole = crop(frame, np.array([40.0, 30]), side, side, frame.mean(axis=(0, 1)))
        found = crop(frame, np.array([40.0, 30]), side, size, frame.mean(axis=(0, 1)))
        assert np.array_equal(found, cv2.resize(whole, (size, size)))


def test_it_starts_with_the_upright_box_of_the_corners() -> None:
    center, size = start(np.array([10.0, 20, 30, 40]))
    assert (center.tolist(), size.tolist()) == ([25, 40], [30, 40])
    center, size = start(np.array([10.0, 0, 20, 10, 10, 20, 0, 10]))
    # A square on its tip has half of its bounds' area.
    assert center.tolist() == [10, 10]
    assert size == pytest.approx([20 * 0.5**0.5 + 1] * 2)


# -- the tracker -----------------------------------------------------------------------------------------------------
class Chosen(torch.nn.Module):
    """Answers what it is told: the same score everywhere but at one point, distances of one size."""

    def __init__(self, point: int, distances: tuple[float, float, float, float], peak: float = 4.0) -> None:
        super().__init__()
        self.classes = torch.zeros(1, 2, 625)
        self.classes[0, 1, point] = peak
        self.distances = torch.tensor(distances)[None, :, None].repeat(1, 1, 625)

    def template(self, patch: Any) -> list[Any]:
        self.seen = patch
        return []

    def forward(self, templates: Any, patch: Any) -> Any:
        return self.classes.view(1, 2, 25, 25), self.distances.view(1, 4, 25, 25)


def literal_update(
    point: int, distances: tuple[float, ...], center: list[float], size: list[float], shape: tuple[int, int]
) -> list[float]:
    """The paper's choice for one peak that wins: move there, let the size follow by penalty times score times rate."""
    side = ((size[0] + sum(size) / 2) * (size[1] + sum(size) / 2)) ** 0.5
    scale = 127 / side
    score = np.exp(4) / (1 + np.exp(4))
    width, height = distances[0] + distances[2], distances[1] + distances[3]

    def larger(ratio: float) -> float:
        return max(ratio, 1 / ratio)

    def root(w: float, h: float) -> float:
        return float(((w + (w + h) / 2) * (h + (w + h) / 2)) ** 0.5)

    changed = larger(root(width, height) / root(size[0] * scale, size[1] * scale))
    turned = larger((size[0] / size[1]) / (width / height))
    rate = np.exp(-(changed * turned - 1) * 0.08) * score * 0.44
    x = (point % 25 - 12) * 8 + (distances[2] - distances[0]) / 2
    y = (point // 25 - 12) * 8 + (distances[3] - distances[1]) / 2
    cx = min(max(center[0] + x / scale, 0), shape[1])
    cy = min(max(center[1] + y / scale, 0), shape[0])
    w = max(10, min(size[0] * (1 - rate) + width / scale * rate, shape[1]))
    h = max(10, min(size[1] * (1 - rate) + height / scale * rate, shape[0]))
    return [cx - w / 2, cy - h / 2, w, h]


@pytest.mark.parametrize(
    ("point", "distances"),
    [(312, (30.0, 20, 34, 28)), (313, (10.0, 12, 14, 16)), (287, (60.0, 61, 62, 63)), (310, (3.0, 4, 5, 6))],
)
def test_the_best_point_moves_the_box_and_its_size_follows(point: int, distances: Any) -> None:
    tracker = SiamBanTracker(Chosen(point, distances, peak=4.0), "cpu", TUNED)  # type: ignore[arg-type]
    frame = np.zeros((120, 160, 3), np.uint8)
    tracker.init(frame, np.array([50.0, 40, 30, 20]))
    answer = tracker.update(frame)
    expected = literal_update(point, distances, [65, 50], [30, 20], (120, 160))
    assert answer["box"] == pytest.approx(expected, rel=1e-5)
    assert answer["score"] == pytest.approx(np.exp(4) / (1 + np.exp(4)), rel=1e-6)


def test_far_points_need_a_better_score_than_near_ones() -> None:
    frame = np.zeros((120, 160, 3), np.uint8)
    boxes = []
    for window in (0.0, 0.9):
        model: Any = Chosen(0, (20.0, 20, 20, 20), peak=1.0)
        tracker = SiamBanTracker(model, "cpu", Penalties(window_influence=window, penalty_k=0.0, learning_rate=0.3))
        tracker.init(frame, np.array([70.0, 50, 20, 20]))
        boxes.append(tracker.update(frame)["box"])
    assert boxes[0][0] < 60
    assert boxes[1][0] == pytest.approx(70, abs=1)


def test_the_network_sees_blue_first() -> None:
    model: Any = Chosen(312, (20.0, 20, 20, 20))
    frame = np.zeros((60, 60, 3), np.uint8)
    frame[..., 0], frame[..., 2] = 200, 50
    SiamBanTracker(model, "cpu", TUNED).init(frame, np.array([20.0, 20, 20, 20]))
    assert model.seen.shape == (1, 3, 127, 127)
    assert model.seen[0, :, 0, 0].tolist() == [50, 0, 200]


# -- the submission --------------------------------------------------------------------------------------------------
def test_weights_that_are_missing_are_named_with_their_place(cli: Callable[..., Done]) -> None:
    said = cli("eval", "--task", "otb100", "--data", "sample", "--submission", "siamban").sentence()
    assert "siamban_r50_l234_otb" in said
    assert (
        "siamban_r50_l234_otb"
        not in cli("eval", "--task", "vot2018", "--data", "sample", "--submission", "siamban").sentence()
    )


def test_a_checkpoint_with_the_authors_wrappers_tracks(network: Any, tmp_path: Path) -> None:
    from PIL import Image

    from harness import evaluate

    (tmp_path / "data" / "one" / "img").mkdir(parents=True)
    for number in (1, 2):
        Image.new("RGB", (60, 40), (90, 40, 20)).save(tmp_path / "data" / "one" / "img" / f"{number:04d}.jpg")
    (tmp_path / "data" / "one" / "groundtruth_rect.txt").write_text("20,10,16,12\n" * 2)
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save({"epoch": 20, "state_dict": state}, tmp_path / "model.pth")
    found = evaluate(
        "otb100", "siamban", data=tmp_path / "data", weights=str(tmp_path / "model.pth"), home=tmp_path / "home",
        measure=False, log=False, page=False,
    )  # fmt: skip
    assert found.submission.variant == "r50_l234_otb"
    assert found.measurements.observed[0].facts["updates"] == 1
