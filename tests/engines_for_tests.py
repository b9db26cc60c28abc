"""Engines that a test can count, and engines that misbehave. They go through the real worker and the real publishing.

A scene may only name the engines that the schema knows, so the honest one stands in as ``audiogen`` and the one that
misbehaves as ``musicgen``.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from scenebuild.audio.wav import read_wav
from scenebuild.engines import EngineFacts, EngineState, FailedRequest, MadeTake, ModelFacts, Note, Progress, Request
from scenebuild.generate.children import Answer
from scenebuild.generate.messages import Advanced, Failed, Made, Message, Noted, Order
from scenebuild.generate.worker import EngineServer
from scenebuild.store.digest import digest_file

TONE_FACTS = EngineFacts(
    name="audiogen",
    title="Tone",
    version="1",
    fidelity="real",
    sample_rate=16000,
    channels=1,
    longest_take_s=10.0,
    parameters=frozenset({"seed", "temperature", "top_k", "continues", "redo"}),
    licence="CC-BY-NC-4.0",
    batches=True,
    default_model="tone-small",
    models=(
        ModelFacts("tone-small", "c0ffee", 16000, 1, 10.0, "CC-BY-NC-4.0"),
        ModelFacts("tone-large", "decaf", 32000, 2, 30.0, "CC-BY-NC-4.0"),
        ModelFacts("tone-melody", "beefee", 16000, 1, 10.0, "CC-BY-NC-4.0", parameters=frozenset({"melody"})),
    ),
    defaults=(("top_k", 250),),
)


def tone(request: Request) -> np.ndarray:
    """A quiet tone whose pitch and noise follow from the request alone, behind or within the sounds that it brings."""
    action, sounds, made = request.action, request.sounds, _tone(request)
    assert set(sounds) == {name for name in ("melody", "redo") if getattr(action, name)} | (
        {"continues"} if action.continues and not action.redo else set()
    )
    if "melody" in sounds:
        assert digest_file(sounds["melody"]) == action.melody
        made *= 0.5
    if "redo" in sounds:
        made, stretch = read_wav(sounds["redo"])[0].copy(), made
        made[action.redo_from : action.redo_to] = stretch[action.redo_from : action.redo_to]
    if "continues" in sounds:
        assert digest_file(sounds["continues"]) == action.continues
        before = read_wav(sounds["continues"])[0]
        made[: len(before)] = before
    return made


def _tone(request: Request) -> np.ndarray:
    action = request.action
    time = np.arange(action.frames or 0) / 16000
    noise = np.random.default_rng(action.seed).normal(size=len(time))
    pitch = 200 + sum((action.prompt or "").encode()) % 800
    wave = 0.2 * np.sin(2 * np.pi * pitch * time) + 0.01 * float(action.temperature or 1) * noise
    return wave.astype(np.float32)[:, None]


class ToneSession:
    """Makes what it is asked for, honestly."""

    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[MadeTake | FailedRequest | Note]:
        for index, request in enumerate(requests):
            if request.action.prompt == "noted":
                yield Note("tones only")
            progress(index, 0.5)
            yield self.make(index, request)
            progress(index, 1.0)

    def make(self, index: int, request: Request) -> MadeTake | FailedRequest:
        return MadeTake(index, tone(request), 16000, made_by={"device": "cpu"})


@dataclass
class TestEngine:
    """An engine for a test; ``ready`` as an installation would have it."""

    __test__ = False
    facts: EngineFacts = TONE_FACTS
    session: ToneSession = field(default_factory=ToneSession)
    ready: bool = True

    def state(self, model: str | None = None) -> EngineState:
        return (
            EngineState(True)
            if self.ready
            else EngineState(False, "its weights are not here", "type: scenebuild models fetch audiogen")
        )

    def load(self, options: dict[str, Any]) -> ToneSession:
        return self.session


TONE = TestEngine()


@dataclass
class PlacedSession(ToneSession):
    """A tone is the same everywhere; its record says where it was made."""

    place: str = ""

    def make(self, index: int, request: Request) -> MadeTake | FailedRequest:
        return MadeTake(index, tone(request), 16000, made_by={"device": self.place})


class SideBySide(TestEngine):
    """Works in several places at once, as a model does on several GPUs."""

    def load(self, options: dict[str, Any]) -> ToneSession:
        return PlacedSession(f"{options['device']} {options.get('gpu')}")

    def places(self, device: str) -> tuple[dict[str, Any], ...]:
        return ()


SIDE_BY_SIDE = SideBySide()


class Misbehaving(ToneSession):
    """Goes wrong in the way that the prompt names; every other prompt is made honestly."""

    def make(self, index: int, request: Request) -> MadeTake | FailedRequest:
        good = tone(request)
        wrong: Mapping[str, Any] = {
            "empty": good[:0],
            "half": good[: len(good) // 2],
            "silence": good * 0,
            "nan": np.where(np.arange(len(good)) == 5, np.nan, good[:, 0]).astype(np.float32)[:, None],
            "infinite": good + np.float32(np.inf),
            "flat": good[:, 0],
        }
        prompt = str(request.action.prompt)
        if prompt == "raises":
            raise ValueError("out of tune")
        if prompt == "fails":
            return FailedRequest(index, "too long for this model; shorten it")
        if prompt == "exits":
            os._exit(0)
        if prompt == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if prompt == "other rate":
            return MadeTake(index, good, 8000)
        return MadeTake(index, wrong.get(prompt, good), 16000)


MISBEHAVING = TestEngine(
    replace(TONE_FACTS, name="musicgen", parameters=TONE_FACTS.parameters - {"continues", "redo"}), Misbehaving()
)


class CountingChildren:
    """Stands where the child processes do: runs the worker's own code in this process and counts the engine calls."""

    calls: list[str] = []  # of all builds of a test; the fixture empties it

    def __init__(self, engine: str, options: Mapping[str, Any], folder: str, environment: Mapping[str, str]) -> None:
        self._engine = engine
        self._folder = folder

    def __enter__(self) -> CountingChildren:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(
        self, requests: Sequence[Request], count: int, places: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[tuple[int, Answer] | Noted]:
        said: list[Message] = []
        EngineServer(said.append).serve(Order(self._engine, {}, self._folder, tuple(requests)))
        if self._engine != "file":
            CountingChildren.calls += [str(request.action.prompt) for request in requests]
        for message in said:
            if isinstance(message, Noted):
                yield message
            elif isinstance(message, Advanced | Made | Failed):
                yield message.index, message

    def last_words(self) -> str:
        return "ended"
