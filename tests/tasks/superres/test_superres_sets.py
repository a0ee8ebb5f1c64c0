"""Set14, B100 and Urban100: their images are known as far as names and sizes tell, under every usual name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.errors import DataError
from harness.task import DataRequest, Scoring
from tasks.superres import SuperResolution, b100, set14, urban100
from tasks.superres.benchmarks import B100, SET14, URBAN100, Benchmark
from tasks.superres.data import to_image
from tasks.superres.metrics import quality
from tasks.superres.resize import downscale, modcrop

Save = Callable[[Path, np.ndarray], Path]


def flat(height: int, width: int, value: int = 90) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


@pytest.fixture(scope="module")
def fourteen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images with the names and sizes of Set14, two of them grey, in EDSR's layout without low resolution."""
    from PIL import Image

    root = tmp_path_factory.mktemp("set14") / "benchmark" / "Set14" / "HR"
    root.mkdir(parents=True)
    for name, ((height, width),) in SET14.sizes.items():
        image = Image.fromarray(flat(height, width))
        (image.convert("L") if name in ("bridge", "man") else image).save(root / f"{name}.png")
    return root.parents[1]


@pytest.fixture
def set14_root(fourteen: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fourteen, tmp_path / "benchmark"))


@pytest.mark.parametrize(("benchmark", "count"), [(SET14, 14), (B100, 100), (URBAN100, 100)])
def test_every_set_has_its_number_of_images(benchmark: Benchmark, count: int) -> None:
    assert len(benchmark.images) == len(set(benchmark.images)) == count
    assert set(benchmark.sizes) <= set(benchmark.images)


@pytest.mark.parametrize("make", [set14, b100, urban100])
def test_they_are_scored_like_set5_at_four_scales(make: Callable[[], SuperResolution]) -> None:
    meta = make().meta
    assert meta.splits == ("x4", "x2", "x3", "x8")
    assert [protocol.id for protocol in meta.protocols] == ["matlab-y", "y-rounded", "rgb"]
    assert "recognised by" in meta.notice


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_names_and_sizes_make_set14(fourteen: Path, scale: int) -> None:
    dataset = set14().open(DataRequest(data=fourteen, split=f"x{scale}"))
    assert not dataset.custom
    assert len(dataset.ids) == 14
    size = dataset.truth.dense("size")[dataset.truth.position("ppt3")]
    assert size.tolist() == [656 - 656 % scale, 529 - 529 % scale]


def test_grey_images_are_scored_as_rgb_with_equal_channels(fourteen: Path) -> None:
    """A grey image compared without studio range would lose 1.3 dB."""
    dataset = set14().open(DataRequest(data=fourteen))
    truth = to_image(dataset.truth.row(dataset.truth.position("bridge")))
    assert truth.shape == (512, 512, 3) and (truth == truth[..., :1]).all()
    answer = truth + np.uint8(4)
    found = quality(truth, answer, 4, "matlab-y").psnr
    assert found == pytest.approx(10 * np.log10(255**2 / (4 * 219 / 255) ** 2), abs=1e-4)


@pytest.mark.parametrize(("name", "size"), [("zebra", (388, 584)), ("baboon", (512, 512))])
def test_an_image_of_another_size_is_not_set14s(set14_root: Path, save: Save, name: str, size: tuple[int, int]) -> None:
    """GTmod12 crops to multiples of twelve: other pixels, another score."""
    save(set14_root / "Set14" / "HR" / f"{name}.png", flat(*size))
    dataset = set14().open(DataRequest(data=set14_root, split="x3"))
    assert dataset.custom and any("are not those of Set14" in warning for warning in dataset.warnings)


def test_a_fifteenth_image_is_not_set14s(set14_root: Path, save: Save) -> None:
    save(set14_root / "Set14" / "HR" / "another.png", flat(64, 64))
    assert set14().open(DataRequest(data=set14_root)).custom


def test_an_image_of_set14_that_is_missing(set14_root: Path) -> None:
    (set14_root / "Set14" / "HR" / "zebra.png").unlink()
    with pytest.raises(DataError, match="lacks images of Set14: zebra"):
        set14().open(DataRequest(data=set14_root))


def test_other_spellings_are_the_same_images(set14_root: Path) -> None:
    expected = set14().open(DataRequest(data=set14_root)).truth.digest()
    folder = set14_root / "Set14" / "HR"
    (folder / "lenna.png").rename(folder / "lena.png")
    (folder / "pepper.png").rename(folder / "peppers.png")
    dataset = set14().open(DataRequest(data=set14_root))
    assert dataset.truth.digest() == expected and not dataset.custom


def test_answers_may_be_spelled_otherwise_too(fourteen: Path, tmp_path: Path, save: Save) -> None:
    dataset = set14().open(DataRequest(data=fourteen, with_inputs=False))
    for index, id in enumerate(dataset.ids):
        name = {"lenna": "lenax4", "pepper": "peppers"}.get(id, f"{id}_x4_SR")
        save(tmp_path / f"{name}.png", to_image(dataset.truth.row(index)) + np.uint8(1))
    predictions = set14().read(tmp_path, dataset)
    assert predictions.warnings == ()
    statistics = set14().score(dataset, predictions, Scoring(protocol="rgb"))
    assert set14().aggregate(statistics, "rgb")["PSNR"] == pytest.approx(10 * np.log10(255**2))


def test_rcans_names_given_directly(fourteen: Path, tmp_path: Path, save: Save) -> None:
    for path in (fourteen / "Set14" / "HR").iterdir():
        (height, width) = SET14.sizes[path.stem][0]
        save(tmp_path / "HR" / f"{path.stem}_HR_x4.png", modcrop(flat(height, width), 4))
        save(tmp_path / "LR" / f"{path.stem}_LRBI_x4.png", flat(height // 4, width // 4))
    dataset = set14().open(DataRequest(annotations=tmp_path / "HR", images=tmp_path / "LR"))
    assert dataset.truth.digest() == set14().open(DataRequest(data=fourteen)).truth.digest()
    assert dataset.sample(0).inputs["image"].shape == (120, 125, 3)


@pytest.mark.parametrize("folder", ["B100", "BSD100", "BSDS100"])
def test_b100_under_each_of_its_names(tmp_path: Path, save: Save, folder: str) -> None:
    for index, name in enumerate(B100.images):
        save(tmp_path / folder / f"{name}.png", flat(*((321, 481) if index % 3 else (481, 321))))
    assert not b100().open(DataRequest(data=tmp_path, with_inputs=False)).custom
    save(tmp_path / folder / "3096.png", flat(320, 480))
    assert b100().open(DataRequest(data=tmp_path, split="x3", with_inputs=False)).custom


def urban_pictures(noise: Callable[..., np.ndarray]) -> dict[str, np.ndarray]:
    return {name: noise(40, 44, 3, seed=index) for index, name in enumerate(URBAN100.images)}


def test_urban100_in_the_layouts_of_edsr_and_selfexsr(
    tmp_path: Path, save: Save, noise: Callable[..., np.ndarray]
) -> None:
    for name, picture in urban_pictures(noise).items():
        low, number = downscale(picture, 4), name.removeprefix("img")
        save(tmp_path / "edsr" / "Urban100" / "HR" / f"{name}.png", picture)
        save(tmp_path / "edsr" / "Urban100" / "LR_bicubic" / "X4" / f"{name}x4.png", low)
        stem = tmp_path / "data" / "Urban100" / "image_SRF_4" / f"img_{number}_SRF_4"
        for kind, image in (("HR", picture), ("LR", low), ("bicubic", picture), ("SelfExSR", picture)):
            save(stem.with_name(f"{stem.name}_{kind}.png"), image)
    first, second = (urban100().open(DataRequest(data=tmp_path / name)) for name in ("edsr", "data"))
    assert first.truth.digest() == second.truth.digest() and not first.custom and not second.custom
    assert first.warnings == second.warnings == ()
    assert (first.sample(7).inputs["image"] == second.sample(7).inputs["image"]).all()
    with pytest.raises(DataError, match="image_SRF_4"):
        urban100().open(DataRequest(data=tmp_path / "data", split="x2"))


@pytest.mark.parametrize(("make", "folder"), [(set14, "Set14"), (b100, "B100"), (urban100, "Urban100")])
def test_the_sample_of_each_is_no_official_data(
    sample_root: Path, tmp_path: Path, make: Callable[[], SuperResolution], folder: str
) -> None:
    shutil.copytree(sample_root / "Set5", tmp_path / folder)
    dataset = make().open(DataRequest(data=tmp_path))
    assert dataset.custom and dataset.warnings == ()


def test_a_sample_is_written_under_its_own_folder(tmp_path: Path) -> None:
    b100().write_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["B100"]
    assert len(list((tmp_path / "B100" / "HR").iterdir())) == 24
