"""What reading annotation files in COCO's form shares, whichever task scores against them."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError
from harness.json_files import integers

Int = NDArray[np.int64]


def names_by_id(
    path: Path, images: Sequence[Any], categories: Sequence[Any]
) -> tuple[dict[int, str], dict[int, str], list[str]]:
    """File names of images and names of categories by ascending id, and a warning where entries share an id.

    Of such entries the last one stays, as in pycocotools. Raises DataError: none of either, an id beyond 64 bits.
    """
    if not images or not categories:
        raise DataError(f"{path} has no {'categories' if images else 'images'}: it cannot be scored against")
    warnings = []
    for what, entries in (("images", images), ("categories", categories)):
        ids = column(path, what, entries, "id")
        shared = _repeated(ids)
        if len(shared):
            warnings.append(
                f"{path.name}: {len(shared)} ids stand for several {what}, such as {shared[0]}; they are taken as one, "
                "the last, as pycocotools does"
            )
    file_names = {image.id: image.file_name for image in images}
    category_names = {category.id: category.name for category in categories}
    return dict(sorted(file_names.items())), dict(sorted(category_names.items())), warnings


def column(path: Path, what: str, entries: Sequence[Any], field: str) -> Int:
    """A field of all entries of the list `what`, int64 (n,); raises DataError naming an entry beyond 64 bits."""
    return integers(path, what + "[{}]", field, list(map(attrgetter(field), entries)), DataError)


def id_array(names: Mapping[int, str]) -> Int:
    """The ids of `names_by_id`, int64 (n,)."""
    return np.array(list(names), np.int64)


def check_unique(path: Path, what: str, ids: Int) -> None:
    """Raise DataError if an id is used twice; `what` they are ids of, in the singular."""
    twice = _repeated(ids)
    if len(twice):
        raise DataError(
            f"{path}: {len(twice)} {what} ids are used more than once, such as {twice[0]}; ids must be unique"
        )


def _repeated(ids: Int) -> Int:
    values, counts = np.unique(ids, return_counts=True)
    return values[counts > 1]


def annotation_warnings(
    path: Path, known_image: NDArray[np.bool_], known_category: NDArray[np.bool_], *, nameless: bool, official: str
) -> list[str]:
    """Warnings about annotations that are left out, and about the id 0, which the `official` code takes for no match."""
    warnings = []
    for known, what in ((known_image, "images"), (known_category, "categories")):
        if not known.all():
            warnings.append(f"{path.name}: {np.count_nonzero(~known)} annotations of unknown {what} are left out")
    if nameless:
        warnings.append(
            f"{path.name}: an annotation has the id 0; {official}, and therefore this score, counts a detection "
            "matched with it as a false positive; number annotations from 1"
        )
    return warnings


def file_in_folder(folder: Path, usual: Sequence[Path]) -> Path:
    """The annotation file in a folder that was named: the first of the `usual` ones, else the only JSON file.

    Raises DataError where that does not say which.
    """
    found = [path for path in usual if path.is_file()][:1] or sorted(folder.glob("*.json"))
    if len(found) != 1:
        raise DataError(f"{folder} holds {len(found)} JSON files: name one with --annotations FILE")
    return found[0]
