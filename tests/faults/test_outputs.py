"""Outputs: written only where the user sees them, removed only where a build wrote them, and 'up to date' only where
that is so."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import scenebuild.outputs
import scenebuild.render.stages
from scenebuild.build import build
from scenebuild.cli import run
from scenebuild.errors import ScenebuildError
from scenebuild.files import is_real, real_folder, remove_below
from scenebuild.mix.mixer import mix_scene
from scenebuild.outputs import is_an_output
from scenebuild.plan import digests
from scenebuild.plan import up_to_date as fresh
from scenebuild.plan.manifest import LIST, RESULT
from scenebuild.plan.up_to_date import nothing_to_do, up_to_date
from scenebuild.result import SceneResult
from scenebuild.settings import Settings

SCENE = (
    "name: x\nelements:\n  rain: {prompt: rain, duration: 0.5, engine: sketch, normalize: none}\nmix: {duration: 1}\n"
)
MORE = SCENE.replace("mix:", "  old: {prompt: wind, duration: 0.5, engine: sketch}\ndeliver: [{preset: podcast}]\nmix:")
PATH, BUILD = "scenes/x.yaml", Path("build/x")


@pytest.fixture(autouse=True)
def scene(project: Path) -> Path:
    path = project / PATH
    path.write_text(SCENE)
    return path


def status(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """How a run ends, by ``--json``."""
    capsys.readouterr()
    assert run([*(arguments or (PATH,)), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    return "/".join(one["status"] for one in plain["scenes"])


def up(reference: str = PATH) -> bool:
    """What the quick look before the command line is loaded says."""
    return nothing_to_do([reference]) is not None


def tone(path: Path, hertz: float, seconds: float = 0.3) -> None:
    times = np.arange(int(seconds * 48000)) / 48000
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * hertz * times), 48000, subtype="PCM_16")


def below(folder: Path) -> dict[str, bytes | None]:
    return {str(it.relative_to(folder)): it.read_bytes() if it.is_file() else None for it in sorted(folder.rglob("*"))}


# Links


@pytest.fixture
def victim(project: Path) -> Iterator[Path]:
    """A folder outside of the project; whatever is done, it stays as it is."""
    folder = project.parent / "victim"
    for name in ("thesis.txt", "x/thesis.txt", "elements/rain.wav", "stems/thesis.wav", "README.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("precious")
    before = below(folder)
    yield folder
    assert below(folder) == before


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


def file_with_a_hole(path: Path, size: int) -> None:
    path.touch()
    os.truncate(path, size)


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


# Leftovers


def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that is killed after its files and before its manifest."""

    class Killed(BaseException):
        pass

    def kill(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(scenebuild.outputs.Outputs, "finish", kill)
        with pytest.raises(Killed):
            run([PATH, "-q", "--stems"])


def test_what_a_killed_build_left_goes(
    scene: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([PATH, "-q"]) == 0
    before = below(BUILD).keys()
    scene.write_text(MORE)
    interrupted(monkeypatch)
    assert {"x.podcast.mp3", "elements/old.wav", "stems/old.wav"} < below(BUILD).keys()
    (BUILD / "notes.txt").write_text("the user's own")
    scene.write_text(SCENE)
    assert not up(), "the manifest is right, but something else lies there"
    assert status(capsys) == "built"
    assert below(BUILD).keys() == {*before, "notes.txt"}
    assert status(capsys) == "up-to-date"


def test_a_list_of_a_stranger_removes_nothing_but_outputs(project: Path, victim: Path) -> None:
    assert run([PATH, "-q"]) == 0
    (BUILD / "thesis.txt").write_text("precious")
    names = ["thesis.txt", "../../scenes/x.yaml", "elements/old.wav", "/etc/passwd", 5, None, "x.wav", "manifest.json"]
    for number, text in enumerate((json.dumps({"names": names}), "[", "[[[[", '{"names": 1}', '{"pid": 1e99}')):
        (BUILD / f"{LIST}{number}.json").write_text(text)
    (BUILD / "elements/old.wav").write_text("left over")
    assert run([PATH, "-q"]) == 0
    assert {"thesis.txt", "x.wav", "manifest.json"} < below(BUILD).keys()
    assert "elements/old.wav" not in below(BUILD)
    assert not list(BUILD.glob(f"{LIST}*"))
    assert up()


def test_a_build_that_is_running_keeps_its_files(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([PATH, "-q"]) == 0
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        plain = {"host": os.uname().nodename, "pid": other.pid, "names": ["elements/theirs.wav"]}
        (BUILD / f"{LIST}1.json").write_text(json.dumps(plain))
        (BUILD / "elements/theirs.wav").write_text("just written")
        assert status(capsys) == "built"
        assert "elements/theirs.wav" in below(BUILD)
        other.communicate(b"\n")
    assert status(capsys) == "built"
    assert "elements/theirs.wav" not in below(BUILD)
    assert status(capsys) == "up-to-date"


def test_a_list_that_another_machine_left_is_waited_for_by_one_build_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container that was killed cannot be asked. Its list counts until a build that began later is done."""
    assert run([PATH, "-q"]) == 0
    plain = {"host": "a-container-that-is-gone", "pid": 5, "names": ["elements/theirs.wav"]}
    (BUILD / f"{LIST}1.json").write_text(json.dumps(plain))
    (BUILD / "elements/theirs.wav").write_text("just written")
    capsys.readouterr()
    assert status(capsys) == "built"
    assert "elements/theirs.wav" in below(BUILD), "that build may still be running"
    assert status(capsys) == "up-to-date"
    scene = Path(PATH)
    scene.write_text(scene.read_text().replace("name: ", "name: A new "))
    os.utime(BUILD / f"{LIST}1.json", (1, 1))
    assert status(capsys) == "built"
    assert "elements/theirs.wav" not in below(BUILD)


def test_listening_leaves_the_build_up_to_date(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene.write_text(MORE)
    assert run([PATH, "-q"]) == 0
    assert run([PATH, "-q", "--solo", "old"]) == 0
    assert up()
    assert status(capsys) == "up-to-date"


@pytest.mark.hard
@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.2, 0.5])
def test_killed_anywhere_it_leaves_nothing_for_ever(scene: Path, after_s: float) -> None:
    assert run([PATH, "-q"]) == 0
    before = below(BUILD).keys()
    scene.write_text(MORE)
    with subprocess.Popen([sys.executable, "-m", "scenebuild", PATH, "-q", "--stems"]) as process:
        end = time.monotonic() + 60
        while process.poll() is None and not list(BUILD.glob(f"{LIST}*")) and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(after_s)
        process.kill()
    for path in BUILD.rglob(".tmp-*"):  # swept once they are old
        os.utime(path, (1, 1))
    scene.write_text(SCENE)
    assert run([PATH, "-q"]) == 0
    assert below(BUILD).keys() == before
    assert up()


def test_a_build_that_fails_says_so_and_the_next_one_tidies(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ScenebuildError):
        build(["scenes/none.yaml"], None, None)  # type: ignore[arg-type]
    assert up_to_date(PATH, Settings()) is None
