"""A manifest that is not exactly as a build writes it is none, and whatever decides a build makes the next one work."""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scenebuild.config import Config
from scenebuild.files import digest_of
from scenebuild.plan import digests, manifest
from scenebuild.plan import up_to_date as freshness
from scenebuild.plan.digests import CHANGED, digests_of, same_digests
from scenebuild.plan.manifest import OutputFile, asked, inputs_of, manifest_of, outputs_of, scene_of
from scenebuild.plan.output_folders import output_folder, outputs_root
from scenebuild.plan.up_to_date import built_variants, nothing_to_do, up_to_date
from scenebuild.result import ElementResult, SceneResult
from scenebuild.settings import OutputOptions, PlanOptions, Settings
from scenebuild.store.digest import digest_bytes

SCENE = "scenes/x.yaml"
FOLDER = Path("build/x")
FILE = FOLDER / "manifest.json"
READ = Settings(plan=PlanOptions(config=Config()))  # a build that read its configuration
RESULT = SceneResult(
    scene="X", status="built", mix="x.wav", readme="README.md", page="index.html", duration_s=1.5,
    true_peak_dbtp=-1.0, elements=(ElementResult("rain", "sketch", "k", None, "hit", "r", "sketch"),),
    delivered=("x.ogg",),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _of_this_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "fingerprint", lambda: "code")
    monkeypatch.setattr(freshness, "fingerprint", lambda: "code")


@pytest.fixture
def built(project: Path) -> dict[str, Any]:
    """A scene that looks as if it was built, and its manifest."""
    Path(SCENE).write_text("name: X\n")
    FOLDER.mkdir(parents=True)
    for name in ("x.wav", "README.md", "index.html", "x.ogg", "elements/rain.wav"):
        (FOLDER / name).parent.mkdir(exist_ok=True)
        (FOLDER / name).write_bytes(name.encode())
    write()
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def write(settings: Settings | None = None, *more: str, variants: tuple[str, ...] = ()) -> None:
    outputs = {}
    for path in (path for path in FOLDER.rglob("*") if path.is_file() and path != FILE):
        found = path.stat()
        outputs[str(path.relative_to(FOLDER))] = OutputFile(
            found.st_size,
            digest_bytes(path.read_bytes()),
            found.st_mtime_ns,
            found.st_ctime_ns,
        )
    text = manifest_of(
        SCENE,
        settings or Settings(),
        str(FOLDER),
        inputs=digests_of([SCENE, *more]),
        configuration=digests_of(["scenebuild.toml"]),
        outputs=outputs,
        result=None if variants else RESULT,
        variants=variants,
    ).text
    FILE.write_text(text)


def fresh(settings: Settings | None = None) -> bool:
    return up_to_date(SCENE, settings or Settings()) is not None


# As it is written


def test_a_finished_build_is_up_to_date_and_its_manifest_says_what_it_is_of(built: dict[str, Any]) -> None:
    found = up_to_date(SCENE, Settings())
    assert found is not None
    assert found.result == RESULT
    assert found.text == FILE.read_text()
    assert FILE.read_text() == json.dumps(built, indent=1, sort_keys=True) + "\n"
    assert built["version"] == 3
    assert built["scene"] == "../../scenes/x.yaml"
    assert built["inputs"] == {"../../scenes/x.yaml": digest_bytes(b"name: X\n")}
    assert built["configuration"] == {"../../scenebuild.toml": digest_bytes(b"")}
    assert built["links"] == {}
    assert built["asked"] == {
        "engine": None,
        "template": None,
        "stems": False,
        "precision": None,
        "model": None,
        "set": {},
        "environment": {},
    }
    assert outputs_of(str(FOLDER)) == {"x.wav", "README.md", "index.html", "x.ogg", "elements/rain.wav"}
    assert scene_of(str(FOLDER)) == os.path.abspath(SCENE)
    assert inputs_of(str(FOLDER)) == {os.path.abspath(SCENE)}
    assert nothing_to_do([SCENE]) == [(SCENE, "build/x/x.wav")]
    assert built_variants(SCENE, Settings()) == [SCENE]


def test_what_is_not_there_is_not_known(project: Path) -> None:
    assert outputs_of("build/x") == set()
    assert inputs_of("build/x") == set()
    assert scene_of("build/x") is None
    assert up_to_date(SCENE, Settings()) is None
    assert built_variants(SCENE, Settings()) is None
    assert nothing_to_do([SCENE]) is None
    assert nothing_to_do([]) == []


# What decides


@pytest.mark.parametrize(
    "settings",
    [
        Settings(plan=PlanOptions(engine="sketch")),
        Settings(output=OutputOptions(template="t.html")),
        Settings(output=OutputOptions(stems=True)),
        Settings(plan=PlanOptions(model="m")),
        Settings(plan=PlanOptions(precision="fp16")),
        Settings(output=OutputOptions(parameters=(("night", "yes"),))),
        Settings(plan=PlanOptions(config=Config(engine="sketch"))),
    ],
    ids=str,
)
def test_what_a_build_is_asked_decides(built: dict[str, Any], settings: Settings) -> None:
    assert not fresh(settings)
    write(settings)
    assert fresh(settings)
    if settings.plan.config is None:
        assert not fresh()


def test_a_template_is_known_by_where_it_lies() -> None:
    assert asked(Settings(output=OutputOptions(template="t.html")))["template"] == os.path.abspath("t.html")
    assert asked(Settings(output=OutputOptions(parameters=(("night", "yes"),))))["set"] == {"night": "yes"}


def test_the_environment_decides_but_for_what_is_a_flag_or_without_effect(
    built: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ENGINE", "MODEL", "PRECISION", "TEMPLATE", "OUT", "DEVICE", "COLOR"):
        monkeypatch.setenv(f"SCENEBUILD_{name}", "x")
        assert fresh(), name
        assert nothing_to_do([SCENE]) is None, "a flag by another name"
        monkeypatch.delenv(f"SCENEBUILD_{name}")
    monkeypatch.setenv("SCENEBUILD_STORE", "elsewhere")
    monkeypatch.setenv("SCENEBUILD_JOBS", "3")
    assert nothing_to_do([SCENE]) is not None
    monkeypatch.setenv("SCENEBUILD_KERNELS", "off")
    assert not fresh()
    write()
    assert fresh()
    assert json.loads(FILE.read_text())["asked"]["environment"] == {"SCENEBUILD_KERNELS": "off"}


def test_a_home_elsewhere_decides_where_no_configuration_was_read(
    built: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(READ)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        before = os.environ[name]
        monkeypatch.setenv(name, "/elsewhere")
        assert not fresh(), name
        assert fresh(READ), "what it says was read, and is the same"
        monkeypatch.setenv(name, before)
    assert fresh()
    Path("scenebuild.toml").write_text("# changed\n")
    assert not fresh()
    assert fresh(READ)


def test_without_a_home_there_is_a_manifest_all_the_same(
    built: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert not fresh()
    write()
    assert fresh()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert not fresh()


def test_an_input_that_changes_goes_or_comes_is_seen(built: dict[str, Any]) -> None:
    write(None, "scenes/rain.wav")
    assert fresh()
    assert json.loads(FILE.read_text())["inputs"]["../../scenes/rain.wav"] is None
    Path("scenes/rain.wav").write_bytes(b"came")
    assert not fresh()
    write(None, "scenes/rain.wav")
    assert fresh()
    Path("scenes/rain.wav").write_bytes(b"CAME")
    assert not fresh()
    Path("scenes/rain.wav").unlink()
    assert not fresh()


def test_a_link_that_leads_elsewhere_is_another_file(built: dict[str, Any]) -> None:
    for name in ("one.wav", "two.wav"):
        Path(name).write_bytes(b"same")
    Path("scenes/rain.wav").symlink_to("../one.wav")
    write(None, "scenes/rain.wav")
    assert fresh()
    assert json.loads(FILE.read_text())["links"] == {"../../scenes/rain.wav": "../../one.wav"}
    Path("scenes/rain.wav").unlink()
    Path("scenes/rain.wav").symlink_to("../two.wav")
    assert not fresh()


@pytest.mark.parametrize("name", ["x.wav", "README.md", "elements/rain.wav"])
def test_an_output_that_is_not_as_it_was_left_is_made_again(built: dict[str, Any], name: str) -> None:
    path = FOLDER / name
    data = path.read_bytes()
    path.write_bytes(data)
    assert fresh(), "the same bytes, at another time"
    path.write_bytes(data[:-1] + b"X")
    assert not fresh()
    path.write_bytes(data + b"X")
    assert not fresh()
    path.unlink()
    assert not fresh()
    path.symlink_to(os.path.abspath(SCENE))
    assert not fresh()
    path.unlink()
    (path.parent / "copy").write_bytes(data)
    path.symlink_to("copy")
    assert not fresh(), "a link to the same bytes is no output"


def test_an_output_with_the_times_that_it_was_left_with_is_not_read_again(
    built: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.time_ns() + 10**9
    os.utime(FILE, ns=(later, later))
    read: list[str] = []

    def counted(path: str, **more: Any) -> Any:
        read.append(path)
        return digest_of(path, **more)

    monkeypatch.setattr(freshness, "digest_of", counted)
    assert fresh()
    assert not [path for path in read if "/build/x/" in path]
    os.utime(FILE, ns=(0, 0))
    assert fresh()
    assert len([path for path in read if "/build/x/" in path]) == 5, "they are not older than the manifest"


def test_an_output_in_a_folder_that_is_a_link_is_none_of_ours(built: dict[str, Any]) -> None:
    (FOLDER / "elements").rename("elsewhere")
    (FOLDER / "elements").symlink_to(os.path.abspath("elsewhere"))
    assert not fresh()


def test_a_build_that_is_at_work_or_was_killed_is_not_finished(built: dict[str, Any]) -> None:
    (FOLDER / ".build-1").write_text("")
    assert not fresh()


def test_other_code_builds_again(built: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "fingerprint", lambda: "other code")
    assert not fresh()


# What is no manifest


def values_in(plain: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for name, value in inner:
        yield from values_in(value, (*way, name))


def with_value(plain: Any, way: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    changed = copy.deepcopy(plain)
    at = changed
    for name in way[:-1]:
        at = at[name]
    change(at, way[-1])
    return changed


def put(value: Any) -> Callable[[Any, Any], None]:
    def change(at: Any, name: Any) -> None:
        at[name] = value

    return change


@pytest.mark.parametrize("value", [{}, True, {"x": {"y": 3}}, "two\nlines"], ids=["none", "true", "nested", "lines"])
def test_whatever_stands_in_the_place_of_a_value_it_is_no_manifest_of_ours(built: dict[str, Any], value: Any) -> None:
    believed = []
    for way in values_in(built):
        changed = with_value(built, way, put(value)) if way else built
        FILE.write_text(json.dumps(changed))
        if changed != built and fresh():
            believed.append(way)
    known: dict[str, list[tuple[str, ...]]] = {
        "True": [("result", "preview")],
        "{}": [("configuration",)],  # as of a build that read none
        "{'x': {'y': 3}}": [("configured",)],  # decides only where it was read
        "two\nlines": [("result", "scene")],  # a name may hold anything, and this one is never shown
    }
    assert believed == known.get(str(value), [])


def test_no_field_of_a_manifest_may_be_missing_and_none_more_may_be_there(built: dict[str, Any]) -> None:
    for way in [*((name,) for name in built), *(("result", name) for name in built["result"])]:
        FILE.write_text(json.dumps(with_value(built, way, lambda at, name: at.pop(name))))
        assert not fresh(), way
    for more in ({**built, "more": 1}, {**built, "result": {**built["result"], "more": "x"}}):
        FILE.write_text(json.dumps(more))
        assert not fresh()
    FILE.write_text(json.dumps(built))
    assert fresh()


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("version",), 2), (("version",), 4), (("scenebuild",), "0.0.0"), (("scene",), "../../scenes/y.yaml"),
        (("result", "exit_code"), 1), (("result", "mix"), "y.wav"), (("result", "readme"), "README"),
        (("result", "page"), "x"), (("result", "delivered"), ["y.ogg"]), (("result", "duration_s"), -1),
        (("result", "loudness_lufs"), 10**19), (("result",), {"variants": []}), (("result",), {"variants": ["../x"]}),
        (("result",), {"variants": [3]}), (("outputs", "x.wav", 0), -5), (("outputs", "x.wav", 1), "abc"),
        (("outputs", "x.wav", 2), 1 << 63), (("outputs", "x.wav"), [1, "a" * 64, 1]), (("outputs", "../x"), [0] * 4),
    ],
)  # fmt: skip
def test_a_value_that_no_build_writes_makes_it_none(built: dict[str, Any], way: tuple[Any, ...], value: Any) -> None:
    FILE.write_text(json.dumps(with_value(built, way, put(value))))
    assert not fresh()


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, '{"version": NaN}', "\ud800"], ids=range(7))
def test_a_text_that_is_no_manifest_is_answered_as_none(built: dict[str, Any], text: str) -> None:
    FILE.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert not fresh()
    assert outputs_of(str(FOLDER)) == set()
    assert inputs_of(str(FOLDER)) == set()
    assert scene_of(str(FOLDER)) is None


def test_a_manifest_that_is_a_link_is_none(built: dict[str, Any]) -> None:
    FILE.rename("elsewhere.json")
    FILE.symlink_to(os.path.abspath("elsewhere.json"))
    assert not fresh()
    assert outputs_of(str(FOLDER)) == set()


def test_a_number_that_is_none_of_json_makes_it_none(built: dict[str, Any]) -> None:
    FILE.write_text(FILE.read_text().replace("1.5", "Infinity"))
    assert not fresh()
    FILE.write_text(FILE.read_text().replace("Infinity", "1e999"))
    assert not fresh()


def test_a_strangers_manifest_names_nothing_outside_of_its_folder(built: dict[str, Any]) -> None:
    names = ["x.wav", "a/b.wav", "/etc/passwd", "../x", "a/../x", "./x", "a//b", "", "a\0b", ".", "a/"]
    FILE.write_text(json.dumps({"outputs": dict.fromkeys(names), "inputs": [], "scene": 3}))
    assert outputs_of(str(FOLDER)) == {"x.wav", "a/b.wav"}
    assert inputs_of(str(FOLDER)) == set()
    assert scene_of(str(FOLDER)) is None


def test_the_manifest_of_a_file_with_variants_names_them(built: dict[str, Any]) -> None:
    write(variants=("day", "night"))
    found = up_to_date(SCENE, Settings())
    assert found is not None
    assert (found.result, found.variants) == (None, ("day", "night"))
    assert built_variants(SCENE, Settings()) == ["scenes/x.yaml@day", "scenes/x.yaml@night"]
    assert nothing_to_do([SCENE]) is None, "theirs are not there"


# Digests


def test_a_file_that_is_written_while_it_is_read_gets_no_digest(project: Path) -> None:
    path = os.path.abspath(SCENE)
    Path(SCENE).write_text("one")
    written = os.stat(path).st_mtime_ns
    assert digests_of([SCENE]) == {path: digest_bytes(b"one")}
    assert digests_of([SCENE], 0) == {path: CHANGED}
    assert digests_of([SCENE], max(written, os.stat(path).st_ctime_ns)) == {path: digest_bytes(b"one")}
    assert digests_of(["gone"], 0) == {os.path.abspath("gone"): None}
    ahead = time.time_ns() + 10**12
    os.utime(path, ns=(ahead, ahead))
    assert digests_of([SCENE], 0) == {path: digest_bytes(b"one")}, "a date that is to come says nothing"


def test_digests_that_were_taken_before_count_where_the_files_are_the_same(project: Path) -> None:
    Path(SCENE).write_text("one")
    Path("folder").mkdir()
    before = digests_of([SCENE, "gone"])
    assert same_digests(before) == before
    Path(SCENE).write_text("two")
    Path("gone").write_text("came")
    assert same_digests(before) == {os.path.abspath(SCENE): CHANGED, os.path.abspath("gone"): CHANGED}
    assert same_digests({"folder": "x"}) == {"folder": CHANGED}


# Where builds lie


def test_a_build_lies_in_the_project_or_where_it_is_asked_for(project: Path) -> None:
    assert os.path.abspath(output_folder(SCENE)) == str(project / "build" / "x")
    assert output_folder(SCENE, "out") == os.path.join("out", "x")
    assert output_folder(f"{SCENE}@night", "out") == os.path.join("out", "x@night")
    assert outputs_root(SCENE, "out") == "out"
    assert os.path.abspath(outputs_root(SCENE)) == str(project)
    Path("kept").mkdir()
    Path("build").symlink_to("kept")
    assert os.path.abspath(outputs_root(SCENE)) == str(project / "build"), "a folder of the project itself"
    for elsewhere in ("..", ".", ".git"):
        Path("build").unlink()
        Path("build").symlink_to(elsewhere)
        assert os.path.abspath(outputs_root(SCENE)) == str(project), elsewhere


def test_the_code_is_known_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "a" / "__pycache__").mkdir(parents=True)
    (tmp_path / "a" / "x.py").write_text("12")
    (tmp_path / "a" / "__pycache__" / "x.pyc").write_text("")
    (tmp_path / "y.py").write_text("")
    os.utime(tmp_path / "a" / "x.py", ns=(5, 7))
    os.utime(tmp_path / "y.py", ns=(5, 8))
    assert sorted(digests._files_in(str(tmp_path), str(tmp_path))) == [("a/x.py", 2, 7), ("y.py", 0, 8)]
