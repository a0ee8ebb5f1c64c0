"""Sizes of images, which decide where FDDB's masks end: read from the images' headers, or from a file of sizes.

``python -m tasks.detection.fddb.sizes originalPics sizes.txt`` writes the file: a line ``name width height`` an image.
"""

import argparse
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from harness.archives import Archive
from harness.errors import DataError
from harness.files import write_bytes
from harness.layout import missing
from harness.number_rows import BadRow, read_rows, token_array
from tasks.detection.fddb.regions import Int

EXTENSIONS: Final = (".jpg", ".png")
_LONGEST_NAME: Final = 4096
_MOST_PIXELS: Final = 1 << 28


def read_sizes(path: Path, names: Iterable[str]) -> Int:
    """Width and height of every image, int64 (n, 2), from a file of lines ``name width height`` (blanks or commas).

    Raises DataError naming the line, or the images that it lacks.
    """
    try:
        data = path.read_bytes().replace(b",", b" ")
        rows = read_rows(data, 2, tokens=1)
    except OSError as reason:
        raise DataError(f"{path} cannot be read: {reason.strerror or reason}") from None
    except BadRow as bad:
        raise DataError(f"{path}, {bad}; a line is: name width height") from None
    wrong = ((rows.values < 1) | (rows.values % 1 != 0)).any(axis=1) | (rows.values.prod(axis=1) > _MOST_PIXELS)
    bad_sizes = np.flatnonzero(wrong)
    if len(bad_sizes) or rows.token_lengths.max(initial=0) > _LONGEST_NAME:
        line = rows.lines[bad_sizes[0]] if len(bad_sizes) else rows.lines[int(rows.token_lengths[:, 0].argmax())]
        raise DataError(f"{path}, line {line} is no size of an image; a line is: name width height, in pixels")
    tokens = [_without_extension(token.decode("utf-8", "replace")) for token in token_array(data, rows).tolist()]
    sizes = dict(zip(tokens, rows.values.astype(np.int64).tolist(), strict=True))
    lacking = [name for name in names if name not in sizes]
    if lacking:
        raise DataError(
            f"{path} has no size for {len(lacking)} images, such as {lacking[0]}; make it again from them all"
        )
    return np.array([sizes[name] for name in names], np.int64).reshape(-1, 2)


def find_images(source: Path, names: Iterable[str]) -> dict[str, str]:
    """Name -> path inside `source`, a folder or zip archive, also one folder up or down; DataError if any is missing."""
    there = frozenset(_listed(source)) if source.is_file() else None
    found: dict[str, str] = {}
    lacking: list[Path] = []
    for name in names:
        candidates = [prefix + name + extension for prefix in ("", "originalPics/") for extension in EXTENSIONS]
        path = next(
            (one for one in candidates if (one in there if there is not None else (source / one).is_file())), ""
        )
        found[name] = path
        if not path:
            lacking.append(source / candidates[0])
    if lacking:
        raise missing(lacking, f"{len(lacking)} of {len(found)} images are")
    return found


def image_sizes(source: Path, paths: Mapping[str, str]) -> Int:
    """Width and height of every image, int64 (n, 2), from its header; DataError for what is no image."""
    from PIL import Image

    archive = Archive(source, DataError) if source.is_file() else None
    sizes = []
    for path in paths.values():
        try:
            with Image.open(io.BytesIO(archive.read(path)) if archive else source / path) as image:
                sizes.append(image.size)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].split("<")[0].strip()
            raise DataError(f"{source / path} is no image that can be read ({reason}); copy the file again") from None
    return np.array(sizes, np.int64).reshape(-1, 2)


def write_sizes(source: Path, path: Path) -> None:
    """Write the sizes of all images in a folder or zip archive; names are their paths without the extension."""
    paths = {_without_extension(name): name for name in sorted(_listed(source)) if name.endswith(EXTENSIONS)}
    if not paths:
        raise DataError(f"{source} holds no images")
    lines = [
        f"{name.removeprefix('originalPics/')} {width} {height}\n"
        for name, (width, height) in zip(paths, image_sizes(source, paths).tolist(), strict=True)
    ]
    write_bytes(path, "".join(lines).encode())


def _listed(source: Path) -> list[str]:
    if source.is_file():
        return list(Archive(source, DataError).names())
    return [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]


def _without_extension(name: str) -> str:
    for extension in EXTENSIONS:
        name = name.removesuffix(extension)
    return name


def main() -> None:
    """Write a file of sizes."""
    parser = argparse.ArgumentParser(description="Write the sizes of the images of a folder or zip archive.")
    parser.add_argument("images", type=Path)
    parser.add_argument("sizes", type=Path)
    arguments = parser.parse_args()
    try:
        write_sizes(arguments.images, arguments.sizes)
    except DataError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
