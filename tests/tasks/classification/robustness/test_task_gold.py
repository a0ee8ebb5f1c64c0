"""ResNet-2B on 200 real images: as many right as elsewhere, and under each attack at most two images from it."""

import json

import pytest

pytest.importorskip("torch")

NAME = "cifar_resnet2b_200"


def count(done, when: str) -> int:
    rows = next(table for table in done.json()["tables"] if table["name"] == "counts")["rows"]
    return next(row[1] for row in rows if row[0] == when)


def attacked(cli, shared, *arguments):
    folder = shared / "data/classification"
    return cli(
        "eval", "--task", "cifar10-linf", "--submission", "resnet2b", "--images", folder / "cifar10_test200_images.npy",
        "--annotations", folder / "cifar10_test200_labels.npy", "--weights", shared / "data/robustness/weights/resnet2b.pth",
        "--no-measure", "--no-interval", "--json", *arguments,
    )  # fmt: skip


@pytest.fixture
def gold(shared) -> dict[str, int]:
    return json.loads((shared / "gold/robustness.json").read_text())[NAME]["results"]["resnet2b"]


@pytest.mark.parametrize(
    ("key", "flags"),
    [
        ("fgsm_eps2", ("--attack", "fgsm", "--eps", "2/255")),
        ("fgsm_eps8", ("--attack", "fgsm", "--eps", "8/255")),
        ("pgd7_rs_step_eps/4_eps2", ("--attack", "pgd", "--steps", "7", "--eps", "2/255")),
        ("pgd7_rs_step_eps/4_eps8", ("--attack", "pgd", "--steps", "7")),
        ("pgd20_rs_step_eps/4_eps2", ("--attack", "pgd", "--steps", "20", "--eps", "2/255")),
        ("pgd20_rs_step_eps/4_eps8", ("--attack", "pgd")),
        pytest.param(
            "pgd100_rs_step_eps/10_eps2", ("--attack", "pgd", "--steps", "100", "--step-size", "eps/10", "--eps", "2/255"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "pgd100_rs_step_eps/10_eps8", ("--attack", "pgd", "--steps", "100", "--step-size", "eps/10"), marks=pytest.mark.slow
        ),
    ],
)  # fmt: skip
def test_as_many_stand_as_in_the_gold(cli, shared, gold, key, flags):
    done = attacked(cli, shared, *flags)
    assert count(done, "as they are") == gold["clean"] == 148
    assert abs(count(done, f"after {flags[1]}") - gold[key]) <= 2
    assert done.json()["flags"] == []


@pytest.mark.slow
def test_the_standard_battery_begins_as_in_the_gold(cli, shared, gold):
    done = attacked(cli, shared, "--eps", "2/255", "--limit", "100")
    assert count(done, "as they are") == gold["clean_first100"]
    assert abs(count(done, "after apgd-t") - gold["aa_apgdce_apgdt_eps2_first100"]) <= 1
    assert [flag["code"] for flag in done.json()["flags"]] == ["limit"]
    rows = next(table for table in done.json()["tables"] if table["name"] == "attacks")["rows"]
    assert all(row[4] is None or row[4] <= gold["aa_max_linf"] + 1e-6 for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("submission", "weights", "right"),
    [("resnet-cifar", "resnet20-12fca82f.th", 185), ("addernet", "ResNet20-AdderNet.pth", 185)],
)
def test_networks_made_for_accuracy_fall(cli, shared, submission, weights, right):
    folder = shared / "data/classification"
    done = cli(
        "eval", "--task", "cifar10-linf", "--submission", submission, "--images", folder / "cifar10_test200_images.npy",
        "--annotations", folder / "cifar10_test200_labels.npy", "--weights", folder / "weights" / weights, "--attack", "fgsm",
        "--no-measure", "--no-interval", "--json",
    )  # fmt: skip
    assert count(done, "as they are") == right and count(done, "after fgsm") < 60


def test_a_run_verifies_and_its_images_score_the_same_from_a_file(cli, shared, tmp_path):
    import numpy as np

    done = attacked(cli, shared, "--attack", "fgsm", "--eps", "2/255", "--keep-images")
    record = done.json()
    assert cli("verify", record["id"]).status == 0
    place = next(one["path"] for one in record["artifacts"] if one["kind"] == "predictions")
    parts = [dict(np.load(path)) for path in sorted((tmp_path / "home" / place).glob("part-*.npz"))]
    names = ("clean_logits", "adversarial_logits", "adversarial_image")
    content = {name: np.concatenate([part[name] for part in parts]) for name in names}
    ids = np.concatenate([part["#ids"] for part in parts])
    np.savez(tmp_path / "mine.npz", ids=ids, **content)
    folder = shared / "data/classification"
    data = ("--images", folder / "cifar10_test200_images.npy", "--annotations", folder / "cifar10_test200_labels.npy")
    again = cli(
        "score", "--task", "cifar10-linf", tmp_path / "mine.npz", *data, "--attack", "fgsm", "--eps", "2/255", "--no-interval",
        "--json",
    )  # fmt: skip
    assert again.json()["metrics"][0]["value"] == record["metrics"][0]["value"]
    tighter = cli("score", "--task", "cifar10-linf", tmp_path / "mine.npz", *data, "--attack", "fgsm", "--eps", "1/255")
    assert "leaves its set" in tighter.sentence()
