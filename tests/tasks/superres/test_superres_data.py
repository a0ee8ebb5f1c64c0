"""Every layout in use is found, and whatever is wrong with the files is said in one sentence."""

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pngs import png_of_16_bits

from harness.errors import DataError, UsageError
from harness.task import DataRequest, Dataset
from tasks.superres import SuperResolution
from tasks.superres.images import decode
from tasks.superres.resize import downscale, modcrop

Noise = Callable[..., np.ndarray]
Save = Callable[[Path, np.ndarray], Path]
SIZES = {"one": (40, 48), "two": (45, 51), "three": (52, 40)}


@pytest.fixture
def set5_like(tmp_path: Path, save: Save, noise: Noise) -> Path:
    """A small set in the official layout, x4 only; ``two`` needs cropping."""
    for seed, (name, size) in enumerate(SIZES.items()):
        high = noise(*size, 3, seed=seed)
        save(tmp_path / "Set5" / "HR" / f"{name}.png", high)
        save(tmp_path / "Set5" / "LR_bicubic" / "x4" / f"{name}x4.bmp", downscale(modcrop(high, 4), 4))
    return tmp_path


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"inner/{path.name}")
        archive.writestr("__MACOSX/inner/._one.png", b"resource fork")
    return target


def test_truth_is_cropped_and_inputs_are_read(task: SuperResolution, set5_like: Path) -> None:
    dataset = task.open(DataRequest(data=set5_like))
    assert dataset.ids == ("one", "three", "two")
    assert dataset.truth.dense("size").tolist() == [[40, 48], [52, 40], [44, 48]]
    assert dataset.sample(2).inputs["image"].shape == (11, 12, 3)
    assert dataset.facts["scale"] == 4


def test_the_data_set_may_be_named_itself_or_by_a_folder_above(task: SuperResolution, set5_like: Path) -> None:
    digests = {
        task.open(DataRequest(data=root)).truth.digest()
        for root in (
            set5_like,
            set5_like / "Set5",
            Path(shutil.copytree(set5_like, set5_like / "a" / "benchmark")).parent,
        )
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("high", "low", "ending"),
    [
        ("benchmark/Set5/HR", "benchmark/Set5/LR_bicubic/X4", "x4"),
        ("Set5/GTmod12", "Set5/LRbicx4", ""),
        ("Set5/HR", "Set5/LR_bicubic/x4", "_x4"),
    ],
)
def test_the_layouts_of_edsr_and_basicsr(
    task: SuperResolution, set5_like: Path, tmp_path: Path, high: str, low: str, ending: str
) -> None:
    root, expected = tmp_path / "other", task.open(DataRequest(data=set5_like))
    shutil.copytree(set5_like / "Set5" / "HR", root / high)
    (root / low).mkdir(parents=True)
    for path in (set5_like / "Set5" / "LR_bicubic" / "x4").iterdir():
        shutil.copy(path, root / low / f"{path.stem.removesuffix('x4')}{ending}.bmp")
    dataset = task.open(DataRequest(data=root))
    assert dataset.truth.digest() == expected.truth.digest()
    for index in range(3):
        assert (dataset.sample(index).inputs["image"] == expected.sample(index).inputs["image"]).all()
    assert not any("made here" in warning for warning in dataset.warnings)


@pytest.mark.parametrize("folder", ["Set5/HR", "Set5"])
def test_high_resolution_images_alone_are_enough(
    task: SuperResolution, set5_like: Path, tmp_path: Path, folder: str
) -> None:
    shutil.copytree(set5_like / "Set5" / "HR", tmp_path / "alone" / folder)
    dataset, expected = task.open(DataRequest(data=tmp_path / "alone")), task.open(DataRequest(data=set5_like))
    assert any("made here" in warning for warning in dataset.warnings)
    for index in range(3):
        assert (dataset.sample(index).inputs["image"] == expected.sample(index).inputs["image"]).all()


def test_folders_and_zips_given_directly(task: SuperResolution, set5_like: Path, tmp_path: Path) -> None:
    high, low = set5_like / "Set5" / "HR", set5_like / "Set5" / "LR_bicubic" / "x4"
    folders = task.open(DataRequest(annotations=high, images=low, split="x4"))
    zips = task.open(
        DataRequest(annotations=zipped(high, tmp_path / "high.zip"), images=zipped(low, tmp_path / "low.zip"))
    )
    assert folders.truth.digest() == zips.truth.digest()
    assert (folders.sample(1).inputs["image"] == zips.sample(1).inputs["image"]).all()
    assert folders.custom and zips.custom


def test_png_and_bmp_have_the_same_truth(task: SuperResolution, set5_like: Path, save: Save, noise: Noise) -> None:
    before = task.open(DataRequest(data=set5_like)).truth.digest()
    (set5_like / "Set5" / "HR" / "one.png").unlink()
    save(set5_like / "Set5" / "HR" / "one.bmp", noise(*SIZES["one"], 3, seed=0))
    assert task.open(DataRequest(data=set5_like)).truth.digest() == before


def test_scales_of_the_same_pixels_have_different_identities(task: SuperResolution, sample_root: Path) -> None:
    opened = [task.open(DataRequest(data=sample_root, split=f"x{s}")) for s in (2, 3, 4)]
    assert len({dataset.truth.digest() for dataset in opened}) == 1
    assert [dataset.identity for dataset in opened] == [{"scale": 2}, {"scale": 3}, {"scale": 4}]


def test_grey_images_become_three_equal_channels(
    task: SuperResolution, tmp_path: Path, save: Save, noise: Noise
) -> None:
    save(tmp_path / "HR" / "grey.png", noise(40, 40))
    pixels = task.open(DataRequest(data=tmp_path)).truth.row(0)["pixels"]
    assert (pixels[:, 0] == pixels[:, 1]).all() and (pixels[:, 0] == pixels[:, 2]).all()


def test_other_pixels_than_set5s_are_noted_and_not_official(task: SuperResolution, set5_like: Path) -> None:
    """One's own images in Set5's layout must not stand on Set5's board."""
    dataset = task.open(DataRequest(data=set5_like))
    assert any("are not those of Set5" in warning for warning in dataset.warnings)
    assert dataset.custom


def test_a_copy_of_the_sample_is_not_official_either(task: SuperResolution, sample: Dataset) -> None:
    assert sample.custom
    assert not any("are not those of Set5" in warning for warning in sample.warnings)


def test_scoring_needs_no_inputs(task: SuperResolution, set5_like: Path) -> None:
    shutil.rmtree(set5_like / "Set5" / "LR_bicubic" / "x4")
    dataset = task.open(DataRequest(data=set5_like, with_inputs=False))
    assert dataset.facts == {"scale": 4}
    assert dataset.load is None and dataset.warnings == task.open(DataRequest(data=set5_like)).warnings[:1]


def test_an_image_of_set5_that_is_missing(task: SuperResolution, tmp_path: Path, save: Save, noise: Noise) -> None:
    for name in ("baby", "bird", "head", "woman"):
        save(tmp_path / "Set5" / "HR" / f"{name}.png", noise(40, 40, 3))
    with pytest.raises(DataError, match="lacks images of Set5: butterfly"):
        task.open(DataRequest(data=tmp_path))


def test_a_low_resolution_image_that_is_missing(task: SuperResolution, set5_like: Path) -> None:
    (set5_like / "Set5" / "LR_bicubic" / "x4" / "twox4.bmp").unlink()
    with pytest.raises(DataError, match=r"x4 lacks the low-resolution images of two; they are named like twox4\.png"):
        task.open(DataRequest(data=set5_like))


def test_a_high_resolution_image_that_is_missing(task: SuperResolution, set5_like: Path) -> None:
    (set5_like / "Set5" / "HR" / "two.png").unlink()
    with pytest.raises(DataError, match="holds twox4, of which there is no high-resolution image"):
        task.open(DataRequest(data=set5_like))


@pytest.mark.parametrize("kept", [0, 20, 300])
def test_an_image_that_is_cut_off(task: SuperResolution, set5_like: Path, kept: int) -> None:
    path = set5_like / "Set5" / "HR" / "two.png"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"two\.png is no image that can be read") as error:
        task.open(DataRequest(data=set5_like))
    assert "\n" not in str(error.value) and "<" not in str(error.value)


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(["PNG", "BMP"]), data=st.data())
def test_damaged_files_give_one_sentence_or_an_image(kind: str, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(12 * 14 * 3, dtype=np.uint8).reshape(12, 14, 3)).save(buffer, kind)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    try:
        decoded = decode(bytes(content), "here.png")
    except DataError as error:
        assert str(error).startswith("here.png") and "\n" not in str(error)
    else:
        assert decoded.dtype == np.uint8 and decoded.ndim == 3


def test_a_low_resolution_image_of_the_wrong_size(
    task: SuperResolution, set5_like: Path, save: Save, noise: Noise
) -> None:
    save(set5_like / "Set5" / "LR_bicubic" / "x4" / "twox4.bmp", noise(12, 13, 3))
    dataset = task.open(DataRequest(data=set5_like))
    with pytest.raises(DataError, match=r"twox4\.bmp has 13x12 pixels, expected 12x11"):
        dataset.sample(2)


def test_an_image_with_transparency(task: SuperResolution, tmp_path: Path, save: Save, noise: Noise) -> None:
    save(tmp_path / "HR" / "clear.png", noise(40, 40, 4))
    with pytest.raises(DataError, match="mode RGBA, expected 8-bit RGB or grey"):
        task.open(DataRequest(data=tmp_path))


@pytest.mark.parametrize("mode", ["I;16", "RGB16"])
def test_an_image_with_16_bits(task: SuperResolution, tmp_path: Path, mode: str) -> None:
    """Pillow reads 16-bit colours as if they had 8 bits."""
    path = tmp_path / "HR" / "deep.png"
    path.parent.mkdir()
    if mode == "I;16":
        Image.fromarray(np.full((40, 40), 300, np.uint16)).save(path)
    else:
        path.write_bytes(png_of_16_bits(40, 300))
    with pytest.raises(DataError, match=r"deep\.png has 16 bits a sample, expected 8"):
        task.open(DataRequest(data=tmp_path))


def test_a_cmyk_jpeg_under_another_name(task: SuperResolution, tmp_path: Path) -> None:
    (tmp_path / "HR").mkdir()
    Image.new("CMYK", (40, 40)).save(tmp_path / "HR" / "print.png", "JPEG")
    with pytest.raises(DataError, match=r"print\.png is no image that can be read"):
        task.open(DataRequest(data=tmp_path))


def test_an_image_too_small_for_the_window(task: SuperResolution, tmp_path: Path, save: Save, noise: Noise) -> None:
    save(tmp_path / "HR" / "tiny.png", noise(18, 40, 3))
    with pytest.raises(DataError, match="too small"):
        task.open(DataRequest(data=tmp_path))


def test_two_files_of_one_name(task: SuperResolution, set5_like: Path, save: Save, noise: Noise) -> None:
    save(set5_like / "Set5" / "HR" / "two.bmp", noise(45, 51, 3))
    with pytest.raises(DataError, match=r"holds both two\.bmp and two\.png"):
        task.open(DataRequest(data=set5_like))


def test_a_folder_without_the_data_set_shows_the_tree(task: SuperResolution, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="LR_bicubic/x4"):
        task.open(DataRequest(data=tmp_path))


def test_a_folder_without_images_given_directly(task: SuperResolution, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no image"):
        task.open(DataRequest(annotations=tmp_path))


def test_a_file_that_is_no_zip(task: SuperResolution, tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match="damaged or no zip archive"):
        task.open(DataRequest(annotations=tmp_path / "set.zip"))


@pytest.mark.parametrize("split", ["4", "x1", "val", "x44"])
def test_a_split_that_is_no_scale(task: SuperResolution, sample_root: Path, split: str) -> None:
    with pytest.raises(UsageError, match="named after its scale"):
        task.open(DataRequest(data=sample_root, split=split))


def test_the_real_set5_is_known(task: SuperResolution, shared: Path) -> None:
    for scale in (2, 3, 4, 8):
        dataset = task.open(DataRequest(data=shared / "data" / "superres", split=f"x{scale}"))
        assert dataset.ids == ("baby", "bird", "butterfly", "head", "woman")
        assert not dataset.custom
        assert len(dataset.warnings) == (scale == 8), "x8 is made here"


def test_the_real_set5_given_directly_is_known_too(task: SuperResolution, shared: Path) -> None:
    assert not task.open(DataRequest(annotations=shared / "data" / "superres" / "Set5" / "HR")).custom


def test_a_zip_whose_image_unpacks_to_a_gigabyte_or_not_at_all(task: SuperResolution, tmp_path: Path) -> None:
    """A megabyte that grows to a gigabyte would end the process without a word."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(300 << 20))
    with pytest.raises(DataError, match=r"a\.png unpacks to 314,572,800 bytes"):
        task.open(DataRequest(annotations=tmp_path / "a.zip"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(1000))
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[35:40] = b"\xff" * 5
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.png is damaged"):
        task.open(DataRequest(annotations=tmp_path / "a.zip"))
