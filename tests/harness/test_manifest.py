"""Manifests: errors that name file and field, and the variant that is chosen when none is named."""

from pathlib import Path
from typing import Any

import pytest

from harness.errors import SubmissionError
from harness.manifest import Manifest, Variant, read_manifest

MINIMAL = 'name = "x"\ntitle = "t"\ninterfaces = ["detection"]\n'


def read(folder: Path, text: str | bytes) -> Manifest:
    data = text.encode() if isinstance(text, str) else text
    (folder / "submission.toml").write_bytes(data)
    return read_manifest(folder)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('name = "x"\ntitle = "t"\n', "interfaces"),
        (MINIMAL + "colour = 1\n", "colour"),
        (MINIMAL + "variants = 3\n", r"\$\.variants"),
        (MINIMAL + '[[variants]]\nname = "a"\nbatch_size = "many"\n', r"\$\.variants\[0\]\.batch_size"),
        (
            MINIMAL + '[[claims]]\ntask = "coco"\nmetric = "AP"\nvalue = 47.0\nsource = "abstract"\n',
            r"claims\[0\]\.value",
        ),
        (MINIMAL + '[options.flip]\ntitle = "t"\n', "default"),
        (MINIMAL + "name = 'twice'\n", "overwrite|duplicate|Cannot"),
        ("name = ", "submission.toml"),
        (b"name = '\xff\xfe'", "submission.toml"),
        (MINIMAL + 'default_variant = "b"\n[[variants]]\nname = "a"\n', "x has no variant 'b'; it has: a"),
        (MINIMAL + 'default_variant = "b"\n', "x has no variant 'b'; it has: none"),
    ],
)
def test_a_wrong_manifest_is_named_with_its_field(tmp_path: Path, text: str | bytes, named: str) -> None:
    with pytest.raises(SubmissionError, match=named):
        read(tmp_path, text)


def test_a_folder_without_a_manifest_says_what_a_submission_is(tmp_path: Path) -> None:
    with pytest.raises(
        SubmissionError, match=r"submission\.toml cannot be read .*; a submission is a folder with that file"
    ):
        read_manifest(tmp_path)


def test_a_claim_keeps_the_printed_precision(tmp_path: Path) -> None:
    claim = '[[claims]]\ntask = "coco"\nmetric = "AP"\nvalue = "47.0"\nsource = "abstract"\n'
    assert read(tmp_path, MINIMAL + claim).claims[0].value == "47.0"


def manifest(*variants: Variant, default: str = "") -> Manifest:
    return Manifest(name="x", title="t", interfaces=["sr"], variants=list(variants), default_variant=default)


X2, X4 = Variant(name="x2", when={"scale": 2}), Variant(name="x4", when={"scale": 4})
SAMPLE = Variant(name="sample", when={"scale": 4}, sample_of=["set5"])
BASE, BIG = Variant(name="base"), Variant(name="big")


@pytest.mark.parametrize(
    ("variants", "default", "facts", "sample", "chosen"),
    [
        ([X2, X4], "", {"scale": 4}, False, "x4"),
        ([X4, X2], "x4", {"scale": 2}, False, "x2"),
        ([BASE, SAMPLE], "", {"scale": 4}, True, "sample"),
        ([BASE, SAMPLE], "", {"scale": 2}, True, "base"),
        ([SAMPLE, BASE], "", {"scale": 4}, False, "base"),
        ([BASE, BIG], "big", {}, False, "big"),
        ([BASE, BIG], "", {}, False, "base"),
    ],
)
def test_the_variant_follows_from_the_data(
    variants: list[Variant], default: str, facts: dict[str, Any], sample: bool, chosen: str
) -> None:
    assert manifest(*variants, default=default).choose("set5", facts, sample).name == chosen


@pytest.mark.parametrize(
    ("variants", "scale", "there"),
    [([X2, X4], 3, "x2 (scale = 2), x4 (scale = 4)"), ([SAMPLE], 4, "sample (scale = 4)")],
)
def test_where_no_variant_fits_the_user_is_told_which_there_are(
    variants: list[Variant], scale: int, there: str
) -> None:
    with pytest.raises(SubmissionError) as told:
        manifest(*variants).choose("set5", {"scale": scale, "low_resolution": "from files"}, False)
    sentence = f"has no variant for set5 with scale = {scale}; it has: {there}; name one with --variant, or a --split that fits"
    assert sentence in str(told.value)
