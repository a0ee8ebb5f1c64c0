"""Checkpoints: the wrappers of trainers are understood, and no file runs code."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from command_line import Harness

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.live

from harness.errors import HarnessError, UsageError, WeightsError  # noqa: E402
from harness.manifest import Manifest, PublishedWeights, Variant  # noqa: E402
from harness.submission import Checkpoint  # noqa: E402
from harness.weights import file_digest, load_into, load_state, resolve  # noqa: E402


def network(width: int = 3) -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, width, 3), torch.nn.BatchNorm2d(width))


STATE = network().state_dict()


def checkpoint(folder: Path, content: Any, key: str = "") -> Checkpoint:
    path = folder / "weights.pth"
    torch.save(content, path)
    return Checkpoint(kind="file", path=path, key=key)


def prefixed(prefix: str) -> dict[str, Any]:
    return {prefix + name: value for name, value in STATE.items()}


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3},
        {"model": STATE, "optimizer": {"lr": 0.1}},
        {"ema": STATE},
        {"params": STATE},
        {"model": STATE, "step": torch.tensor(5)},
        {"state_dict": prefixed("module.")},
        prefixed("module."),
        prefixed("_orig_mod."),
        {"state_dict": prefixed("model.")},
        {"state_dict": prefixed("model.module.")},
        {"state_dict": prefixed("_orig_mod.module.")},
        {"state_dict": {name: value for name, value in STATE.items() if "num_batches" not in name}},
    ],
    ids=lambda content: ",".join(list(content)[:2]),
)
def test_what_trainers_write_loads(tmp_path: Path, content: Any) -> None:
    net = network()
    torch.nn.init.zeros_(net[0].weight)
    load_into(net, load_state(checkpoint(tmp_path, content)), "net")
    assert all(torch.equal(net.state_dict()[name], STATE[name]) for name in STATE)


def test_safetensors_load_too(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file(STATE, tmp_path / "weights.safetensors")
    found = load_state(Checkpoint(kind="file", path=tmp_path / "weights.safetensors"))
    assert all(torch.equal(found[name], STATE[name]) for name in STATE)


def test_a_network_whose_own_names_begin_like_a_prefix_loads(tmp_path: Path) -> None:
    class Wrapped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = network()

    net = Wrapped()
    for content in (net.state_dict(), {"state_dict": net.state_dict()}, STATE):
        load_into(Wrapped(), load_state(checkpoint(tmp_path, content)), "net")


def test_the_key_chooses_among_several_states(tmp_path: Path) -> None:
    other = {name: value + 1 for name, value in STATE.items()}
    content = {"model": STATE, "ema": other}
    with pytest.raises(WeightsError, match=r"holds several states \(model, ema\); choose one with --weights-key"):
        load_state(checkpoint(tmp_path, content))
    found = load_state(checkpoint(tmp_path, content, "ema"))
    assert torch.equal(found["0.bias"], other["0.bias"])
    with pytest.raises(WeightsError, match=r"has no entry 'emma'; it has: model, ema"):
        load_state(checkpoint(tmp_path, content, "emma"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "holds a list, not a mapping of names to tensors"),
        ({"epoch": 3, "config": {}}, "holds no network state; its entries are: epoch, config"),
        (torch.zeros(3), "holds a Tensor, not a mapping"),
    ],
)
def test_files_without_a_network_say_what_they_hold(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        load_state(checkpoint(tmp_path, content))


def test_another_network_is_told_with_at_most_ten_differences(tmp_path: Path) -> None:
    state = load_state(checkpoint(tmp_path, network(width=4).state_dict()))
    with pytest.raises(
        WeightsError, match=r"belongs to another network than net \(base\): .*0\.weight is \(4, 1, 3, 3\)"
    ):
        load_into(network(), state, "net (base)")
    deep = torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in range(9)])
    with pytest.raises(WeightsError) as found:
        load_into(deep, {"x": torch.zeros(1)}, "deep", "file.pth")
    assert str(found.value).startswith("file.pth belongs to another network than deep: missing 0.bias; ")
    assert str(found.value).endswith("; and 9 more") and str(found.value).count("missing") == 10
    with pytest.raises(WeightsError, match="unknown more"):
        load_into(network(), {**STATE, "more": torch.zeros(1)}, "net")


# -- files that would run code ---------------------------------------------------------------------------------------------
class Evil:
    """Unpickling it writes a file."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.witness),)


@pytest.mark.parametrize("raw", [0, 2, 4, 5], ids=["saved by torch", "protocol 2", "protocol 4", "protocol 5"])
def test_a_pickle_that_would_run_code_is_refused_and_not_run(tmp_path: Path, raw: int) -> None:
    witness, path = tmp_path / "witness", tmp_path / "weights.pth"
    content = {"state_dict": {} if raw else STATE, "config": Evil(witness)}
    path.write_bytes(pickle.dumps(content, protocol=raw)) if raw else torch.save(content, path)
    words = r"wants to load the class (posix|os)\.mkdir, which the safe loader refuses .*harness weights convert"
    with pytest.raises(WeightsError, match=words):
        load_state(Checkpoint(kind="file", path=path))
    assert not witness.exists()
    torch.load(path, weights_only=False) if not raw else pickle.loads(path.read_bytes())
    assert witness.exists(), "the file was harmless, so this test proves nothing"


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("kept", [0, 1, 100, -1, -1000])
def test_a_truncated_file_is_told(tmp_path: Path, name: str, kept: int) -> None:
    from safetensors.torch import save_file

    path = tmp_path / name
    save_file(STATE, path) if path.suffix == ".safetensors" else torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"weights.* (check the download|check that it was downloaded whole)"):
        load_state(Checkpoint(kind="file", path=path))


# -- converting --------------------------------------------------------------------------------------------------------
ARGPARSE = """
import argparse, sys, torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3))
whole = {"state_dict": net.state_dict(), "args": argparse.Namespace(lr=0.1)}
torch.save(whole if sys.argv[2] == "dict" else net, sys.argv[1])
"""


@pytest.mark.parametrize("kind", ["dict", "module"])
def test_convert_keeps_the_tensors_of_a_refused_file(tmp_path: Path, harness: Harness, kind: str) -> None:
    import subprocess
    import sys

    path, out = tmp_path / "official.pth", tmp_path / "official.safetensors"
    subprocess.run([sys.executable, "-c", ARGPARSE, str(path), kind], check=True)
    with pytest.raises(WeightsError, match="harness weights convert"):
        load_state(Checkpoint(kind="file", path=path))
    assert harness("weights", "convert", path, out, "--json").json() == {"out": str(out)}
    found = load_state(Checkpoint(kind="file", path=out))
    assert set(found) == set(STATE) and all(torch.equal(found[name], STATE[name]) for name in STATE)


def test_convert_ends_in_a_sentence(tmp_path: Path, harness: Harness) -> None:
    (tmp_path / "cut.pth").write_bytes(b"\x80\x02cut")
    assert "cut.pth could not be converted: " in harness("weights", "convert", "cut.pth", "o.safetensors").sentence()
    assert not (tmp_path / "o.safetensors").exists()
    assert "there is no such file" in harness("weights", "convert", "no.pth", "o.safetensors").sentence(2)


# -- which file --------------------------------------------------------------------------------------------------------
def resolved(folder: Path, weights: str, **published: str) -> Checkpoint:
    manifest = Manifest(name="m", title="t", interfaces=[])
    return resolve(
        weights, "", manifest, Variant(name="v", weights=PublishedWeights(**published)), folder, "coco/val2017"
    )


def test_weights_are_found_and_identified(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"content")
    digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    assert file_digest(tmp_path / "w.pth") == digest
    for found in (resolved(tmp_path, str(tmp_path / "w.pth")), resolved(tmp_path, "", file="w.pth")):
        assert (found.kind, found.sha256, found.name) == ("file", digest, "w.pth")
    assert resolved(tmp_path, "").kind == "none"
    assert resolved(tmp_path, "random", published="x").kind == "random"


@pytest.mark.parametrize(
    ("weights", "published", "error", "words"),
    [
        ("no.pth", {}, WeightsError, r"--weights no\.pth: there is no such file"),
        ("", {"file": "gone.pth"}, WeightsError, r"m names gone\.pth in its manifest, but .* is missing"),
        ("default", {"published": "a page"}, UsageError, "no library publishes weights of m; give a file"),
        (
            "",
            {"published": "a page"},
            WeightsError,
            r"m \(v\) needs trained weights for coco/val2017: .* a page; .*--weights",
        ),
    ],
)
def test_weights_that_are_not_there_say_what_to_do(
    tmp_path: Path, weights: str, published: dict[str, str], error: type[HarnessError], words: str
) -> None:
    with pytest.raises(error, match=words):
        resolved(tmp_path, weights, **published)
