"""If these fail, a row that a table quotes is held against another network than the one it is of."""

import re

import pytest

torch = pytest.importorskip("torch")

from counted_networks import SUBMISSIONS, counted, parameters  # noqa: E402

from harness.manifest import read_manifest  # noqa: E402
from submissions.quoted_networks.model import NETWORKS  # noqa: E402
from submissions.quoted_networks.stacks import Cell, plans  # noqa: E402

PRINTED = {
    "nasnet-a": ("5.3", "564"), "nasnet-a-cifar": ("3.3", ""), "amoebanet-a": ("5.1", "555"),
    "amoebanet-a-cifar": ("3.2", ""), "amoebanet-b": ("5.3", "555"), "amoebanet-b-cifar": ("2.8", ""),
    "amoebanet-c": ("6.4", ""), "pnasnet-5": ("5.1", ""), "pnasnet-5-cifar": ("3.2", ""),
    "densenet-bc-cifar": ("25.6", ""), "shufflenet-2x": ("", "524"), "proxylessnas-gpu": ("7.1", "465"),
    "inception-v1": ("6.6", ""), "shufflenet-v2-2x": ("", ""), "enas-cifar": ("", ""),
    "proxylessnas-cifar": ("5.7", ""),
}  # fmt: skip
"""Millions of parameters and multiply-accumulates as the networks' own papers print them; empty where that differs."""
KNOWN = {
    "nasnet-a": 5_289_978, "densenet-bc-cifar": 25_624_430, "proxylessnas-gpu": 7_119_848, "enas-cifar": 3_894_372 + 10,
}  # fmt: skip
"""Parameters of other people's implementations in PyTorch, of ENAS of its authors' in TensorFlow, which has no bias at last."""


def counts(name: str) -> tuple[int, int]:
    cifar = name.endswith("-cifar")
    with torch.device("meta"):
        network = NETWORKS[name](10 if cifar else 1000).eval()
        side = 32 if cifar else 224
        found = counted(network, 1, 3, side, side)
    return parameters(network), int(found.macs)


@pytest.mark.parametrize("name", NETWORKS)
def test_counts_are_those_of_the_papers_and_of_the_readme(name: str) -> None:
    found = counts(name)
    for value, printed in zip(found, PRINTED[name], strict=True):
        places = len(printed.partition(".")[2])
        assert not printed or f"{value / 1e6:.{places}f}" == printed
    assert KNOWN.get(name, found[0]) == found[0]
    readme = (SUBMISSIONS / "quoted_networks/README.md").read_text()
    row = re.search(rf"^\| `{name}` \|.*\| ([\d,]+) \| ([\d,]+) \|$", readme, re.M)
    assert row is not None and tuple(int(text.replace(",", "")) for text in row.groups()) == found


def test_every_network_is_a_variant_and_every_variant_a_network() -> None:
    manifest = read_manifest(SUBMISSIONS / "quoted_networks")
    assert {variant.name: variant.options["network"] for variant in manifest.variants} == {n: n for n in NETWORKS}


@pytest.mark.parametrize(
    "name",
    [
        "nasnet-a-cifar",
        "enas-cifar",
        "amoebanet-b",
        "amoebanet-c",
        "pnasnet-5",
        "shufflenet-2x",
        "proxylessnas-gpu",
        "proxylessnas-cifar",
    ],
)
def test_a_picture_of_an_odd_size_gives_logits(name: str) -> None:
    with torch.inference_mode():
        assert NETWORKS[name](7).eval()(torch.rand(1, 3, 67, 65)).shape == (1, 7)


@pytest.mark.parametrize("name", list(plans()))
@pytest.mark.parametrize("stride", [1, 2])
def test_a_cell_adds_pairs_and_answers_with_the_states_named(name: str, stride: int) -> None:
    """Every operation replaced by one that halves or keeps the size: what a cell adds is then known by hand."""
    plan = plans()[name]
    assert len(plan.operations) == len(plan.reads) == 10
    assert all(0 <= state < 2 + place // 2 for place, state in enumerate(plan.reads))
    cell = Cell(plan, (8, 8), 8, stride, halved=False, first=False).eval()

    class Pick(torch.nn.Module):
        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :, :: self.step, :: self.step]

    cell.last = cell.before = torch.nn.Identity()
    cell.operations = torch.nn.ModuleList(Pick(stride if state < 2 else 1) for state in plan.reads)
    cell.loose = torch.nn.ModuleDict({name: Pick(stride) for name in cell.loose})
    last, before = torch.rand(1, 8, 6, 6), torch.rand(1, 8, 6, 6)
    states = [last[:, :, ::stride, ::stride], before[:, :, ::stride, ::stride]]
    for pair in range(5):
        states.append(states[plan.reads[2 * pair]] + states[plan.reads[2 * pair + 1]])
    expected = torch.cat([states[state] for state in plan.answer], 1)
    torch.testing.assert_close(cell(last, before), expected, rtol=0, atol=0)
    unread = set(range(7)) - set(plan.reads)
    assert unread <= set(plan.answer), "a state that nothing reads and that is no answer would be computed for nothing"
