"""Label maps are declared, never guessed: if these fail, a detector is scored under another class than it was trained for."""

from pathlib import Path

import pytest

from harness.errors import UsageError
from submissions.torchvision_models.label_maps import BACKGROUND, COCO_AS_VOC, VOC, label_map

PUBLISHED = (BACKGROUND, "person", "airplane", "N/A", "couch", "tv")


def test_without_a_choice_labels_mean_what_is_published() -> None:
    found = label_map("", PUBLISHED, "n", background=True)
    assert found.names == PUBLISHED and found.source == ""
    assert found.classes == ("<__background__ 0>", "person", "airplane", "<N/A 3>", "couch", "tv")


def test_voc_is_a_background_and_twenty_classes_in_the_devkits_order() -> None:
    found = label_map("voc", PUBLISHED, "n", background=True)
    assert len(found.names) == 21 and found.names[0] == BACKGROUND
    assert found.names[1:] == tuple(sorted(VOC)) == VOC


def test_cocos_names_are_translated_only_where_it_was_asked_for() -> None:
    found = label_map("coco-as-voc", PUBLISHED, "n", background=True)
    assert found.classes == ("<__background__ 0>", "person", "aeroplane", "<N/A 3>", "sofa", "tvmonitor")
    assert set(COCO_AS_VOC.values()) < set(VOC) and not set(COCO_AS_VOC) & set(VOC)


def test_every_class_of_voc_has_a_name_in_coco() -> None:
    pytest.importorskip("torchvision")
    from torchvision.models import get_model_weights

    names = get_model_weights("fasterrcnn_resnet50_fpn").DEFAULT.meta["categories"]
    assert set(VOC) <= set(label_map("coco-as-voc", names, "n", background=True).names)
    assert len(label_map("coco-as-voc", names, "n", background=True).names) == len(names) == 91


def test_a_file_names_the_labels_from_0(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text(f"{BACKGROUND}\ndisc \nN/A\nN/A\nstar\n\n", encoding="utf-8")
    found = label_map(str(path), PUBLISHED, "n", background=True)
    assert found.classes == ("<__background__ 0>", "disc", "<N/A 2>", "<N/A 3>", "star")
    assert found.source.startswith("names.txt ") and len(found.source) == len("names.txt ") + 12
    path.write_text("disc\nstar")
    assert label_map(str(path), PUBLISHED, "n", background=False).names == ("disc", "star")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("disc\nstar\n", "line 1 is 'disc', but net takes label 0 for the background"),
        (f"{BACKGROUND}\ndisc\n\nstar\n", "line 3 is empty"),
        (f"{BACKGROUND}\ndisc\n{BACKGROUND}\n", "can only be label 0"),
        (f"{BACKGROUND}\ndisc\nstar\ndisc\n", "line 4 names disc a second time"),
        ("", "line 1 is empty"),
        (b"\xff\xfe", "no text in UTF-8"),
        (None, "No such file"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path: Path, content: str | bytes | None, words: str) -> None:
    path = tmp_path / "names.txt"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match=words) as caught:
        label_map(str(path), PUBLISHED, "net", background=True)
    assert str(path) in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text(f"{BACKGROUND}\ndisc\n", encoding="utf-8-sig")
    assert label_map(str(path), PUBLISHED, "n", background=True).names == (BACKGROUND, "disc")
