"""``harness cost``: without data or weights, on what the submission states or on a sample."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done

pytest.importorskip("torch")

Cli = Callable[..., Done]


def test_a_submission_is_counted_without_weights_and_says_so(cli: Cli) -> None:
    done = cli("cost", "addernet")
    assert done.status == 0, done.err
    assert "No weights of addernet are at hand: random ones stand in" in done.err
    assert "counted on the first generated sample of cifar10/test" in done.out
    assert "parameters    272,484" in done.out
    assert "#Add: additions of layers and products" in done.out and "81,183,360" in done.out


def test_both_ways_to_name_a_submission_give_the_same_document(cli: Cli) -> None:
    named, flagged = (
        cli("cost", "torchvision:resnet18", "--json"),
        cli("cost", "--submission", "torchvision:resnet18", "--json"),
    )
    assert named.out == flagged.out
    found = json.loads(named.out)
    assert (found["cost"]["parameters"], found["cost"]["macs"]) == (11689512, 1814073344)
    assert (found["task"], found["weights"], found["cost"]["complete"]) == ("imagenet", "random", True)
    assert found["cost"]["sizes"]["stored_bits"] == 32 * 11689512
    rows = found["cost"]["operators"]
    assert sum(row["operations"].get("mac", 0) for row in rows) == found["cost"]["macs"]


def test_a_variants_own_picture_and_one_that_is_asked_for(cli: Cli) -> None:
    stated = json.loads(cli("cost", "edsr-baseline", "--variant", "x2", "--json").out)
    assert stated["counted_on"] == "a random picture of 3x360x640" and stated["options"]["scale"] == 2
    asked = json.loads(cli("cost", "edsr-baseline", "--input", "3x128x128", "--json").out)
    assert asked["cost"]["macs"] == 32494731264


def test_with_a_task_its_sample_is_counted(cli: Cli) -> None:
    found = json.loads(cli("cost", "resnet-cifar", "--task", "cifar10", "--set", "width=4", "--json").out)
    assert found["counted_on"] == "the first generated sample of cifar10/test"
    assert found["options"]["width"] == 4 and found["cost"]["input"] == "3x32x32 float32"


def test_a_method_without_a_network_has_no_count(cli: Cli) -> None:
    done = cli("cost", "bicubic")
    assert done.status == 0 and "not counted: the submission names no torch module to count" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no submission is named"),
        (("addernet", "--submission", "carn"), "two submissions are named, addernet and carn"),
        (("adernet",), "there is no submission 'adernet'; did you mean addernet?"),
        (("torchvision:resnet51",), "there are"),
        (("addernet", "--input", "3x224"), "write channels, height and width"),
        (("addernet", "--input", "0x2x2"), "write channels, height and width"),
        (("addernet", "--variant", "resnet21"), "addernet has no variant 'resnet21'"),
        (("addernet", "--task", "coco"), "coco asks for"),
        (("addernet", "--weights", "nowhere.pth"), "there is no such file"),
        (("addernet", "--set", "deph=20"), "--set deph"),
        (("addernet", "--data", "."), "whose data these are is said with --task"),
        (("mcn",), "states claims only"),
        (("bicubic", "--input", "3x8x8"), "names no torch module that could be given a picture"),
    ],
)
def test_what_cannot_be_is_one_sentence(cli: Cli, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = cli("cost", *arguments)
    assert done.status in (1, 2) and message in done.err, done.err
    assert "Traceback" not in done.err and "defect" not in done.err


def test_a_network_that_the_picture_does_not_fit_is_told(cli: Cli) -> None:
    done = cli("cost", "addernet", "--input", "5x32x32")
    assert done.status == 1 and "the model failed on input 0 while its operations were counted" in done.err
