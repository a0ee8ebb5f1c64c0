"""People keep ImageNet in many layouts: each gives the same labels, and what cannot be read is named."""

import io
import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pngs import png_of_16_bits

from harness.errors import DataError
from harness.scoring import data_digest
from harness.task import DataRequest
from tasks.classification.sample import IMAGENET_COUNT, imagenet_label, imagenet_picture, validation_name, wordnet_ids
from tasks.classification.tasks import imagenet, imagenet_real, imagenet_v2


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("imagenet")
    imagenet().write_sample(folder)
    return folder


@pytest.fixture(scope="module")
def official(sample):
    return imagenet().open(DataRequest(data=sample))


def test_the_kits_numbers_become_the_order_of_the_wordnet_ids(official):
    assert official.truth.dense("label").tolist() == [imagenet_label(index) for index in range(IMAGENET_COUNT)]
    assert official.facts["categories"] == wordnet_ids() and official.custom


def in_class_folders(sample: Path, into: Path) -> Path:
    for index in range(IMAGENET_COUNT):
        folder = into / "val" / wordnet_ids()[imagenet_label(index)]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(sample / "val" / validation_name(index + 1), folder)
    (into / "synset_words.txt").write_text("".join(f"{name} some words, more\n" for name in reversed(wordnet_ids())))
    return into


def test_class_folders_are_the_same_data(sample, official, tmp_path):
    dataset = imagenet().open(DataRequest(data=in_class_folders(sample, tmp_path)))
    assert data_digest(dataset) == data_digest(official)
    assert np.array_equal(dataset.sample(5).inputs["image"], official.sample(5).inputs["image"])


def test_some_class_folders_do_not_tell_which_classes_they_are(sample, tmp_path):
    folder = in_class_folders(sample, tmp_path)
    (folder / "synset_words.txt").unlink()
    with pytest.raises(DataError, match="has 100 classes, and which of the 1000 they are cannot be told"):
        imagenet().open(DataRequest(data=folder))


def test_kaggles_tables_are_the_same_data(sample, official, tmp_path):
    lines = [
        f"ILSVRC2012_val_{index + 1:08d},{wordnet_ids()[imagenet_label(index)]} 1 2 3 4 "
        for index in range(IMAGENET_COUNT)
    ]
    (tmp_path / "LOC_val_solution.csv").write_text("ImageId,PredictionString\n" + "\n".join(reversed(lines)) + "\n")
    (tmp_path / "LOC_synset_mapping.txt").write_text("".join(f"{name} words\n" for name in wordnet_ids()))
    shutil.copytree(sample / "val", tmp_path / "ILSVRC/Data/CLS-LOC/val")
    assert data_digest(imagenet().open(DataRequest(data=tmp_path))) == data_digest(official)


def names_with_ids(sample: Path, into: Path) -> None:
    with zipfile.ZipFile(into / "flat.zip", "w") as archive:
        for index in range(20):
            name = f"{wordnet_ids()[imagenet_label(index)]}_thing_{index}.JPEG"
            archive.write(sample / "val" / validation_name(index + 1), name)
    (into / "wnids.txt").write_text("\n".join(wordnet_ids()))


def test_a_zip_whose_names_begin_with_the_wordnet_id(sample, tmp_path):
    names_with_ids(sample, tmp_path)
    images = tmp_path / "flat.zip"
    given = imagenet().open(DataRequest(images=images, annotations=tmp_path / "wnids.txt"))
    beside = imagenet().open(DataRequest(images=images))
    assert data_digest(given) == data_digest(beside)
    assert given.truth.dense("label").tolist() == [imagenet_label(index) for index in range(20)]


def test_labels_by_table(sample, tmp_path):
    names_with_ids(sample, tmp_path)
    rows = [f"{wordnet_ids()[imagenet_label(i)]}_thing_{i}.JPEG,{imagenet_label(i)}" for i in range(20)]
    (tmp_path / "labels.csv").write_text("file,class_index\n" + "\n".join(rows))
    by_index = imagenet().open(DataRequest(images=tmp_path / "flat.zip", annotations=tmp_path / "labels.csv"))
    by_name = imagenet().open(DataRequest(images=tmp_path / "flat.zip"))
    assert data_digest(by_index) == data_digest(by_name)
    (tmp_path / "labels.csv").write_text("file,class_index\n" + "\n".join(rows).replace(",190", ",1000"))
    with pytest.raises(DataError, match="label 1000 of sample 19 is no class; there are 0 to 999"):
        imagenet().open(DataRequest(annotations=tmp_path / "labels.csv", with_inputs=False))
    (tmp_path / "labels.csv").write_text("file,class_index\na.JPEG,dog\n")
    with pytest.raises(DataError, match=r"labels.csv, line 2: 'dog' is no class index"):
        imagenet().open(DataRequest(annotations=tmp_path / "labels.csv", with_inputs=False))


def test_imagenet_v2s_folders_are_numbers_not_text(tmp_path):
    imagenet_v2().write_sample(tmp_path)
    dataset = imagenet_v2().open(DataRequest(data=tmp_path))
    # As text, 100 would come before 20.
    assert dict(zip(dataset.ids, dataset.truth.dense("label").tolist(), strict=True)) == {
        f"{index:016x}": imagenet_label(index) for index in range(IMAGENET_COUNT)
    }


def test_reassessed_labels_leave_out_images_without_any(tmp_path):
    imagenet_real().write_sample(tmp_path)
    dataset = imagenet_real().open(DataRequest(data=tmp_path))
    assert len(dataset.ids) == 190 and "10 of 200 images have no class" in dataset.warnings[0]
    assert dataset.truth.ragged("labels").row(0).tolist() == [0, 1]
    (tmp_path / "real.json").write_text(json.dumps([[1], [1000]]))
    with pytest.raises(DataError, match="label 1000"):
        imagenet_real().open(DataRequest(data=tmp_path, with_inputs=False))
    (tmp_path / "real.json").write_text('[[1], ["dog"]]')
    with pytest.raises(DataError, match="entry 1"):
        imagenet_real().open(DataRequest(data=tmp_path, with_inputs=False))


def opened(tmp_path: Path, name: str):
    (tmp_path / "labels.csv").write_text(f"file,class_index\n{name},1\n")
    images = tmp_path / "images"
    return imagenet().open(DataRequest(images=images, annotations=tmp_path / "labels.csv"))


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "RGBA", "LA"])
def test_other_colours_become_rgb_as_pillow_does(tmp_path, mode):
    (tmp_path / "images").mkdir()
    picture = Image.fromarray(imagenet_picture(1, 1)).convert(mode)
    name = "a.jpg" if mode in ("L", "CMYK") else "a.png"
    picture.save(tmp_path / "images" / name)
    with Image.open(tmp_path / "images" / name) as image:
        wanted = np.asarray(image.convert("RGB"))
    found = opened(tmp_path, name).sample(0).inputs["image"]
    assert np.array_equal(found, wanted) and found.shape[2] == 3


@pytest.mark.parametrize("colour", [False, True])
def test_sixteen_bits_are_refused_not_cut_off(tmp_path, colour):
    (tmp_path / "images").mkdir()
    path = tmp_path / "images" / "a.png"
    Image.fromarray(np.full((8, 8), 40000, np.uint16)).save(path)
    if colour:
        # Pillow writes none such, and reads them as if they had 8 bits.
        path.write_bytes(png_of_16_bits(8, 40000))
    with pytest.raises(DataError, match=r"a.png .*more than 8 bits"):
        opened(tmp_path, "a.png").sample(0)


def test_a_cut_jpeg_is_named(tmp_path):
    (tmp_path / "images").mkdir()
    path = tmp_path / "images" / "a.jpg"
    Image.fromarray(imagenet_picture(1, 1)).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"images/a.jpg is no image that can be read \(.*truncated"):
        opened(tmp_path, "a.jpg").sample(0)


def test_missing_images_are_named(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(DataError, match=r"1 of 1 images are missing: .*images/b.jpg"):
        opened(tmp_path, "b.jpg")


def test_without_images_the_labels_alone_can_score(sample, official):
    devkit = sample / "ILSVRC2012_devkit_t12"
    assert data_digest(imagenet().open(DataRequest(annotations=devkit, with_inputs=False))) == data_digest(official)


def test_two_images_of_one_name_are_refused(tmp_path):
    for folder in ("0", "1"):
        (tmp_path / "imagenetv2-top-images-format-val" / folder).mkdir(parents=True)
        (tmp_path / "imagenetv2-top-images-format-val" / folder / "a.jpeg").write_bytes(b"")
    with pytest.raises(DataError, match="two images called a"):
        imagenet_v2().open(DataRequest(data=tmp_path, split="top-images"))


def same(dataset, official) -> bool:
    """Whether two data sets have the same truth and pixels."""
    pixels = all(
        np.array_equal(dataset.sample(index).inputs["image"], official.sample(index).inputs["image"])
        for index in (0, 57, IMAGENET_COUNT - 1)
    )
    return pixels and data_digest(dataset) == data_digest(official)


def test_webdatasets_shards_are_the_same_data(sample, official, tmp_path):
    for shard in range(2):
        with tarfile.open(tmp_path / f"imagenet1k-validation-{shard:02d}.tar", "w") as archive:
            for index in range(shard, IMAGENET_COUNT, 2):
                stem = f"ILSVRC2012_val_{index + 1:08d}"
                image = (sample / "val" / f"{stem}.JPEG").read_bytes()
                for name, data in ((f"{stem}.cls", b"%d" % imagenet_label(index)), (f"{stem}.jpg", image)):
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
    assert same(imagenet().open(DataRequest(data=tmp_path)), official)
    (tmp_path / "below" / "val").mkdir(parents=True)
    for shard in range(2):
        name = f"imagenet1k-validation-{shard:02d}.tar"
        shutil.copy(tmp_path / name, tmp_path / "below" / "val" / f"{shard:06d}.tar")
    assert same(imagenet().open(DataRequest(data=tmp_path / "below")), official)
    path = tmp_path / "imagenet1k-validation-01.tar"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"validation-01\.tar"):
        imagenet().open(DataRequest(data=tmp_path))


def test_parquet_shards_are_the_same_data(sample, official, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = []
    for index in range(IMAGENET_COUNT):
        name = f"ILSVRC2012_val_{index + 1:08d}"
        image = {"bytes": (sample / "val" / f"{name}.JPEG").read_bytes(), "path": f"{name}_n01440764.JPEG"}
        rows.append({"image": image, "label": imagenet_label(index)})
    (tmp_path / "data").mkdir()
    for shard in range(2):
        path = tmp_path / "data" / f"validation-{shard:05d}-of-00002.parquet"
        parquet.write_table(pyarrow.Table.from_pylist(rows[shard::2]), path, row_group_size=17)
    assert same(imagenet().open(DataRequest(data=tmp_path)), official)


def test_an_archive_of_images_alone_is_told_from_shards(sample, tmp_path):
    with tarfile.open(tmp_path / "ILSVRC2012_img_val.tar", "w") as archive:
        archive.add(sample / "val" / validation_name(1), validation_name(1))
    with pytest.raises(DataError, match=r"img_val.tar holds images and no classes .* unpack it into a folder val"):
        imagenet().open(DataRequest(data=tmp_path))


IMAGE = {"bytes": b"x", "path": "a.JPEG"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"image": IMAGE, "label": 1}] * 2, "a.JPEG is there twice"),
        ([{"image": IMAGE, "label": None}, {"image": {**IMAGE, "path": "b"}, "label": 1}], "a.JPEG has no label"),
        ([{"image": IMAGE, "label": -1}], "label -1 of sample 0 is no class"),
        ([{"image": IMAGE, "label": "dog"}], "its column label holds no whole numbers"),
        ([{"image": IMAGE}], "has no column label"),
        ([{"image": b"x", "label": 1}], "has no column image.bytes"),
        ([{"image": IMAGE, "label": 1}], "a.JPEG is no image that can be read"),
        (
            [{"image": {"bytes": b"x", "path": "a"}, "label": 1}, {"image": {"bytes": None, "path": "b"}, "label": 1}],
            "b has no c",
        ),
    ],
)
def test_what_is_wrong_in_a_parquet_shard_is_named(tmp_path, rows, words):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "validation.parquet")
    with pytest.raises(DataError, match=words):
        dataset = imagenet().open(DataRequest(data=tmp_path))
        dataset.sample(len(rows) - 1)
