"""An engine for scenebuild: a tone whose pitch follows from the prompt, with a little noise from the seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from scenebuild.engines import EngineFacts, EngineState, FailedRequest, MadeTake, Note, Progress, Request

RATE = 48000  # Hz
FADE = 480  # frames at each end, so that a tone does not click


class ToneSession:
    """Lives in a child process. numpy is imported here and not at the top: planning reads the facts without it."""

    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[MadeTake | FailedRequest | Note]:
        """Each take depends on its own action alone, whatever the other requests are."""
        import numpy as np

        for index, request in enumerate(requests):
            action = request.action
            frames = action.frames or 0
            if frames < 2 * FADE:
                yield FailedRequest(index, f"a tone lasts at least {2 * FADE / RATE:g} s; make it longer")
                continue
            pitch_hz = 110.0 * 2 ** (_number(action.prompt or "") % 36 / 12)
            rng = np.random.default_rng(action.seed)
            noise = 0.01 * (action.temperature or 0.0) * rng.standard_normal(frames)
            wave = 0.25 * np.sin(2 * np.pi * pitch_hz / RATE * np.arange(frames)) + noise
            wave[:FADE] *= np.linspace(0, 1, FADE)
            wave[-FADE:] *= np.linspace(1, 0, FADE)
            yield MadeTake(index, wave.clip(-1, 1).astype(np.float32)[:, None], RATE)
            progress(index, 1.0)


class ToneEngine:
    """What the entry point names."""

    facts = EngineFacts(
        name="tone",
        title="Tone",
        version="1",
        fidelity="sketch",
        sample_rate=RATE,
        channels=1,
        longest_take_s=None,
        parameters=frozenset({"seed", "temperature"}),
        licence="CC0-1.0",
        batches=False,
    )

    def state(self, model: str | None = None) -> EngineState:
        """Ready wherever numpy is."""
        return EngineState(True)

    def load(self, options: dict[str, Any]) -> ToneSession:
        """Nothing to load."""
        return ToneSession()


def _number(text: str) -> int:
    """The same for the same text on every machine; ``hash()`` is not."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


ENGINE = ToneEngine()
