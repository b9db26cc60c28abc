"""The sketch engine, built in and the default: procedural synthesis from the words of a prompt, with numpy alone.

numpy is imported only when a session is loaded.
"""

from __future__ import annotations

from typing import Any

from scenebuild.engines import EngineFacts, EngineSession, EngineState

VERSION = "1"

_FACTS = EngineFacts(
    name="sketch",
    title="sketch",
    version=VERSION,
    fidelity="sketch",
    sample_rate=48000,
    channels=2,
    longest_take_s=None,
    parameters=frozenset({"seed", "temperature", "continues", "redo"}),
    licence="CC0-1.0",
    batches=False,
)


class Sketch:
    """The engine; always ready."""

    @property
    def facts(self) -> EngineFacts:
        return _FACTS

    def state(self, model: str | None = None) -> EngineState:
        return EngineState(ready=True)

    def load(self, options: dict[str, Any]) -> EngineSession:
        from scenebuild.engines.sketch.render import SketchSession

        return SketchSession()


ENGINE = Sketch()
