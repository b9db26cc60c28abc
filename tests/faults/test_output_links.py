"""Outputs are written only where the user sees them, never through a link."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from builds_of_x import BUILD, MORE, PATH, SCENE, scene, status, up, victim
from scenebuild.cli import run
from scenebuild.files import is_real, real_folder, remove_below

__all__ = ["scene", "victim"]


# Links


MANIFEST_OF_A_STRANGER = json.dumps(
    {
        "version": 2,
        "outputs": {
            name: [8, "x"]
            for name in (
                "elements/thesis.txt",
                "elements/rain.wav",
                "stems/thesis.wav",
                "thesis.txt",
                "../victim/thesis.txt",
                "/etc/passwd",
                "README.md",
                "elements/../../thesis.txt",
            )
        },
    }
)
LINKS = (
    "build", "build/x", "build/x/elements", "build/x/stems", "build/takes", "build/catalogue", "build/catalogue/rain",
    "build/takes/x/rain/elements",
)  # fmt: skip
COMMANDS = [
    [PATH],
    [PATH, "--stems"],
    [PATH, "--solo", "rain"],
    ["takes", "rain", PATH, "-n", "2"],
    ["explore", "rain"],
]


@pytest.mark.parametrize(
    ("link", "arguments"),
    [
        pytest.param(link, one, id=f"{link}-{' '.join(one)}", marks=[] if one == [PATH] else pytest.mark.hard)
        for link in LINKS
        for one in COMMANDS
    ],
)
def test_nothing_is_written_or_removed_through_a_link(
    project: Path, victim: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], link: str
) -> None:
    Path(link).parent.mkdir(parents=True, exist_ok=True)
    os.symlink(victim, link)
    if link != "build":
        BUILD.mkdir(parents=True, exist_ok=True)
    with_manifest = not (BUILD.is_symlink() or Path("build").is_symlink())
    if with_manifest:
        (BUILD / "manifest.json").write_text(MANIFEST_OF_A_STRANGER)
    code = run(arguments)
    told = capsys.readouterr()
    assert code in (0, 1)
    if code:
        assert "is a link, and nothing is written through it; remove it, or name another" in told.err.splitlines()[-1]
    assert Path(link).is_symlink()
    # the fixture looks at the victim


def test_variants_and_their_overview_are_not_written_through_a_link(
    scene: Path, victim: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.write_text(SCENE + "variants: {day: {}, night: {}}\n")
    assert run([PATH, "-q"]) == 0
    shutil.rmtree(BUILD)
    BUILD.symlink_to(victim)
    scene.write_text(SCENE + "variants: {day: {}, night: {}, dawn: {}}\n")
    assert run([PATH]) == 1
    assert "build/x: cannot be written: is a link" in capsys.readouterr().err


def test_a_build_that_is_a_link_into_the_project_is_the_users_own(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "kept").mkdir()
    os.symlink("kept", "build")
    assert status(capsys) == "built"
    assert up()
    assert (project / "kept/x/x.wav").is_file()
    (project / ".git").mkdir()
    os.unlink("build")
    os.symlink(".git", "build")
    assert run([PATH]) == 1
    assert list((project / ".git").iterdir()) == []


@pytest.mark.parametrize("name", ["build/x", "build/x/elements", "build/x/x.wav", "build/x/manifest.json", "build"])
def test_outputs_that_became_links_are_not_up_to_date(
    project: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run([PATH, "-q"]) == 0
    assert up()
    os.rename(name, project.parent / "moved")
    os.symlink(project.parent / "moved", name)
    assert not up()
    if name.endswith(("wav", "json")):
        assert status(capsys) == "built"
        assert not os.path.islink(name), "an output is a file of its own"
    else:
        assert run([PATH]) == 1


def test_a_link_in_the_place_of_an_output_is_replaced(project: Path, victim: Path) -> None:
    for name in ("x.wav", "README.md", "manifest.json", "elements/rain.wav", "timeline.txt", "index.html"):
        (BUILD / name).parent.mkdir(parents=True, exist_ok=True)
        (BUILD / name).symlink_to(victim / "thesis.txt")
    assert run([PATH, "-q"]) == 0
    assert not [one for one in BUILD.rglob("*") if one.is_symlink()]


def test_the_mechanism(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    other.mkdir()
    (other / "file").touch()
    real_folder(str(root), str(root / "a" / "b"))
    (root / "a" / "link").symlink_to(other)
    for folder in ("a/link", "a/link/c", "a/link/../../c/../a/link"):
        with pytest.raises(OSError, match="is a link"):
            real_folder(str(root), str(root / folder))
    with pytest.raises(OSError, match="does not lie"):
        real_folder(str(root), str(tmp_path / "elsewhere"))
    remove_below(str(root), str(root / "a/link/file"))
    assert (other / "file").exists()
    assert not is_real(str(root), str(root / "a/link/file"))
    (root / "a" / "b" / "file").touch()
    assert is_real(str(root), str(root / "a/b/file"))
    remove_below(str(root), str(root / "a/b/file"))
    assert not (root / "a" / "b").exists(), "the last file takes its folder along"


def test_every_file_of_a_build_is_opened_and_named_below_its_folder(project: Path) -> None:
    """As the interpreter itself sees it: whatever is opened for writing, renamed or removed lies where it may."""
    script = """
import os, sys, tempfile
seen = []
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)) and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        seen.append(os.fsdecode(arguments[0]))
    elif event in ("os.rename", "os.link"):
        seen.extend(map(os.fsdecode, arguments[:2]))
    elif event in ("os.remove", "os.mkdir", "os.rmdir") and arguments[-1] == -1:  # not below an open folder
        seen.append(os.fsdecode(arguments[0]))
import scenebuild.render.stages
from scenebuild.cli import run
tempfile.gettempdir()  # which tries whether it may write there
sys.addaudithook(hook)
code = run(["scenes/x.yaml", "--stems", "-q"])
print(code, *{os.path.realpath(one) for one in seen if one}, sep="\\n")
"""
    Path(PATH).write_text(MORE)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, *paths = done.stdout.splitlines()
    allowed = [
        project / "build", project / "scenes/x.lock.json", os.environ["SCENEBUILD_STORE"], "/dev/",
        f"{tempfile.gettempdir()}/scenebuild-",
        project / "scenes/.tmp-",
    ]  # fmt: skip
    assert code == "0"
    assert len(paths) > 20
    strange = [one for one in paths if not one.startswith(tuple(map(str, allowed))) and "__pycache__" not in one]
    assert not strange
