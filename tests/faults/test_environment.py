"""Users without a home, unreadable homes, names that are not UTF-8, unusual locales."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scenebuild.cli import run

SCENE = "name: {name}\nelements:\n  rain: {{prompt: rain on leaves, duration: 0.3}}\nmix: {{duration: 0.3}}\n"
VERBS: tuple[tuple[str, ...], ...] = (
    ("scenes/a.yaml", "-q", "--engine", "sketch"),
    ("scenes/a.yaml", "-q"),
    ("plan", "scenes"),
    ("takes", "rain", "scenes/a.yaml", "-n", "1"),
    ("pick", "rain", "1", "scenes/a.yaml"),
    ("test", "scenes"),
    ("validate", "scenes"),
    ("validate", "--locks-only", "scenes"),
    ("lint", "scenes"),
    ("explore", "rain", "-q"),
    ("cache", "ls"),
    ("cache", "verify"),
    ("cache", "size"),
    ("engines",),
    ("models", "list"),
    ("models", "verify"),
    ("doctor",),
    ("init", "scenes/new.yaml"),
    ("diff", "build", "build"),
    ("schema",),
)


def write_scene(path: str | bytes, name: str = "x") -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(SCENE.format(name=name))


def without_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """As a system user of a service has it: no HOME, and no entry of its own among the users."""

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.delenv("HOME")


def with_a_device_as_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("HOME", os.devnull)


def with_somebody_elses_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """As under ``sudo -u``. Root may enter any folder, so that the system's answer is given here."""
    monkeypatch.setenv("HOME", str(home))
    below = os.path.join(home, "")
    stat, lstat, access = os.stat, os.lstat, os.access

    def refused(look: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def looked(path: str | int, *rest: object, **more: object) -> os.stat_result:
            if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(below):
                raise PermissionError(13, "Permission denied", path)
            return look(path, *rest, **more)

        return looked

    def may(path: str, mode: int, **more: bool) -> bool:
        return path != str(home) and access(path, mode, **more)

    monkeypatch.setattr(os, "stat", refused(stat))
    monkeypatch.setattr(os, "lstat", refused(lstat))
    monkeypatch.setattr(os, "access", may)


Homeless = Callable[[pytest.MonkeyPatch, Path], None]


@pytest.fixture(params=[without_home, with_a_device_as_home, with_somebody_elses_home])
def homeless(
    request: pytest.FixtureRequest, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Homeless:
    """A project of a user whose home cannot be had, with a scene in it."""
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    (home / ".config" / "scenebuild").mkdir(parents=True)
    (home / ".config" / "scenebuild" / "config.toml").write_text("this is no configuration")
    found: Homeless = request.param
    write_scene("scenes/a.yaml")
    found(monkeypatch, home)
    return found


def test_every_verb_does_without_a_home(
    homeless: Homeless, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SCENEBUILD_STORE")
    for verb in VERBS:
        assert run(verb) == 0, verb
        said = capsys.readouterr().err
        assert said.count("SCENEBUILD_STORE names another place") <= 1, verb
    assert any(path.is_file() for path in Path("build/.store/objects").rglob("*"))


def test_a_store_that_is_named_is_used_without_a_word(homeless: Homeless, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenes/a.yaml", "--engine", "sketch", "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert Path(os.environ["SCENEBUILD_STORE"], "objects").is_dir()
    assert not Path("build/.store").exists()


def test_a_configuration_that_is_there_and_can_not_be_read_is_no_absent_one(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may say that nothing is to be made of weights that forbid commercial use."""
    write_scene("scenes/a.yaml")
    own = Path(os.environ["XDG_CONFIG_HOME"], "scenebuild", "config.toml")
    own.mkdir(parents=True)
    assert run(["plan", "scenes"]) == 2
    assert capsys.readouterr().err == f"{own}: cannot be read: is a folder, not a file\n"


# Configuration files


@pytest.mark.parametrize("name", ["scenebuild.toml", "pyproject.toml"])
@pytest.mark.parametrize("kind", ["/dev/zero", "/dev/ptmx", "/dev/tty", "pipe", "folder", "socket"])
@pytest.mark.parametrize("verb", [("plan", "scenes"), ("lint", "scenes"), ("doctor",), ("scenes/a.yaml",)])
def test_a_configuration_that_is_no_file_is_one_line(
    project: Path, name: str, kind: str, verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    import socket

    write_scene("scenes/a.yaml")
    Path(name).unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(name)
    elif kind == "folder":
        Path(name).mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(name)
    else:
        Path(name).symlink_to(kind)
    assert run(verb) == (0 if verb[0] == "lint" else 2)
    if verb[0] != "lint":
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{name}: cannot be read: is a" in line


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("#" * 300_000, "is larger than 262144 bytes"),
        ("x = " + "[" * 100_000, "values are nested too deeply"),
        ("a." * 100_000 + "a = 1", "a key has more than 64 parts"),
        ("[" + "'a' . " * 40_000 + "a]", "a key has more than 64 parts"),
        ("x = { " + '"a".' * 60_000 + "a = 1}", "a key has more than 64 parts"),
        ("engine = 'a\\u0000", "Illegal character"),
        ('"' + "a" * 5000 + '" = 1', "unknown setting"),
        ('"##[error]" = 1', "unknown setting"),
        ('store = ""', "leads out of the project"),
        ('store = "a\\u0000b"', "leads out of the project"),
        ('store = "a/../../b"', "leads out of the project"),
    ],
)
def test_a_configuration_of_a_stranger_is_bounded(
    project: Path, text: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_scene("scenes/a.yaml")
    Path("scenebuild.toml").write_text(text)
    assert run(["plan", "scenes"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert what in line or "cannot be read" in line
    assert len(line) < 600
    assert "##[" not in line


@pytest.mark.parametrize("link", ["takes", "takes/objects", "takes/actions", "takes/quarantine", "takes/objects/ab"])
def test_a_store_in_the_project_never_leads_out_of_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SCENEBUILD_STORE")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    Path("scenebuild.toml").write_text('store = "takes"')
    write_scene("scenes/a.yaml")
    Path(link).parent.mkdir(parents=True, exist_ok=True)
    Path(link).symlink_to(outside)
    for verb in (["scenes/a.yaml"], ["cache", "gc"], ["cache", "verify", "--repair"], ["takes", "rain"], ["doctor"]):
        assert run(verb) == 2, verb
        assert "is a link that leads out of the project" in capsys.readouterr().err
    assert os.listdir(outside) == ["kept"]
    assert run(["scenes/a.yaml", "--store", str(tmp_path / "own"), "--engine", "sketch", "-q"]) == 0
    Path(link).unlink()
    Path("inside").mkdir()
    Path(link).symlink_to(project / "inside")
    assert run(["scenes/a.yaml", "--engine", "sketch", "-q", "-f"]) == 0


# Names


BYTES = b"\xfcber"


@pytest.fixture(params=[b"p", b"p\xfcx"])
def odd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, in a folder with a plain or an odd name, with three scenes, the second of them with an odd name."""
    folder = os.path.join(os.fsencode(tmp_path), request.param)
    os.makedirs(os.path.join(folder, b"scenes"))
    monkeypatch.chdir(os.fsdecode(folder))
    Path("scenebuild.toml").touch()
    for name in (b"a", BYTES, b"z"):
        write_scene(b"scenes/" + name + b".yaml")
    return Path(os.fsdecode(folder))


def test_names_that_are_no_utf_8_are_built_among_others(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenes", "--engine", "sketch", "--stems", "-q"]) == 0
    for name in ("a", os.fsdecode(BYTES), "z"):
        assert Path("build", name, f"{name}.wav").is_file()
        assert Path("scenes", f"{name}.lock.json").is_file()
    readme = Path("build", os.fsdecode(BYTES), "README.md").read_text(encoding="utf-8")
    assert "(%FCber.wav)" in readme
    Path("build", os.fsdecode(BYTES), "index.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert run(["scenes", "--engine", "sketch", "--stems", "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert [scene["status"] for scene in plain["scenes"]] == ["up-to-date"] * 3
    assert plain["scenes"][2]["mix"] == os.fsdecode(b"build/" + BYTES + b"/" + BYTES + b".wav")


def test_every_verb_takes_names_that_are_no_utf_8(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = os.fsdecode(b"scenes/" + BYTES + b".yaml")
    subprocess.run(["git", "init", "-q", "."], check=True)
    for verb in (
        ("scenes", "-q", "--engine", "sketch"),
        (scene, "-q", "--solo", "rain", "--engine", "sketch"),
        ("plan", scene, "--json"),
        ("validate", "scenes", "--format", "sarif"),
        ("validate", "scenes", "--format", "github"),
        ("validate", "--locks-only", "scenes"),
        ("lint", scene),
        ("test", scene, "--junit", os.fsdecode(b"j\xfc.xml")),
        ("takes", "rain", scene, "-n", "1", "--json", "--engine", "sketch"),
        ("pick", "rain", "2", scene),
        ("textconv", scene.replace(".yaml", ".lock.json")),
        ("init", os.fsdecode(b"scenes/n\xfc.yaml")),
        ("init", "--git"),
        ("schema", "--write", os.fsdecode(b"s\xfc")),
        ("diff", "build", "build"),
        ("cache", "size", "--json", "--store", os.fsdecode(b"st\xfc")),
        ("doctor",),
    ):
        assert run(verb) == 0, verb
        said = capsys.readouterr()
        (said.out + said.err).encode()
        if "--json" in verb:
            json.loads(said.out)


def locale_of_latin_1(folder: Path) -> dict[str, str]:
    """The variables for a terminal of ISO-8859-1, whose locale is made here."""
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/charmaps").is_dir():
        pytest.skip("localedef or its sources, with which a locale is made, are not installed")
    made = folder / "de_DE.ISO-8859-1"
    subprocess.run(["localedef", "-f", "ISO-8859-1", "-i", "de_DE", made], capture_output=True, check=False)
    return {"LOCPATH": str(folder), "LC_ALL": made.name}


@pytest.mark.parametrize("locale", ["C", "latin-1"])
def test_the_texts_of_scenes_are_utf_8_whatever_the_locale(project: Path, locale: str, tmp_path: Path) -> None:
    """Python reads names in the locale's encoding, and without one of UTF-8 the name in a scene is that of no file."""
    write_scene("scenes/\u00e9.yaml", "Porch \u2013 night")
    command = [sys.executable, "-m", "scenebuild"]
    variables = {"LC_ALL": "C"} if locale == "C" else locale_of_latin_1(tmp_path)
    environment = {**os.environ, **variables, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    def call(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*command, *arguments], env=environment, capture_output=True, check=False)

    built = call("scenes/\u00e9.yaml", "--engine", "sketch")
    assert built.returncode == 0, built.stderr
    assert Path("build/\u00e9/\u00e9.wav").is_file()
    if locale == "latin-1":
        assert "build/\u00e9/\u00e9.wav".encode("latin-1") in built.stdout, "in the terminal's own encoding"
    subprocess.run(["git", "init", "-q", "."], check=True)
    subprocess.run(["git", "add", "scenes"], check=True)
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", "m"], check=True)
    write_scene("scenes/\u00e9.yaml", "Porch \u2013 day")
    told = call("diff", "--locks-only", "HEAD")
    assert told.returncode == 0, told.stderr
