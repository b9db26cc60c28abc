"""``scenebuild watch`` as a user runs it: it builds on every save, says what is wrong, and ends when it is told to."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scenebuild.audio.wav import read_wav

SCENE = """\
name: Yard
seed: 3
elements:
  rain:
    prompt: steady rain
    duration: 1
    volume: 0.7   # quiet
    loop: true
  bell: {prompt: a bell, duration: 1, start: 0.5}
mix: {duration: 2}
"""
PATH = "scenes/yard.yaml"
MIX = "build/yard/yard.wav"


class Watching:
    """A running ``scenebuild watch``, and what a page would hear from it."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "scenebuild", "watch", PATH, "--engine", "sketch", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/([\w-]{32})/", self.address)
        assert found, self.address
        self.port, self.key = int(found[1]), found[2]
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.connection.request("GET", f"/{self.key}/events")
        self.news = self.connection.getresponse()

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def event(self, seconds: float = 20) -> Any:
        end = time.monotonic() + seconds
        while not (line := self.news.readline()).startswith(b"data: "):
            assert line, "the events have ended"
            assert time.monotonic() < end, "nothing happened"
        return json.loads(line[6:])

    def until(self, kind: str) -> Any:
        while (event := self.event())["kind"] != kind:
            pass
        return event

    def page(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", f"/{self.key}/")
        html = connection.getresponse().read().decode()
        connection.close()
        return html

    def edit(self, **plain: Any) -> tuple[int, Any]:
        token = re.search(r'name="scenebuild-token" content="([\w-]+)"', self.page())
        assert token
        headers = {
            "Origin": f"http://127.0.0.1:{self.port}",
            "X-Scenebuild-Token": token[1],
            "Content-Type": "application/json",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("POST", f"/{self.key}/edit", json.dumps(plain), headers)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        connection.close()
        return answer.status, found

    def end(self, number: int = signal.SIGINT) -> tuple[str, str]:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        told, complained = self.process.communicate(timeout=20)
        self.connection.close()
        return told, complained


@pytest.fixture
def yard(project: Path) -> Path:
    path = project / PATH
    path.write_text(SCENE)
    return path


def save(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def soon(what: str, question: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@pytest.fixture(scope="session")
def takes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store for all tests of these scenes: their takes are made once."""
    return str(tmp_path_factory.mktemp("takes"))


@pytest.fixture
def watching(yard: Path, takes: str) -> Iterator[Watching]:
    with Watching("--store", takes) as found:
        assert found.until("built")["page"] == 1
        yield found


def test_it_builds_at_once_and_on_every_save(watching: Watching, yard: Path) -> None:
    assert "<title>Yard</title>" in watching.page()
    soon("the lock", Path("scenes/yard.lock.json").is_file)  # the page does not wait for it
    quiet = read_wav(MIX)[0]
    save(yard, "volume: 0.7", "volume: 0.1")
    assert watching.until("built")["page"] == 2
    assert abs(read_wav(MIX)[0]).sum() < abs(quiet).sum()
    assert 'data-volume="0.1"' in watching.page()
    save(yard, "prompt: a bell", "prompt: a dog barks")  # a take has to be made: by a child process
    assert watching.until("built")["page"] == 3
    assert "a dog barks" in watching.page()
    assert watching.process.stdout is not None
    told = [watching.process.stdout.readline() for _ in range(3)]
    assert all(line.startswith(f"built       {PATH} -> {MIX}") for line in told)
    _, complained = watching.end()
    assert "making 1 take" in complained


def test_an_edit_of_the_page_is_one_line_and_is_heard(watching: Watching, yard: Path) -> None:
    loud = read_wav(MIX)[0]
    status, answer = watching.edit(element="rain", field="volume", value=0.07, was=0.7)
    assert (status, answer["place"], answer["edit"]) == (200, f"{PATH}:7", 1)
    built = watching.until("built")
    assert (built["page"], built["edits"]) == (2, 1)
    assert yard.read_text() == SCENE.replace("volume: 0.7 ", "volume: 0.07 ")
    assert abs(read_wav(MIX)[0]).sum() < abs(loud).sum()
    assert watching.edit(element="rain", field="mute", value=True, was=False)[0] == 200
    watching.until("built")
    assert 'data-mute="true"' in watching.page()
    status, answer = watching.edit(element="rain", field="volume", value=0.5, was=0.7)
    assert (status, answer["now"]) == (409, 0.07)


def test_many_edits_make_few_builds(watching: Watching, yard: Path) -> None:
    """A fader that is dragged never lets builds queue: the last value is built, and few before it."""
    was = 0.7
    for step in range(30):
        value = round(0.7 - step / 100, 2)
        was = watching.edit(element="rain", field="volume", value=value, was=was)[1]["value"]
    while watching.until("built")["edits"] < 29:
        pass
    assert 'data-volume="0.41"' in watching.page()
    told, _ = watching.end()
    assert 2 <= told.count("built  ") < 20


def test_a_scene_with_a_mistake_says_where_and_the_last_good_page_stays(watching: Watching, yard: Path) -> None:
    save(yard, "volume: 0.7", "volume: 70")
    failed = watching.until("failed")
    assert failed["lines"] == [f"{PATH}:7:13: volume: 70 is more than 16. Did you mean 0.7?"]
    assert failed["page"] == 1
    assert 'data-volume="0.7"' in watching.page()
    yard.unlink()
    assert watching.until("failed")["lines"] == [f"{PATH}:1:1: this is not there; give scene files or folders of them"]
    yard.write_text(SCENE.replace("0.7", "0.3"))
    assert watching.until("built")["page"] == 2
    _, complained = watching.end()
    assert f"{PATH}:7:13: volume: 70 is more than 16." in complained


def test_a_scene_that_becomes_several_is_said(watching: Watching, yard: Path) -> None:
    yard.write_text(SCENE + "variants: {day: {}, night: {elements: {bell: null}}}\n")
    assert watching.until("failed")["lines"] == [f"{PATH}: has 2 scenes by now, and watch takes one"]
    yard.write_text(SCENE)
    watching.until("built")


def test_what_a_scene_names_is_watched_too(project: Path) -> None:
    """A recording that was missing, a parent, the configuration."""
    base = project / "scenes/_base.yaml"
    base.write_text("elements:\n  rain: {prompt: rain, duration: 1, volume: 0.5}\n")
    (project / PATH).write_text("extends: _base.yaml\nname: Yard\nelements:\n  door: {file: sounds/door.wav}\n")
    with Watching() as watching:
        assert "sounds/door.wav' is not there" in watching.until("failed")["lines"][0]
        (project / "scenes/sounds").mkdir()
        shop_bell = Path(__file__).parent.parent / "scenes/sounds/shop_bell.wav"
        (project / "scenes/sounds/door.wav").write_bytes(shop_bell.read_bytes())
        watching.until("built")
        base.write_text(base.read_text().replace("0.5", "0.25"))
        watching.until("built")
        assert 'data-volume="0.25"' in watching.page()
        (project / "scenebuild.toml").write_text('engine = "nothing"\n')
        assert "nothing" in watching.until("failed")["lines"][0]
        (project / "scenebuild.toml").write_text("")
        watching.until("built")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_soon_and_leaves_nothing_behind(watching: Watching, yard: Path, number: int) -> None:
    """Also in the middle of a take, and with a page that listens."""
    save(yard, "prompt: a bell, duration: 1", "prompt: a bell, duration: 60")
    watching.until("building")
    time.sleep(0.5)
    begun = time.monotonic()
    told, complained = watching.end(number)
    assert time.monotonic() - begun < 5
    assert watching.process.returncode == 128 + number
    assert "Traceback" not in complained + told
    assert not children_left(yard.parent.parent)
    with pytest.raises(OSError, match="refused"):
        http.client.HTTPConnection("127.0.0.1", watching.port, timeout=2).connect()


def children_left(folder: Path) -> list[str]:
    """Processes that stand in a folder, beside this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == folder and process.name != str(os.getpid()):
                found.append((process / "cmdline").read_text())
    return found


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "scenebuild", "watch", *arguments]
    return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=30)


def test_what_can_not_be_watched_is_said(yard: Path, project: Path) -> None:
    (project / "scenes/day.yaml").write_text(
        "name: Day\nelements: {rain: {prompt: rain}}\nvariants: {day: {}, night: {}}\n"
    )
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    for arguments, code, answer in (
        (["scenes/none.yaml"], 1, "scenes/none.yaml:1:1: this is not there; give scene files or folders of them\n"),
        (
            ["scenes"],
            2,
            "scenes: has 3 scenes, and watch takes one; name one of "
            "scenes/day.yaml@day, scenes/day.yaml@night, scenes/yard.yaml\n",
        ),
        (
            ["scenes/day.yaml"],
            2,
            "scenes/day.yaml: has 2 scenes, and watch takes one; name one of "
            "scenes/day.yaml@day, scenes/day.yaml@night\n",
        ),
        ([PATH, "--port", str(port)], 2, f"--port {port}: Address already in use; leave it out"),
        ([PATH, "--set", "weather=fog"], 2, f"--set weather: {PATH} has no such parameter"),
    ):
        done = command(*arguments)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert done.stderr.startswith(answer), done.stderr
    taken.close()


def test_the_token_stands_in_no_file_and_in_no_log(watching: Watching, project: Path) -> None:
    token = re.search(r'name="scenebuild-token" content="([\w-]+)"', watching.page())
    assert token
    told, complained = watching.end()
    assert token[1] not in told + complained
    assert watching.key not in told + complained, "beside the first line, which is the address"
    for path in project.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert token[1].encode() not in content, path
            assert watching.key.encode() not in content, path
