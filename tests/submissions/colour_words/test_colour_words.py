"""If these fail, the baseline of colour words reads sentences wrongly or finds other regions than there are."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import UsageError
from harness.task import Sample
from submissions.colour_words.model import ColourWords
from submissions.colour_words.regions import connected
from submissions.colour_words.words import Wanted, read


def answer(image: Any, sentence: str) -> Any:
    method, sample = ColourWords(160, 12), Sample("0", {"image": image, "sentence": sentence})
    return method.finish(method.forward([method.prepare(sample)])[0], sample)


def picture(*boxes: tuple[tuple[int, int, int], tuple[int, int, int, int]], size: tuple[int, int] = (100, 140)) -> Any:
    image = np.full((*size, 3), 130, np.uint8)
    for colour, (left, top, right, bottom) in boxes:
        image[top:bottom, left:right] = colour
    return image


RED, BLUE = (210, 30, 40), (40, 70, 210)


def test_words_are_read() -> None:
    assert read("The LARGER red circle, bottom left") == Wanted(colour="red", shape="disc", size=1, direction=(-1, 1))
    assert read("gray box next to the red disc on the left") == Wanted(colour="grey", shape="square")
    assert read("the thing") == Wanted()


def test_the_region_that_fits_every_word_is_answered() -> None:
    image = picture((RED, (5, 10, 25, 30)), (RED, (80, 12, 108, 40)), (BLUE, (60, 60, 80, 90)))
    for sentence, box in (
        ("red square on the left", [5, 10, 25, 30]),
        ("the right red thing", [80, 12, 108, 40]),
        ("large red box", [80, 12, 108, 40]),
        ("smaller red", [5, 10, 25, 30]),
        ("blue", [60, 60, 80, 90]),
        ("the bottom one", [60, 60, 80, 90]),
    ):
        found = answer(image, sentence)
        assert found["box_xyxy"].tolist() == box, sentence
        mask = np.zeros(image.shape[:2], np.bool_)
        mask[box[1] : box[3], box[0] : box[2]] = True
        assert (found["mask"] == mask).all()


def test_large_photographs_are_looked_at_in_steps() -> None:
    found = answer(picture((RED, (101, 50, 303, 200)), size=(401, 803)), "red")
    assert found["mask"].shape == (401, 803)
    assert np.abs(found["box_xyxy"] - [101, 50, 303, 200]).max() <= 6


def test_an_image_of_one_colour_is_answered_whole() -> None:
    found = answer(picture(), "the red disc")
    assert found["box_xyxy"].tolist() == [0, 0, 140, 100] and found["mask"].all()


@given(arrays(np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 2)))
def test_regions_are_those_that_a_walk_finds(values: Any) -> None:
    height, width = values.shape
    expected = np.full(values.shape, -1)
    for start in range(values.size):
        todo = [divmod(start, width)]
        while todo:
            y, x = todo.pop()
            if expected[y, x] < 0 and values[y, x] == values.flat[start]:
                expected[y, x] = start
                near = ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1))
                todo += [(b, a) for b, a in near if 0 <= b < height and 0 <= a < width]
    assert (connected(values) == expected).all()


def test_impossible_options_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        ColourWords(0, 12)
