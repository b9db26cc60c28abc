"""What a manifest is, and that 'up to date' is only said where it is so."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builds_of_x import BUILD, PATH, file_with_a_hole, scene, status, up
from scenebuild.cli import run
from scenebuild.outputs import is_an_output
from scenebuild.plan.manifest import RESULT
from scenebuild.result import SceneResult
from scenebuild.settings import Settings

__all__ = ["scene"]


# What a manifest is


def stat_of_manifest() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads((BUILD / "manifest.json").read_text())
    return plain


def ways(plain: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for name, value in inner:
        yield from ways(value, (*way, name))


def changed(plain: Any, way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    copy = dict(plain) if isinstance(plain, dict) else list(plain)
    copy[way[0]] = changed(plain[way[0]], way[1:], value)
    return copy


ODD: tuple[Any, ...] = (
    None, True, -1, 10**30, 0.5, "", "\x1b[31m", "\ud800", "../../etc", [], [1], {}, {"a": {}}, {"variants": [1]},
    {"variants": ["../../.."]}, {"variants": ["a/b"]}, {"variants": []},
)  # fmt: skip


@pytest.mark.hard
def test_whatever_stands_in_a_manifest_it_is_read_or_it_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Every value of a manifest is replaced by odd ones: nothing raises, and what is told comes from a whole one."""
    from scenebuild.targets import Target, last_result

    assert run([PATH, "-q"]) == 0
    target = Target(PATH, Settings().within("."))
    whole = stat_of_manifest()
    good = last_result(target)
    assert good is not None
    accepted = 0
    for way in ways(whole):
        for odd in ODD:
            (BUILD / "manifest.json").write_text(json.dumps(changed(whole, way, odd)))
            up()
            found = last_result(target)
            if found is not None:
                accepted += 1
                assert (
                    way[:1] == ("result",) or changed(whole, way, odd) == whole or way[0] in ("configuration", "home")
                )
                text = json.dumps(dataclasses.asdict(found), ensure_ascii=False)
                assert text.encode().isascii() or text.isprintable()
                assert "\x1b" not in text
                assert "etc" not in str(found.mix) + str(found.page) + str(found.readme)
    assert accepted < 200


@pytest.mark.parametrize(
    "content", ["", "[" * 100_000, "{}", "[]", "null", '{"a":' * 99, '{"result": NaN}', "\ud800", "9" * 5000]
)
def test_a_damaged_manifest_is_none(capsys: pytest.CaptureFixture[str], content: str) -> None:
    assert run([PATH, "-q"]) == 0
    (BUILD / "manifest.json").write_bytes(content.encode(errors="surrogatepass"))
    assert not up()
    assert status(capsys) == "built"
    assert status(capsys) == "up-to-date"


@pytest.mark.parametrize(
    "name", ["manifest.json", "x.wav", "elements/rain.wav", "index.html", "timeline.txt", ".build-1"]
)
@pytest.mark.parametrize("kind", ["fifo", "device", "terminal", "folder", "1 TB"])
def test_what_is_no_file_hangs_nobody(project: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str) -> None:
    assert run([PATH, "-q"]) == 0
    path = BUILD / name
    path.unlink(missing_ok=True)
    makers: dict[str, Callable[[], object]] = {
        "fifo": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "terminal": lambda: path.symlink_to("/dev/ptmx"),
        "folder": path.mkdir,
        "1 TB": lambda: file_with_a_hole(path, 1 << 40),
    }
    makers[kind]()
    assert not up()
    assert run([PATH, "-q"]) == (1 if kind == "folder" and name != ".build-1" else 0)


def test_an_input_that_is_a_device_is_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([PATH, "-q"]) == 0
    plain = stat_of_manifest()
    plain["inputs"] = {**plain["inputs"], "/dev/zero": "0" * 64}
    (BUILD / "manifest.json").write_text(json.dumps(plain))
    assert not up()
    assert status(capsys) == "built"


def test_the_shape_of_a_result_is_that_of_the_class() -> None:
    assert RESULT.keys() == {one.name for one in dataclasses.fields(SceneResult)}


def test_a_manifest_of_the_version_before_is_built_again_and_makes_no_take_again(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([PATH, "-q"]) == 0
    plain = stat_of_manifest()
    outputs = {name: fact[:2] for name, fact in plain["outputs"].items()}
    (BUILD / "elements/gone.wav").write_bytes(b"of an element that is gone")
    outputs["elements/gone.wav"] = [26, "0" * 64]
    old = {**plain, "version": 2, "outputs": outputs}
    for name in ("code", "scene", "links"):
        del old[name]
    (BUILD / "manifest.json").write_text(json.dumps(old))
    capsys.readouterr()
    assert run([PATH, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["generated"] == 0
    assert not (BUILD / "elements/gone.wav").exists()
    assert up()


def test_only_files_of_a_build_are_removed() -> None:
    for name in ("elements/rain.wav", "elements/rain.2.wav", "stems/a-b_c.wav", "x.wav", "x.podcast.mp3", "README.md"):
        assert is_an_output(name, "x"), name
    for name in (
        "thesis.txt",
        "elements/thesis.txt",
        "y.wav",
        "../x.wav",
        "elements/../x.wav",
        "x",
        "x.wav/a",
        "/etc/passwd",
        "stems/a/b.wav",
        "elements/.wav",
        "manifest.json",
    ):
        assert not is_an_output(name, "x"), name
