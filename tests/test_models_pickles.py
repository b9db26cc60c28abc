"""A checkpoint that is a program is recognised, and reading it never runs it."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import checkpoint, reference
from scenebuild.engines.audiocraft.hub.pickles import code_in, configuration_in, reference_in


class Canary:
    """Sings when it is unpickled."""

    def __init__(self, song: Path) -> None:
        self.song = song

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.song),)


def zipped(stream: bytes, name: str = "archive/data.pkl") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, stream)
    return packed.getvalue()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("packing", ["plain", "zip"])
def test_a_canary_is_found_and_does_not_sing(tmp_path: Path, protocol: int, packing: str) -> None:
    song = tmp_path / "song"
    stream = pickle.dumps({"best_state": {}, "extra": Canary(song)}, protocol=protocol)
    file = tmp_path / "state_dict.bin"
    file.write_bytes(zipped(stream) if packing == "zip" else stream)
    assert code_in(str(file)).startswith("code (")
    assert not song.exists()
    pickle.loads(stream)
    assert song.exists()  # it would have


def test_the_message_names_what_would_be_called(tmp_path: Path) -> None:
    file = tmp_path / "state_dict.bin"
    file.write_bytes(zipped(pickle.dumps(Canary(tmp_path / "song"), protocol=2)))
    assert code_in(str(file)) == "code (it calls posix.mkdir)"


def test_a_canary_behind_harmless_pickles_is_found(tmp_path: Path) -> None:
    """As torch.save wrote before it wrote zip files: several pickles in a row, then raw bytes."""
    file = tmp_path / "state_dict.bin"
    harmless = pickle.dumps(1, protocol=2) + pickle.dumps({"little_endian": True}, protocol=2)
    file.write_bytes(harmless + pickle.dumps(["keys"], protocol=2) + b"\x00" * 100)
    assert code_in(str(file)) == ""
    file.write_bytes(harmless + pickle.dumps(Canary(tmp_path / "song"), protocol=2) + b"\x00" * 100)
    assert code_in(str(file)) == "code (it calls posix.mkdir)"


def test_a_pickle_that_ends_like_a_zip_is_read_as_torch_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "state_dict.bin"
    file.write_bytes(pickle.dumps(Canary(tmp_path / "song"), protocol=2) + checkpoint("harmless", size=10))
    assert zipfile.is_zipfile(file)
    assert code_in(str(file)) == "code (it calls posix.mkdir)"


def test_a_second_pickle_in_the_zip_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "state_dict.bin"
    file.write_bytes(checkpoint("harmless", size=10))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("archive/more.pkl", pickle.dumps(Canary(tmp_path / "song"), protocol=2))
    assert code_in(str(file)) == "code (it calls posix.mkdir)"


@pytest.mark.parametrize(
    "content", [b"", b"\x80", b"PK\x03\x04 and no more", b"<html>", b"not a pickle", zipped(b"", "a.txt")]
)
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "state_dict.bin"
    file.write_bytes(content)
    assert code_in(str(file)).startswith("something that is no checkpoint (")


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.bin"
    for body in (content, b"\x80\x02" + content, zipped(content)):
        file.write_bytes(body)
        assert isinstance(code_in(str(file)), str)


def test_what_torch_saves_is_harmless(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is part of the AudioGen set")
    file = tmp_path / "state_dict.bin"
    layer = torch.nn.Linear(3, 2)
    content = {"best_state": {**layer.state_dict(), "half": torch.zeros(2, dtype=torch.float16)}, "exported": True}
    for zip_format in (True, False):
        torch.save(content, file, _use_new_zipfile_serialization=zip_format)
        assert code_in(str(file)) == ""
        assert torch.load(file, weights_only=True)["exported"] is True
    torch.save({"best_state": torch.nn.Parameter(torch.zeros(2)), "xp.cfg": "dim: 3\n", "version": "1"}, file)
    assert code_in(str(file)) == ""
    torch.save({"best_state": layer}, file)  # a whole module is code of torch's own, and not asked for
    assert code_in(str(file)) == "code (it calls torch.nn.modules.linear.Linear)"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compressed_pickle_is_none_of_torchs(tmp_path: Path, method: int) -> None:
    """It could be much larger than it looks, and damaged in more ways."""
    with zipfile.ZipFile(tmp_path / "x.bin", "w", method) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"pretrained": "a/b"}))
    assert code_in(str(tmp_path / "x.bin")) == (
        "something that is no checkpoint (a pickle of unlikely size, or compressed, as torch.save never does)"
    )
    assert reference_in(str(tmp_path / "x.bin")) == ""


# Codec files that hold a name


@pytest.mark.parametrize("body", [reference("a/b"), pickle.dumps({"pretrained": "a/b", "exported": True})])
def test_the_name_in_a_codec_file_is_read(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(body)
    assert reference_in(str(tmp_path / "x.bin")) == "a/b"
    assert code_in(str(tmp_path / "x.bin")) == ""


@pytest.mark.parametrize(
    "body",
    [b"", b"PK\x03\x04", checkpoint("weights"), checkpoint("small", 10), pickle.dumps(["pretrained"]), pickle.dumps(3),
     reference("a/b")[:-40], zipped(pickle.dumps({"pretrained": "a/b"}) + b" " * 10) + b"x" * (64 << 10)],
)  # fmt: skip
def test_what_names_nothing_names_nothing(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(body)
    assert reference_in(str(tmp_path / "x.bin")) == ""


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_the_configuration_is_read_without_running_anything(tmp_path: Path, protocol: int) -> None:
    song = tmp_path / "song"
    for content, found in (
        ({"best_state": Canary(song), "xp.cfg": "dim: 3\nå: ü\n", "version": "1"}, "dim: 3\nå: ü\n"),
        (["xp.cfg"], ""),
        (Canary(song), ""),
    ):
        stream = pickle.dumps(content, protocol=protocol)
        for body in (zipped(stream), stream):
            (tmp_path / "x.bin").write_bytes(body)
            assert configuration_in(str(tmp_path / "x.bin")) == found
    assert not song.exists()


def test_a_file_that_is_no_checkpoint_has_no_configuration(tmp_path: Path) -> None:
    for body in (b"", b"PK\x03\x04", b"<html>", pickle.dumps({"xp.cfg": "a" * 100})[:40]):
        (tmp_path / "x.bin").write_bytes(body)
        assert configuration_in(str(tmp_path / "x.bin")) == ""


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_looking_for_a_name_runs_nothing(tmp_path: Path, protocol: int) -> None:
    song = tmp_path / "song"
    for stream in (Canary(song), {"pretrained": Canary(song)}, {Canary(song): "pretrained"}):
        (tmp_path / "x.bin").write_bytes(zipped(pickle.dumps(stream, protocol=protocol)))
        assert reference_in(str(tmp_path / "x.bin")) == ""
    assert not song.exists()


def test_a_pickle_that_asks_for_memory_gets_none(tmp_path: Path) -> None:
    """An unpickler would make room for two thousand million remembered values."""
    greedy = b"\x80\x02}r\xff\xff\xff\x7fX\x0a\0\0\0pretrainedX\x03\0\0\0a/bs."
    (tmp_path / "x.bin").write_bytes(zipped(greedy))
    assert reference_in(str(tmp_path / "x.bin")) == "a/b"
    (tmp_path / "x.bin").write_bytes(zipped(b"\x80\x02}" + b"q\0" * 10**6))
    assert reference_in(str(tmp_path / "x.bin")) == ""


@given(stream=st.binary(max_size=200))
def test_any_bytes_name_nothing_and_raise_nothing(tmp_path_factory: pytest.TempPathFactory, stream: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(stream)
    assert isinstance(reference_in(str(path)), str)
