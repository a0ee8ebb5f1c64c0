"""If these fail, the authors' checkpoints no longer load, or the network is not the paper's."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from harness.errors import WeightsError  # noqa: E402
from harness.submission import Checkpoint  # noqa: E402
from harness.weights import load_into, load_state  # noqa: E402
from submissions.centernet.network import HOURGLASS_52, HOURGLASS_104, SAMPLE, Architecture, CenterNet  # noqa: E402

TINY = Architecture(stacks=2, classes=3, stem=(4, 8), dims=(8, 12), modules=(1, 1), features=8, pool_width=4)


def on_meta(architecture: Architecture) -> CenterNet:
    with torch.device("meta"):
        return CenterNet(architecture).eval()


@pytest.fixture(scope="module")
def official_shapes() -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in on_meta(HOURGLASS_104).state_dict().items()}


def parameters(network: CenterNet) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def macs(network: CenterNet, side: int) -> int:
    """Multiplications of convolutions for one image, counted from their outputs; corner pooling has none."""
    total = 0

    def count(module: torch.nn.Conv2d, _: object, output: torch.Tensor) -> None:
        nonlocal total
        total += output.numel() * module.in_channels * module.kernel_size[0] * module.kernel_size[1]

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.empty(1, 3, side, side, device="meta"))
    return total


def test_hourglass_104_is_the_official_network() -> None:
    network = on_meta(HOURGLASS_104)
    assert parameters(network) == 210_062_960
    assert macs(network, 511) == 417_067_433_984
    assert macs(on_meta(HOURGLASS_104), 767) == 938_401_726_464


def test_batch_normalisation_holds_the_official_share_of_parameters() -> None:
    norms = [m for m in on_meta(HOURGLASS_104).modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert sum(p.numel() for m in norms for p in m.parameters()) == 131_840


def test_hourglass_52_is_one_stack_of_it() -> None:
    small, large = (set(on_meta(a).state_dict()) for a in (HOURGLASS_52, HOURGLASS_104))
    assert small < large
    extra = {name.split(".")[0] for name in large - small if ".1." not in name}
    assert extra == {"inters", "inters_", "cnvs_"}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("pre.0.conv.weight", (128, 3, 7, 7)),
        ("pre.1.skip.0.weight", (256, 128, 1, 1)),
        ("kps.0.up1.1.bn2.running_mean", (256,)),
        ("kps.0.low1.0.skip.1.weight", (256,)),
        ("kps.1.low2.low2.low2.low2.low2.3.conv2.weight", (512, 512, 3, 3)),
        ("kps.1.low2.low2.low2.low2.low3.1.conv1.weight", (384, 512, 3, 3)),
        ("cnvs.1.conv.weight", (256, 256, 3, 3)),
        ("tl_cnvs.0.P1_look_conv.weight", (128, 128, 3, 3)),
        ("br_cnvs.1.look_conv2.bn.num_batches_tracked", ()),
        ("ct_cnvs.0.p_bn1.weight", (256,)),
        ("tl_heats.1.1.bias", (80,)),
        ("ct_heats.0.0.conv.bias", (256,)),
        ("br_tags.0.1.weight", (1, 256, 1, 1)),
        ("ct_regrs.1.1.weight", (2, 256, 1, 1)),
        ("inters.0.bn1.weight", (256,)),
        ("inters_.0.0.weight", (256, 256, 1, 1)),
        ("cnvs_.0.1.running_var", (256,)),
    ],
)
def test_keys_and_shapes_of_the_official_checkpoint(
    official_shapes: dict[str, tuple[int, ...]], name: str, shape: tuple[int, ...]
) -> None:
    assert official_shapes[name] == shape


def test_the_official_checkpoint_has_no_other_groups(official_shapes: dict[str, tuple[int, ...]]) -> None:
    assert len(official_shapes) == 1260
    heads = {f"{point}_{kind}" for point in ("tl", "br", "ct") for kind in ("cnvs", "heats", "regrs")}
    assert {name.split(".")[0] for name in official_shapes} == (
        heads | {"tl_tags", "br_tags", "pre", "kps", "cnvs", "inters", "inters_", "cnvs_"}
    )


def test_a_checkpoint_saved_as_the_authors_do_loads(tmp_path: Path) -> None:
    trained = CenterNet(TINY).eval()
    path = tmp_path / "CenterNet-104_480000.pkl"
    torch.save({f"module.{name}": value for name, value in trained.state_dict().items()}, path)
    fresh = CenterNet(TINY).eval()
    load_into(fresh, load_state(Checkpoint(kind="file", path=path)), "centernet")
    image = torch.linspace(-1, 1, 3 * 31 * 31).reshape(1, 3, 31, 31)
    with torch.no_grad():
        assert all(torch.equal(a, b) for a, b in zip(trained(image), fresh(image), strict=True))


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(WeightsError, match="another network"):
        load_into(CenterNet(TINY), CenterNet(SAMPLE).state_dict(), "centernet")


def test_maps_are_a_quarter_of_the_padded_image() -> None:
    maps = on_meta(SAMPLE)(torch.empty(2, 3, 159, 191, device="meta"))
    assert [part.shape[1] for part in maps] == [6, 6, 6, 1, 1, 2, 2, 2]
    assert {tuple(part.shape[2:]) for part in maps} == {(40, 48)}
