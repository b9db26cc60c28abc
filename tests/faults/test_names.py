"""Two things of one name are refused before anything is written, also when they are built one by one."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from scenebuild.cli import run

SCENE = "name: x\nelements:\n  rain: {prompt: rain, duration: 0.5, engine: sketch}\n  bell: {prompt: bell, duration: 0.5, engine: sketch}\n"  # noqa: E501
OTHER = SCENE.replace("prompt: rain", "prompt: wind")


def everything() -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in Path().rglob("*") if one.is_file()}


def write(name: str, text: str) -> str:
    path = Path("scenes") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


NIGHT = SCENE + "variants: {night: {}, day: {}}\n"


def test_validate_names_scenes_of_one_name(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [write("x.yaml", SCENE), write("x.yml", OTHER), write("v.yaml", NIGHT), write("v@night.yaml", OTHER)]
    for arguments, named in ([["scenes"], paths], *([[path], [path]] for path in paths)):
        assert run(["validate", *arguments]) == 1
        told = [line for line in capsys.readouterr().err.splitlines() if "has the same name as" in line]
        assert sorted(line.split(":")[0] for line in told) == sorted(named)
    capsys.readouterr()
    assert run(["validate", paths[2]]) == 1
    assert capsys.readouterr().err == (
        f"{paths[2]}:1:1: {paths[3]} has the same name as {paths[2]}@night: both would have one lockfile and be"
        " built in one folder; rename one of them\n"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("x.yaml", SCENE), ("x.yml", OTHER)),
        (("x.yaml", SCENE), ("X.yaml", OTHER)),
        (("x.yaml", SCENE), ("X.yml", OTHER)),
        (("caf\u00e9.yaml", SCENE), (unicodedata.normalize("NFD", "caf\u00e9.yaml"), OTHER)),
        (("v.yaml", NIGHT), ("v@night.yaml", OTHER)),
        (("v.yaml", NIGHT), ("V@Night.yml", OTHER)),
    ],
    ids=lambda pair: ascii(pair[0]),
)
@pytest.mark.parametrize("arguments", [[], ["--dry-run"], ["--solo", "rain"], ["--out", "out"]], ids=str)
def test_scenes_of_one_name_are_refused_one_by_one(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    first: tuple[str, str],
    second: tuple[str, str],
    arguments: list[str],
) -> None:
    one = write(*first)
    assert run([one, "-q"]) == 0
    before = everything()
    other = write(*second)
    if len(list(Path("scenes").glob("*.y*ml"))) < 2:
        pytest.skip("this file system takes both names for one file")
    for path in (other, one) if not arguments else (other,):
        if path == one:
            Path(one).write_text(Path(one).read_text().replace("prompt: bell", "prompt: gong"))
        capsys.readouterr()
        assert run([path, *arguments]) == 1
        told = capsys.readouterr().err
        assert "has the same name as" in told
        assert "both would have one lockfile and be built in one folder; rename one of them" in told
        assert told.startswith(f"{path}:1:1: ")
    after = everything()
    assert {name: content for name, content in after.items() if not name.endswith(("ml",))} == {
        name: content for name, content in before.items() if not name.endswith(("ml",))
    }


def test_a_variant_is_refused_beside_a_file_of_its_name(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("v.yaml", NIGHT)
    write("v@night.yaml", OTHER)
    assert run(["scenes/v.yaml@night"]) == 1
    assert "scenes/v@night.yaml has the same name as scenes/v.yaml@night" in capsys.readouterr().err
    assert run(["scenes/v.yaml@day", "-q"]) == 0
    assert run(["takes", "rain", "scenes/v@night.yaml"]) == 1


def test_names_that_only_begin_alike_are_two(project: Path) -> None:
    for name in ("x.yaml", "x2.yaml", "x@a.yaml", "v.yaml", "v@b.yml"):
        assert run([write(name, NIGHT if name == "v.yaml" else SCENE), "-q"]) == 0


def test_scenes_of_one_name_in_two_folders_share_no_output_folder(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = write("a/x.yaml", SCENE), write("b/x.yaml", OTHER)
    assert run([one, "-q"]) == 0
    before = everything()
    assert run([other]) == 2
    assert capsys.readouterr().err == (
        f"{one} and {other} would both be built in {project}/build/x; rename one of them, or build each with an "
        "--out of its own\n"
    )
    assert everything() == before
    assert run([other, "-q", "--out", "second"]) == 0
    Path(one).rename("scenes/a/y.yaml")
    assert run([other, "-q"]) == 0, "a scene that was moved away needs its folder no longer"


def test_a_scene_above_of_the_same_name_is_another_scene(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("base/x.yaml", SCENE)
    write("x.yaml", "extends: base/x.yaml\nname: mine\n")
    assert run(["scenes/x.yaml", "-q"]) == 0
    assert run(["scenes/base/x.yaml"]) == 2
    assert "up-to-date" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["listen.yaml", "Listen.yaml"])
def test_listening_leaves_the_mix_of_a_scene_called_listen(project: Path, name: str) -> None:
    path = write(name, SCENE)
    assert run([path, "-q"]) == 0
    folder = Path("build") / Path(name).stem
    mix = (folder / f"{Path(name).stem}.wav").read_bytes()
    assert run([path, "-q", "--solo", "bell"]) == 0
    assert (folder / f"{Path(name).stem}.wav").read_bytes() == mix
    assert (folder / "_listen.wav").is_file()
    assert not {one.name.lower() for one in folder.iterdir()} - {
        "listen.wav",
        "_listen.wav",
        "elements",
        "index.html",
        "manifest.json",
        "readme.md",
        "spectrogram.png",
        "timeline.svg",
        "timeline.txt",
        "waveform.svg",
    }


def test_a_scene_called_catalogue_and_the_explorer_keep_apart(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("catalogue.yaml", SCENE)
    assert run([path, "-q"]) == 0
    before = everything()
    assert run(["explore", "rain"]) == 2
    assert "holds the build of scenes/catalogue.yaml; rename that scene, or use --out" in capsys.readouterr().err
    assert everything() == before
    (Path("build/catalogue/manifest.json")).unlink()
    assert run([path]) == 2
    assert "holds the pages of 'scenebuild explore'; rename scenes/catalogue.yaml, or use --out" in (
        capsys.readouterr().err
    )
