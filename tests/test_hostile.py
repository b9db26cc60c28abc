"""Hostile scenes, locks and files: what a stranger's pull request may try beyond a build."""

from __future__ import annotations

import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile

from forks import STRACE, WITHOUT_STRACE
from scenebuild.cli import run
from scenebuild.store import LocalStore
from scenebuild.store.digest import digest_bytes

PAYLOADS = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) ![x](http://127.0.0.1:9/x.png) **bold** `code` | cell | # head",
    "{{ 7*7 }}{% for x in range(9) %}x{% endfor %} ${7*7} $(touch canary) `touch canary`",
    "[link=file:///etc/passwd]x[/link] [bold red]x[/] \\x1b[31m ::error file=x::y ##[error]z",
    "]]></text></svg><script>alert(1)</script> &lt;b&gt; '\"",
    "=1+1 @someone #1 http://127.0.0.1:9/ https://127.0.0.1:9 www.example.invalid \u202e\u2066evil",
]
PLAIN = ["rain on a roof"] * len(PAYLOADS)
# What a build may do beside its own files: read the interpreter, its libraries, and what the system tells about itself.
SYSTEM = ("/usr/", "/lib", "/etc/", "/proc/", "/sys/", "/dev/", "/bin/", "/opt/")
WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
CHANGING = {
    "mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "link", "linkat", "symlink",
    "symlinkat", "chmod", "fchmodat", "chown", "lchown", "fchownat", "truncate", "mknod", "mknodat", "utime",
    "utimensat", "creat", "open", "openat",
}  # fmt: skip
TRACED = "trace=%file,%network,%process"
SCENEBUILD = str(Path(sys.executable).with_name("scenebuild"))
NETWORK = ("socket", "connect", "bind", "sendto", "sendmsg", "listen", "accept")


def scene_of(texts: list[str]) -> dict[str, Any]:
    """A scene that puts a text into every place where an author may write one."""
    elements = {f"e{number}": {"prompt": text, "duration": 0.1} for number, text in enumerate(texts)}
    return {"name": texts[0], "description": "\n\n".join(texts), "elements": elements}


def write_scene(texts: list[str], path: str = "scenes/hostile.yaml") -> None:
    Path(path).write_text(json.dumps(scene_of(texts)), encoding="utf-8")


# Files, programs and network


def accesses(trace: Path) -> list[tuple[str, str, list[str]]]:
    """(system call, rest of the line, paths in it) of every call that did something."""
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        match = re.match(r"\d+\s+(\w+)\((.*)", line)
        if match and not re.search(r"= -1 E(NOENT|NOTDIR|EXIST|INVAL|AGAIN)", line):
            paths = [text.encode().decode("unicode_escape") for text in re.findall(r'"((?:[^"\\]|\\.)*)"', match[2])]
            found.append((match[1], match[2], paths))
    return found


def violations(trace: Path, project: Path, mine: list[Path], canary: Path) -> list[str]:
    """Every call that a build of a scene has no business to make."""
    base = [sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent)]
    readable = (*SYSTEM, *base, str(Path(__file__).resolve().parent.parent), str(project), *map(str, mine))
    writable = (str(project / "build"), "/dev/null", *map(str, mine))
    wrong = []
    for call, rest, paths in accesses(trace):
        folder = re.match(r"(?:AT_FDCWD|\d+)<([^>]*)>", rest)  # which strace -y tells
        absolute = [os.path.normpath(os.path.join(folder[1] if folder else project, path)) for path in paths]
        if call in NETWORK and "AF_UNIX" not in rest and "AF_NETLINK" not in rest:
            wrong.append(f"network: {call}({rest[:80]}")
        elif call == "execve" and Path(paths[0]).resolve() not in (Path(sys.executable).resolve(), Path(STRACE or "")):
            wrong += [f"program: {paths[0]}"] if paths[0] != SCENEBUILD else []
        elif call in CHANGING and (not call.startswith("open") or WRITING.search(rest)):
            named = [one for one in absolute if not one.startswith(writable) and "__pycache__" not in one]
            locks = [
                one for one in named if re.fullmatch(rf"{re.escape(str(project))}/scenes/[^/]*hostile\.lock\.json", one)
            ]
            wrong += [f"write: {one}" for one in named if one not in locks]
        elif call.startswith("open"):
            wrong += [f"read: {one}" for one in absolute if not one.startswith(readable) and one != "/"]
        wrong += [f"canary: {call} {one}" for one in absolute if call.startswith("open") and one == str(canary)]
    return wrong


def traced(project: Path, folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run the command under strace; its exit code and what it did that it must not."""
    (folder / "temporary").mkdir(exist_ok=True)
    trace = folder / "trace"
    mine = [folder / "temporary", Path(os.environ["SCENEBUILD_STORE"]), Path(os.environ["HOME"]).parent]
    done = subprocess.run(
        [str(STRACE), "-f", "-y", "-qq", "-s", "4096", "-o", str(trace), "-e", TRACED, SCENEBUILD, *arguments],
        cwd=project, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(folder / "temporary")},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, violations(trace, project, mine, folder / "secret.wav")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A sound outside the project that no scene may read."""
    path = tmp_path / "secret.wav"
    soundfile.write(path, [0.1] * 8000, 8000)
    return path


@pytest.mark.skipif(STRACE is None, reason=WITHOUT_STRACE)
def test_a_hostile_scene_touches_nothing_but_its_own(project: Path, tmp_path: Path) -> None:
    write_scene(PAYLOADS)
    Path("numpy.py").write_text("open('canary', 'w')")
    code, wrong = traced(project, tmp_path, "scenes/hostile.yaml", "--stems")
    assert (code, wrong) == (0, [])
    assert not Path("canary").exists()


@pytest.mark.skipif(STRACE is None, reason=WITHOUT_STRACE)
def test_the_harness_sees_a_file_a_program_and_a_network_address(tmp_path: Path, project: Path, secret: Path) -> None:
    code = (
        f"import socket, subprocess; open({str(secret)!r}); open({str(tmp_path / 'out')!r}, 'w'); "
        "subprocess.run(['/bin/true']); socket.socket().close()"
    )
    trace = tmp_path / "trace"
    subprocess.run(
        [str(STRACE), "-f", "-y", "-qq", "-o", str(trace), "-e", TRACED, sys.executable, "-c", code],
        check=True,
        cwd=project,
    )
    kinds = {line.split(":")[0] for line in violations(trace, project, [], secret)}
    assert kinds == {"read", "write", "canary", "program", "network"}


@pytest.mark.skipif(STRACE is None, reason=WITHOUT_STRACE)
@pytest.mark.parametrize(
    "file", ["../../secret.wav", "{tmp}/secret.wav", "link.wav", "folder/secret.wav", "/proc/self/environ", "pipe.wav"]
)
def test_a_recording_outside_the_project_is_not_opened(project: Path, tmp_path: Path, secret: Path, file: str) -> None:
    Path("scenes/link.wav").symlink_to(secret)
    Path("scenes/folder").symlink_to(tmp_path)
    os.mkfifo("scenes/pipe.wav")
    scene = {"name": "Hostile", "elements": {"e": {"file": file.replace("{tmp}", str(tmp_path))}}}
    Path("scenes/hostile.yaml").write_text(json.dumps(scene))
    code, wrong = traced(project, tmp_path, "scenes/hostile.yaml")
    assert (code, wrong) == (1, [])


def test_modules_of_a_checkout_are_not_imported(project: Path) -> None:
    """The children that make sound begin in the current folder."""
    write_scene(PLAIN)
    for name in ("numpy", "json", "soundfile", "scenebuild", "queue", "sitecustomize"):
        Path(f"{name}.py").write_text("open('canary', 'w').close()")
    done = subprocess.run([SCENEBUILD, "scenes/hostile.yaml", "-q"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert not Path("canary").exists()


# Locks


def lock_of(project: Path) -> dict[str, Any]:
    lock: dict[str, Any] = json.loads((project / "scenes" / "hostile.lock.json").read_text())
    return lock


def write_lock(lock: dict[str, Any]) -> None:
    Path("scenes/hostile.lock.json").write_text(json.dumps(lock))


def test_a_lock_and_outputs_of_a_stranger_poison_no_other_scene(project: Path) -> None:
    """The stranger names the key of a sound that others will ask for, and brings the bytes along."""
    write_scene(PLAIN[:1])
    assert run(["scenes/hostile.yaml", "-q"]) == 0
    wanted = lock_of(project)["elements"]["e0"]
    soundfile.write("build/hostile/elements/e0.wav", [0.5, -0.5] * 2400, 48000, subtype="PCM_24")
    evil = digest_bytes(Path("build/hostile/elements/e0.wav").read_bytes())
    lock = lock_of(project)
    lock["elements"]["e0"]["digest"] = evil
    write_lock(lock)
    shutil.rmtree(os.environ["SCENEBUILD_STORE"])
    Path("build/hostile/manifest.json").unlink()
    assert run(["scenes/hostile.yaml", "-q"]) == 0
    record = LocalStore(os.environ["SCENEBUILD_STORE"]).get(wanted["key"])
    assert record is None or record.digest == wanted["digest"]
    shutil.rmtree("build")
    Path("scenes/hostile.lock.json").unlink()
    assert run(["scenes/hostile.yaml", "-q"]) == 0
    assert lock_of(project)["elements"]["e0"]["digest"] == wanted["digest"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../../../secret"}, {"name": "/etc/passwd"}, {"name": "a\u001b[31m"}, {"licence": "x\u001b[31m"},
        {"licence": "x\ny"}, {"digest": "../../../../etc/passwd"}, {"key": "0" * 63}, {"engine": 3},
        {"made_by": ["<script>"]}, {"licence": 7}, {"loudness_lufs": "loud"}, {"prompt": ["x"]}, {"frames": {"a": 1}},
        {"seed": -1},
    ],
    ids=str,
)  # fmt: skip
def test_a_lock_with_odd_facts_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    write_scene(PLAIN[:1])
    assert run(["scenes/hostile.yaml", "-q"]) == 0
    lock = lock_of(project)
    entry = lock["elements"].pop("e0")
    lock["elements"][change.pop("name", "e0")] = {**entry, **change}
    write_lock(lock)
    capsys.readouterr()
    assert run(["scenes/hostile.yaml"]) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("scenes/hostile.lock.json:1:1: the lockfile is incomplete; restore it from git")
    assert "\x1b" not in captured.err + captured.out


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "no-such-engine"}, {"made_by": {"<script>": "<img src=x>"}},
        {"licence": "<script>alert(1)</script>"}, {"model": "/etc/passwd"}, {"engine": "../../etc"},
    ],
    ids=str,
)  # fmt: skip
def test_a_lock_with_wrong_facts_neither_breaks_a_build_nor_comes_alive(project: Path, change: dict[str, Any]) -> None:
    write_scene(PLAIN[:1])
    assert run(["scenes/hostile.yaml", "-q"]) == 0
    lock = lock_of(project)
    lock["elements"]["e0"].update(change)
    write_lock(lock)
    store = Path(os.environ["SCENEBUILD_STORE"])
    shutil.rmtree(store / "actions")
    assert run(["scenes/hostile.yaml", "-q"]) == 0
    assert "<script" not in Path("build/hostile/README.md").read_text(encoding="utf-8")


# Text


class Tags(html.parser.HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(sorted(name for name, _ in attrs))))


def test_texts_are_texts_everywhere(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Against a benign scene of the same shape: no element of markup more, no control character anywhere."""
    tags = {}
    for name, texts in (("plain", PLAIN), ("hostile", PAYLOADS)):
        write_scene(texts, f"scenes/{name}.yaml")
        assert run(["build", f"scenes/{name}.yaml", "-v"]) == 0
        assert run(["plan", f"scenes/{name}.yaml"]) == 0
        assert run(["cache", "ls"]) == 0
        for kind in ("README.md", "timeline.svg", "waveform.svg"):
            text = Path("build", name, kind).read_text(encoding="utf-8")
            tags[name, kind] = sorted(set(Tags(text).found))
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), kind
        readme = Path("build", name, "README.md").read_text(encoding="utf-8")
        assert "49" not in re.sub(r"[\d.]{3,}|[0-9a-f]{8,}", "", readme) or "7*7" in readme.replace("\\", "")
    for kind in ("README.md", "timeline.svg", "waveform.svg"):
        assert tags["hostile", kind] == tags["plain", kind]
    captured = capsys.readouterr()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", captured.out + captured.err)
    assert not Path("canary").exists()


def test_texts_in_a_wav_and_a_lock_are_as_the_author_wrote_them(project: Path) -> None:
    write_scene(PAYLOADS)
    assert run(["scenes/hostile.yaml", "-q"]) == 0
    with soundfile.SoundFile("build/hostile/hostile.wav") as wav:
        assert wav.title == PAYLOADS[0]
        assert wav.frames == 4800
    lock = lock_of(project)
    assert [lock["elements"][f"e{number}"]["prompt"] for number in range(len(PAYLOADS))] == PAYLOADS
