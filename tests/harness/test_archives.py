"""Archives of strangers: what they hold, or one sentence; never a full memory, never a file outside."""

import gzip
import io
import os
import pickle
import struct
import threading
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.archives import TEXT_LIMIT, Archive, read_gzip
from harness.errors import DataError, PredictionError

Members = list[tuple[str, bytes]]
Peak = Callable[[], int]


def packed(path: Path, members: Members, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)
        for name, data in members:
            archive.writestr(name, data)
    return path


def renamed(path: Path, old: bytes, new: bytes) -> Path:
    assert len(old) == len(new)
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


@pytest.fixture
def peak() -> Iterator[Peak]:
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_files_are_listed_in_order_and_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", [("in/b.txt", b"bb"), ("in/", b""), ("./a.txt", b"a" * 9), ("é.txt", b"")])
    archive = Archive(path, DataError)
    assert archive.names() == ("in/b.txt", "./a.txt", "é.txt")
    assert [archive.read(name) for name in archive.names()] == [b"bb", b"a" * 9, b""]
    with pytest.raises(DataError, match=r"a\.zip has no file c\.txt"):
        archive.read("c.txt")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up.txt", "in/../../up.txt", "in\\up.txt", "C:/up.txt", "cut.png\0/x", "a/.."]
)
def test_a_name_outside_the_openedis_refused(tmp_path: Path, name: str) -> None:
    stand_in = "n" * len(name)
    path = renamed(packed(tmp_path / "a.zip", [("ok.txt", b""), (stand_in, b"")]), stand_in.encode(), name.encode())
    with pytest.raises(PredictionError, match=r"a\.zip holds a file named .*, which is no path inside it"):
        Archive(path, PredictionError).names()


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", [("x.json", b"1"), ("x.json", b"2")])
    with pytest.raises(DataError, match=r"a\.zip/x\.json is there twice"):
        Archive(path, DataError).names()


def test_a_name_with_a_line_break_stays_one_line(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", [("x\ny\x1b[31m", b"1")] * 2)
    with pytest.raises(DataError) as error:
        Archive(path, DataError).names()
    assert str(error.value).isprintable()


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    data = bytearray(packed(tmp_path / "a.zip", [("x.txt", b"secret")]).read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    for use in (Archive.names, lambda archive: archive.read("x.txt")):
        with pytest.raises(DataError, match=r"x\.txt is encrypted; pack the archive again without"):
            use(Archive(tmp_path / "a.zip", DataError))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_expand_without_bound_are_refused(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path / "a.zip", [("x.txt", b"x" * 1000)], method)
    with pytest.raises(DataError, match="only deflate is read"):
        Archive(path, DataError).read("x.txt")


def test_an_image_of_a_gigabyte_is_refused_before_it_is_unpacked(tmp_path: Path, peak: Peak) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.png", "w") as out:
        for _ in range(300):
            out.write(bytes(1 << 20))
    opened = Archive(tmp_path / "a.zip", DataError)
    with pytest.raises(DataError, match=r"a\.zip/a\.png unpacks to 314,572,800 bytes from .* unpack it yourself"):
        opened.read("a.png")
    with pytest.raises(DataError, match=r"more than the 7\d,\d{3},\d{3} that are read"):
        opened.read("a.png", TEXT_LIMIT)
    assert peak() < 20 << 20


def test_a_declared_size_that_lies_does_not_unpack_more(tmp_path: Path, peak: Peak) -> None:
    path = packed(tmp_path / "a.zip", [("a.png", bytes(90 << 20))])
    tracemalloc.reset_peak()
    data = path.read_bytes().replace(struct.pack("<L", 90 << 20), struct.pack("<L", 1000))
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.png is damaged"):
        Archive(path, DataError).read("a.png")
    assert peak() < 20 << 20


def test_a_limit_is_a_limit(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", [("x.txt", os.urandom(1000))])
    assert len(Archive(path, DataError).read("x.txt", 1000)) == 1000
    with pytest.raises(DataError, match="more than the 999 that are read"):
        Archive(path, DataError).read("x.txt", 999)


def test_it_is_opened_once_and_again_in_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "a.zip", [(f"{i}.txt", bytes([i]) * 5000) for i in range(200)])
    opened = []

    class Counted(zipfile.ZipFile):
        def __init__(self, file: Path) -> None:
            opened.append(os.getpid())
            super().__init__(file)

    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    archive = Archive(path, DataError)
    assert all(archive.read(name) == bytes([i]) * 5000 for i, name in enumerate(archive.names()))
    assert opened == [os.getpid()]
    assert pickle.loads(pickle.dumps(archive)).read("7.txt") == b"\7" * 5000
    child = os.fork()
    if child == 0:
        os._exit(0 if archive.read("9.txt") == b"\x09" * 5000 and opened[-1] == os.getpid() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert archive.read("8.txt") == b"\x08" * 5000


def test_threads_read_at_the_same_time(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", [(f"{i}.txt", os.urandom(9) * 5000) for i in range(40)])
    with zipfile.ZipFile(path) as opened:
        expected = {name: opened.read(name) for name in opened.namelist()}
    archive, wrong = Archive(path, DataError), []

    def read() -> None:
        wrong.extend(name for name in expected if archive.read(name) != expected[name])

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_missing_archive(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.zip cannot be read: No such file"):
        Archive(tmp_path / "a.zip", DataError).names()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_gives_one_sentence_or_the_content(tmp_path: Path, data: st.DataObject) -> None:
    content = {"a.txt": b"some text" * 30, "b/c.txt": bytes(range(256))}
    whole = bytearray(packed(tmp_path / "whole.zip", list(content.items())).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "x.zip").write_bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
    archive = Archive(tmp_path / "x.zip", DataError)
    try:
        for name in archive.names():
            assert archive.read(name, 4096) in content.values()
    except DataError as error:
        assert str(error).startswith(str(tmp_path)) and str(error).isprintable()


def test_gzip_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.json.gz"
    path.write_bytes(gzip.compress(b"one") + gzip.compress(b"two"))
    assert read_gzip(path, DataError) == b"onetwo"
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_gzip(tmp_path / "y.gz", DataError)


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[9:], lambda data: data[:40] + data[41:]])
def test_gzip_that_is_damaged(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "x.json.gz"
    path.write_bytes(damage(gzip.compress(os.urandom(100))))
    with pytest.raises(PredictionError, match=r"x\.json\.gz is damaged or not a gz file"):
        read_gzip(path, PredictionError)


def test_gzip_that_unpacks_to_gigabytes(tmp_path: Path, peak: Peak) -> None:
    compressor, out = zlib.compressobj(wbits=31), io.BytesIO()
    for _ in range(400):
        out.write(compressor.compress(bytes(1 << 20)))
    out.write(compressor.flush())
    (tmp_path / "x.gz").write_bytes(out.getvalue())
    with pytest.raises(DataError, match=r"x\.gz unpacks to more than the .* bytes that are read"):
        read_gzip(tmp_path / "x.gz", DataError)
    assert peak() < 250 << 20
