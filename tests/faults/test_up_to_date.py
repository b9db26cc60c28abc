"""'Up to date' is only said where nothing that decides a build has changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import scenebuild.outputs
import scenebuild.render.stages
from builds_of_x import BUILD, PATH, SCENE, scene, status, tone, up
from scenebuild.cli import run
from scenebuild.mix.mixer import mix_scene
from scenebuild.plan import digests
from scenebuild.plan import up_to_date as fresh

__all__ = ["scene"]


# Up to date


def test_an_output_that_is_older_is_not_up_to_date(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([PATH, "-q"]) == 0
    shutil.copy2(BUILD / "x.wav", "before.wav")
    scene.write_text(SCENE.replace("normalize: none", "normalize: none, volume: 0.1"))
    assert run([PATH, "-q"]) == 0
    quiet = (BUILD / "x.wav").read_bytes()
    os.rename("before.wav", BUILD / "x.wav")  # of equal size, and older
    assert not up()
    assert status(capsys) == "built"
    assert (BUILD / "x.wav").read_bytes() == quiet
    found = os.stat(BUILD / "x.wav")
    with open(BUILD / "x.wav", "r+b") as file:
        file.seek(100)
        file.write(b"noise")
    os.utime(BUILD / "x.wav", ns=(found.st_atime_ns, found.st_mtime_ns))
    assert not up()


def test_outputs_that_were_copied_are_known_by_their_bytes(project: Path) -> None:
    assert run([PATH, "-q"]) == 0
    shutil.copytree("build", "copy")
    shutil.rmtree("build")
    os.rename("copy", "build")
    assert up()


def test_outputs_that_git_brought_are_built_again_whatever_their_manifest_says(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger can commit a mix of his own and a manifest that vouches for it."""
    assert run([PATH, "-q"]) == 0
    good = Path("build/x/x.wav").read_bytes()
    forged = good[:2000] + bytes(len(good) - 4000) + good[-2000:]
    Path("build/x/x.wav").write_bytes(forged)
    manifest = Path("build/x/manifest.json")
    digests = (hashlib.sha256(good).hexdigest(), hashlib.sha256(forged).hexdigest())
    manifest.write_text(manifest.read_text().replace(*digests))
    assert up(), "copied files are known by their bytes"
    for command in (
        ["init", "-q"],
        ["add", "-Af"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *command], check=True)
    subprocess.run(["git", "clone", "-q", str(project), str(tmp_path / "clone")], check=True)
    monkeypatch.chdir(tmp_path / "clone")
    assert not up()
    assert run([PATH, "-q"]) == 0
    assert Path("build/x/x.wav").read_bytes() == good
    assert up(), "what was built here is known by its times"


@pytest.mark.parametrize("what", ["recording", "impulse response", "scene file", "scene above"])
def test_a_link_that_leads_elsewhere_is_another_input(
    project: Path, scene: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    text = SCENE + "extends: above.yaml\n"
    text = text.replace("elements:\n", "elements:\n  voice: {file: voice.wav}\n")
    text = text.replace("normalize: none", "normalize: none, effects: [{convolve: {file: ir.wav}}]")
    for name, hertz in (("v1", 440), ("v2", 1000), ("i1", 300), ("i2", 3000)):
        tone(project / "scenes" / f"{name}.wav", hertz)
    for number in (1, 2):
        (project / f"scenes/_x{number}.yml").write_text(text.replace("name: x", f"name: x{number}"))
        (project / f"scenes/_above{number}.yaml").write_text(f"description: number {number}\n")
    scene.unlink()
    links = {
        "recording": ("voice.wav", "v1.wav", "v2.wav"), "impulse response": ("ir.wav", "i1.wav", "i2.wav"),
        "scene file": ("x.yaml", "_x1.yml", "_x2.yml"), "scene above": ("above.yaml", "_above1.yaml", "_above2.yaml"),
    }  # fmt: skip
    for name, one, _ in links.values():
        (project / "scenes" / name).symlink_to(one)
    assert status(capsys) == "built"
    assert up()
    name, one, other = links[what]
    shutil.copy(project / "scenes" / one, project / "scenes" / f"same-{one}")
    link = project / "scenes" / name
    link.unlink()
    link.symlink_to(f"same-{one}")  # the same bytes elsewhere
    assert not up()
    assert status(capsys) == "built"
    assert up()
    link.unlink()
    link.symlink_to(other)
    assert not up()
    assert status(capsys) == "built"


@pytest.mark.parametrize("change", ["included", "extended", "itself", "a nearer one"])
def test_a_template_is_all_that_it_includes(project: Path, capsys: pytest.CaptureFixture[str], change: str) -> None:
    folder = project / "own"
    folder.mkdir()
    (folder / "base.md").write_text("{% block body %}{% endblock %}\n")
    (folder / "part.md").write_text("of one\n")
    (folder / "own.md").write_text(
        "{% extends 'base.md' %}{% block body %}{% include 'part.md' %}"
        "{% include 'more.md' ignore missing %}{% endblock %}"
    )
    arguments = (PATH, "--template", "own/own.md")
    assert status(capsys, *arguments) == "built"
    assert status(capsys, *arguments) == "up-to-date"
    name = {"included": "part.md", "extended": "base.md", "itself": "own.md", "a nearer one": "more.md"}[change]
    (folder / name).write_text("of another\n")
    assert status(capsys, *arguments) == "built"
    assert (BUILD / "README.md").read_text() == "of another\n" or "of another" in (BUILD / "README.md").read_text()


def in_the_middle(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> Any:
    """While a scene is mixed, something else happens, on a file server whose clock is an hour ahead."""

    def meanwhile(*arguments: Any, **options: Any) -> Any:
        found = mix_scene(*arguments, **options)
        do()
        return found

    monkeypatch.setattr(scenebuild.render.stages, "mix_scene", meanwhile)
    monkeypatch.setattr(digests, "_is_newer", lambda path, begun_ns: False)  # no clock helps


INPUTS = ["scenes/x.yaml", "scenes/voice.wav", "scenes/ir.wav", "scenebuild.toml", "own.md", "scenes/x.lock.json"]


@pytest.mark.parametrize("name", INPUTS)
def test_what_is_saved_during_a_build_is_built_by_the_next_whatever_the_clocks_say(
    project: Path, scene: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    tone(project / "scenes/voice.wav", 440)
    tone(project / "scenes/ir.wav", 300)
    Path("own.md").write_text("one\n")
    text = SCENE.replace("elements:\n", "elements:\n  voice: {file: voice.wav}\n")
    scene.write_text(text.replace("normalize: none", "normalize: none, effects: [{convolve: {file: ir.wav}}]"))
    arguments = (PATH, "--template", "own.md")

    def save() -> None:
        if name.endswith(".wav"):
            tone(Path(name), 2000)
        elif name == "scenebuild.toml":
            Path(name).write_text("commercial = true\n")
        elif name.endswith("json"):
            Path(name).write_text(Path(name).read_text() + "\n")
        else:
            Path(name).write_text(Path(name).read_text() + "# saved\n")

    assert run([PATH, "-q"]) == 0
    with monkeypatch.context() as patched:
        in_the_middle(patched, save)
        if name == "own.md":  # it is read after the mix: it changes after that
            in_the_middle(patched, lambda: None)
            published = scenebuild.outputs.Outputs.publish

            def saved_before(self: Any, path: str, data: Any) -> None:
                if path.endswith("README.md"):
                    save()
                published(self, path, data)

            patched.setattr(scenebuild.outputs.Outputs, "publish", saved_before)
        assert run([*arguments, "-q"]) == 0
    assert status(capsys, *arguments) == "built"
    assert status(capsys, *arguments) == "up-to-date"


def test_a_manifest_vouches_only_for_what_its_build_wrote(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two builds of one scene at once: what the other one put in place is not taken for this one's."""
    for name in ("x.wav", "elements/rain.wav", "README.md", "timeline.txt"):
        noise = b"of the other build" * 10
        with monkeypatch.context() as patched:
            files = scenebuild.outputs.Outputs.files

            def late(self: Any, name: str = name, noise: bytes = noise, files: Any = files) -> Any:
                (BUILD / name).write_bytes(noise)
                return files(self)

            patched.setattr(scenebuild.outputs.Outputs, "files", late)
            assert run([PATH, "-q", "--force"]) == 0
        assert not up(), name
        assert status(capsys) == "built"
        assert noise not in (BUILD / name).read_bytes()


def test_another_scenebuild_builds_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([PATH, "-q"]) == 0
    assert up()
    monkeypatch.setattr(fresh, "fingerprint", lambda: "another development version")
    assert not up()
    assert status(capsys) == "built"


def test_the_fingerprint_is_of_the_code_and_its_data(tmp_path: Path) -> None:
    from scenebuild.plan.digests import _files_in, fingerprint

    assert fingerprint() == fingerprint()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "a.py").write_text("1")
    before = list(_files_in(str(tmp_path), str(tmp_path)))
    (tmp_path / "__pycache__" / "a.pyc").write_text("2")
    assert list(_files_in(str(tmp_path), str(tmp_path))) == before
    (tmp_path / "a.py").write_text("2")
    os.utime(tmp_path / "a.py", (1, 1))
    assert list(_files_in(str(tmp_path), str(tmp_path))) != before


def test_a_template_is_another_one_from_another_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (project / name).mkdir()
        (project / name / "own.md").write_text(f"{name}\n")
    monkeypatch.chdir(project / "one")
    assert status(capsys, "../scenes/x.yaml", "--template", "own.md") == "built"
    monkeypatch.chdir(project / "two")
    assert status(capsys, "../scenes/x.yaml", "--template", "own.md") == "built"
