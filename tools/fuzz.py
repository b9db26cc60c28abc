"""Fuzz every reader of a stranger's bytes, guided by coverage: ``fuzz.py``.

Readers of scenes, locks, manifests, records and headers of sound files, and what makes a comment harmless. An error
that is no answer of ours, and an input that takes far longer than others, is written into the folder of ``--kept``.
Needs atheris: ``make fuzz`` installs it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from array import array
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
INPUTS = {"scene": 45_000, "lock": 15_000, "manifest": 10_000, "record": 10_000, "comment": 15_000, "sound": 25_000}
LONGEST = 4096  # bytes of an input
TIMEOUT_S = 20  # of wall time, on a machine that others use too
MEMORY_MB = 1024
SLOW = 50  # times the median, and
SLOW_S = 0.1  # at least
MOST_KEPT = 20  # of each kind

Read = Callable[[bytes], None]


def main() -> int:
    """Fuzz each target in a process of its own; 1 where anything was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the usual numbers of inputs")
    parser.add_argument("--targets", nargs="+", choices=list(INPUTS), default=list(INPUTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", default=os.path.join(tempfile.gettempdir(), "scenebuild-fuzz"))
    parser.add_argument("--report", help="write the figures there, as JSON")
    chosen = parser.parse_args()
    os.makedirs(chosen.kept, exist_ok=True)
    figures = [_fuzzed(name, max(1, int(INPUTS[name] * chosen.share)), chosen) for name in chosen.targets]
    if chosen.report:
        Path(chosen.report).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for one in figures:
        print(json.dumps(one))
    return int(any(one["ended"] or one["crashes"] or one["slow"] for one in figures))


def _fuzzed(name: str, inputs: int, chosen: argparse.Namespace) -> dict[str, Any]:
    """The figures of one target, as its process wrote them."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        corpus = os.path.join(folder, "corpus")
        os.mkdir(corpus)
        for number, content in enumerate(SEEDS[name]()):
            Path(corpus, f"seed-{number}").write_bytes(content[:LONGEST])
        words = os.path.join(folder, "words.dict")
        Path(words).write_text("".join(f'"{word}"\n' for word in WORDS[name]), encoding="utf-8")
        command = [sys.executable, __file__, "--child", name, str(inputs), report, chosen.kept]
        command += [f"-atheris_runs={inputs}", f"-max_len={LONGEST}", f"-timeout={TIMEOUT_S}"]
        command += [f"-rss_limit_mb={MEMORY_MB}", f"-seed={chosen.seed}", f"-dict={words}", "-verbosity=0"]
        command += [f"-artifact_prefix={os.path.join(chosen.kept, name)}-", corpus]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        found = json.loads(Path(report).read_text()) if os.path.exists(report) else {"crashes": {}, "slow": 0}
    ended = done.stderr[-2000:] if done.returncode else ""
    return {"target": name, **found, "wall_s": round(time.monotonic() - begun, 1), "ended": ended}


# The process of one target


class Watched:
    """Runs a reader on one input after the other, and keeps what was wrong and what was slow."""

    def __init__(self, name: str, read: Read, inputs: int, report: str, kept: str) -> None:
        self.name, self.read, self.inputs, self.report, self.kept = name, read, inputs, report, kept
        self.times = array("d")
        self.crashes: dict[str, int] = {}
        self.slowest: list[tuple[float, bytes]] = []

    def __call__(self, data: bytes) -> None:
        begun = time.process_time()
        try:
            self.read(data)
        except Exception as error:
            self._crashed(data, error)
        spent = time.process_time() - begun
        self.times.append(spent)
        if len(self.slowest) < MOST_KEPT or spent > self.slowest[-1][0]:
            self.slowest = sorted([*self.slowest, (spent, data)], reverse=True)[:MOST_KEPT]
        if len(self.times) % 500 == 0 or len(self.times) == self.inputs:
            self._write()

    def _crashed(self, data: bytes, error: Exception) -> None:
        """Each place where it goes wrong is kept once."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} in {os.path.basename(last.filename)}:{last.lineno}"
        self.crashes[place] = self.crashes.get(place, 0) + 1
        if self.crashes[place] == 1 and len(self.crashes) <= MOST_KEPT:
            path = Path(self.kept, f"{self.name}-crash-{len(self.crashes)}")
            path.write_bytes(data)
            path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")

    def _write(self) -> None:
        ordered = sorted(self.times)
        median = ordered[len(ordered) // 2]
        slow = [(spent, data) for spent, data in self.slowest if spent > max(SLOW * median, SLOW_S)]
        for number, (_, data) in enumerate(slow):
            Path(self.kept, f"{self.name}-slow-{number}").write_bytes(data)
        figures = {
            "inputs": len(ordered),
            "cpu_s": round(sum(ordered), 1),
            "median_ms": round(median * 1000, 3),
            "slowest_ms": round(ordered[-1] * 1000, 1),
            "slow": len(slow),
            "crashes": self.crashes,
        }
        Path(self.report).write_text(json.dumps(figures), encoding="utf-8")


def child(name: str, inputs: str, report: str, kept: str, *arguments: str) -> None:
    """Fuzz one target; never returns."""
    import atheris

    with atheris.instrument_imports(include=["scenebuild", "comment"]):
        read = TARGETS[name](Path.cwd())
    watched = Watched(name, read, int(inputs), report, kept)
    for content in SEEDS[name]():
        read(content[:LONGEST])  # so that what is imported late is not counted
    mutator = {"custom_mutator": _mutated_scene} if name == "scene" else {}
    atheris.Setup([sys.argv[0], *arguments], watched, **mutator)
    atheris.Fuzz()


def _mutated_scene(data: bytes, largest: int, seed: int) -> bytes:
    """Half of them by libFuzzer, byte by byte, half in pieces that somebody might write."""
    import atheris

    sys.path.insert(0, str(ROOT / "tests"))
    from scenes_strategy import damaged_text

    chance = random.Random(seed)
    if chance.random() < 0.5:
        return bytes(atheris.Mutate(data, largest))
    return damaged_text(data.decode("utf-8", "replace"), chance).encode("utf-8", "replace")[:largest]


def _scene(folder: Path) -> Read:
    from scenebuild.plan.models import findings_about
    from scenebuild.scene.check.findings import FORMATS

    path = folder / "scene.yaml"
    (folder / "scenebuild.toml").touch()

    def read(data: bytes) -> None:
        path.write_bytes(data)
        problems = findings_about(str(path))[:5]
        for style in FORMATS.values():
            style(problems)

    return read


def _lock(folder: Path) -> Read:
    from scenebuild.errors import LockError
    from scenebuild.plan.lockfile import read_lock, write_lock_text

    path = folder / "scene.lock.json"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        with contextlib.suppress(LockError):
            lock = read_lock(str(path))
            assert lock is not None
            write_lock_text(lock)

    return read


def _manifest(folder: Path) -> Read:
    from scenebuild.plan import manifest
    from scenebuild.plan import up_to_date as fresh
    from scenebuild.settings import Settings

    (folder / "scenebuild.toml").touch()
    (folder / "scene.yaml").write_text(SCENE)
    os.makedirs(folder / "build" / "scene")
    path = folder / "build" / "scene" / "manifest.json"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        fresh.nothing_to_do(["scene.yaml"])
        fresh.built_variants("scene.yaml", Settings())
        manifest.outputs_of(str(path.parent))
        manifest.inputs_of(str(path.parent))

    return read


def _record(folder: Path) -> Read:
    from scenebuild.store import LocalStore
    from scenebuild.store.care import verify

    store = LocalStore(str(folder / "store"))
    path = Path(store.record_path(KEY))
    path.parent.mkdir(parents=True)

    def read(data: bytes) -> None:
        path.write_bytes(data)
        assert all(damage.what.isprintable() for damage in verify(store))
        store.get(KEY)
        for aside in (folder / "store" / "quarantine").glob("*"):
            aside.unlink()

    return read


def _comment(folder: Path) -> Read:
    sys.path.insert(0, str(ROOT / "ci" / "comment"))
    import comment

    def read(data: bytes) -> None:
        comment.cut(comment.inert(data.decode("utf-8", "replace") * 4), 4000)

    return read


def _sound(folder: Path) -> Read:
    from scenebuild.audio.container.faults import fault_of, oddity_of
    from scenebuild.audio.container.formats import is_audio, read_header
    from scenebuild.audio.ogg import with_comments

    def read(data: bytes) -> None:
        is_audio(data)
        header = read_header(BytesIO(data))
        if header is not None:
            assert fault_of(header, "a.wav").isprintable()
            assert oddity_of(header, "a.wav").isprintable()
        with contextlib.suppress(ValueError):
            with_comments(BytesIO(data), BytesIO(), {"TITLE": "a"})

    return read


TARGETS: dict[str, Callable[[Path], Read]] = {
    "scene": _scene,
    "lock": _lock,
    "manifest": _manifest,
    "record": _record,
    "comment": _comment,
    "sound": _sound,
}
KEY = "0123456789abcdef" * 4
SCENE = "name: a\nelements: {a: {prompt: a}}\n"


# What they begin with


def _scenes() -> Iterator[bytes]:
    for folder in ("scenes", "scenes/catalogue", "tests/data/scenes/valid", "tests/data/scenes/invalid"):
        yield from (path.read_bytes() for path in sorted((ROOT / folder).glob("*.yaml")))


def _locks() -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted((ROOT / "scenes").glob("*.lock.json")))
    entry = {"engine": "sketch", "key": KEY, "digest": KEY, "licence": "CC0-1.0"}
    yield json.dumps({"version": 1, "elements": {"rain": entry}, "mix": {"lufs": -20.5}}).encode()


def _manifests() -> Iterator[bytes]:
    from scenebuild.plan.manifest import OutputFile, manifest_of
    from scenebuild.result import ElementResult, SceneResult
    from scenebuild.settings import Settings

    names = ("scene.wav", "README.md", "index.html", "elements/rain.wav")
    element = ElementResult(*["rain"] * 7)
    built = SceneResult(
        "scene.yaml", "built", "scene.wav", "README.md", "index.html", 1.5, -20.5, None, False, (element,),
        ("rain: short",),
    )  # fmt: skip
    for result, variants in ((built, ()), (None, ("a", "b")), (None, ())):
        manifest = manifest_of(
            "scene.yaml",
            Settings(),
            os.path.abspath("build/scene"),
            inputs={os.path.abspath("scene.yaml"): hashlib.sha256(SCENE.encode()).hexdigest()},
            configuration={os.path.abspath("a.toml"): None},
            outputs=dict.fromkeys(names, OutputFile(4, KEY, 1, 1)),
            result=result,
            variants=variants,
        )
        yield manifest.text.encode()


def _records() -> Iterator[bytes]:
    from scenebuild.store.record import Record, encode_record

    facts = {"sample_rate": 16000, "channels": 1, "frames": 16000, "licence": "CC0-1.0", "made_by": {"device": "cpu"}}
    plain = {"version": 1, "key": KEY, "digest": KEY, "size": 64, "facts": facts}
    yield encode_record(Record(KEY, KEY, 64, facts))
    yield json.dumps(plain, indent=1, sort_keys=True).encode()
    yield json.dumps(plain).encode()


def _comments() -> Iterator[bytes]:
    yield b"## Changes\n\n| a | b |\n| --- | ---: |\n| <b>x</b> | `y` |\n\n"
    yield b"<details><summary>more</summary>\n\n@a #1\n</details>\n"
    yield b"[a](http://x) ![b](y) <img src=z> **c** @d #1 &#64;e &amp; /merge !2 ~label %a ##[b]\n"
    yield b"```mermaid\ngraph\n```\n~~~\n"
    yield b"![" * 40 + b"[" * 40 + b"&#" * 40


def _sounds() -> Iterator[bytes]:
    import numpy as np
    import soundfile

    wave = 0.1 * np.sin(np.arange(400) / 9)
    for channels in (1, 2, 6):
        for kind, subtype in (
            ("WAV", "PCM_16"),
            ("WAVEX", "FLOAT"),
            ("RF64", "PCM_24"),
            ("AIFF", "PCM_16"),
            ("CAF", "PCM_16"),
            ("FLAC", "PCM_16"),
            ("OGG", "VORBIS"),
            ("OGG", "OPUS"),
            ("MP3", "MPEG_LAYER_III"),
        ):
            if channels > 2 and kind == "MP3":
                continue
            file = BytesIO()
            soundfile.write(file, np.stack([wave] * channels, axis=1), 48000, format=kind, subtype=subtype)
            yield file.getvalue()
    yield b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42\0\0\0\x08free\0\0\0\x10mdat12345678"
    yield b"ID3\4\0\0\0\0\0\4abcd\xff\xfb\x90\0" + bytes(400)


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "scene": _scenes, "lock": _locks, "manifest": _manifests, "record": _records, "comment": _comments,
    "sound": _sounds,
}  # fmt: skip
_JSON = ("{", "}", "[", "]", "null", "true", "NaN", "Infinity", "1e999", "-0", "\\\\u0000", "\\\\ud800", '\\"a\\": ')
WORDS: dict[str, tuple[str, ...]] = {
    "scene": ("extends: ", "variants: ", "params: ", "matrix: ", "{{ a }}", "elements: ", "prompt: ", "file: ",
              "loop: ", "repeat: ", "every: ", "start: ", "effects: ", "duck: ", "under: ", "bus: ", "buses: ",
              "deliver: ", "preset: ", "null", "&a ", "*a", "<<: ", "!!", "? ", "- ", "|", ">-", "# ", "\\x09"),
    "lock": (*_JSON, "version", "elements", "mix", "key", "digest", "licence", "engine", "<<<<<<< ", "======="),
    "manifest": (*_JSON, "version", "asked", "inputs", "outputs", "result", "variants", "environment", "../", "\\x00"),
    "record": (*_JSON, "version", "key", "digest", "size", "facts"),
    "comment": ("<", ">", "&#", ";", "@", "#1", "![", "](", "```", "~~~", "<details>", "</details>", "http://", "/a"),
    "sound": ("RIFF", "RF64", "WAVE", "fmt ", "data", "ds64", "LIST", "fLaC", "OggS", "vorbis", "OpusHead", "FORM",
              "AIFF", "AIFC", "COMM", "SSND", "caff", "desc", "ID3", "ftyp", "moov", "mdat", "\\xff\\xff\\xff\\xff"),
}  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed; type: make fuzz")
        sys.exit(2)
    sys.exit(main())
