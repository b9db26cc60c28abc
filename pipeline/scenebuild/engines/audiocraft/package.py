"""Import audiocraft without the packages that its inference never calls.

``import audiocraft`` pulls in what training, metrics and text cleaning need: xformers, spacy, librosa with numba, PyAV,
flashy, and through the multi-band diffusion the whole training code; and transformers, in whose place our own text
encoder stands. Together they are more than a gigabyte on disk and ten seconds at each start. While audiocraft is
imported, stand-ins take their places in ``sys.modules``.
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any

from scenebuild.errors import EngineError

UNUSED = (
    "audiocraft.models.multibanddiffusion", "av", "dora", "flashy", "flashy.distrib", "librosa", "num2words", "spacy",
    "transformers", "xformers", "xformers.ops",
)  # fmt: skip


class StubModule(types.ModuleType):
    """A module that can be imported from; whoever calls what it gave hears that it is not there."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StubModule(f"{self.__name__}.{name}")

    def __call__(self, *_: object, **__: object) -> Any:
        raise EngineError(f"audiocraft called {self.__name__}, which the AudioGen set leaves out")


def import_audiocraft() -> types.ModuleType:
    """The package, ready to build models. EngineError where it is not installed."""
    try:
        with _stand_ins():
            import audiocraft
            import audiocraft.models.builders
    except ImportError as error:
        raise EngineError(f"audiocraft cannot be imported: {error}; type: make audiogen") from error
    # Its attention looks for xformers when it is built; ours does the work.
    audiocraft.modules.transformer._verify_xformers_memory_efficient_compat = lambda: None
    module: types.ModuleType = audiocraft
    return module


@contextlib.contextmanager
def _stand_ins() -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in UNUSED}
    sys.modules.update({name: StubModule(name) for name in UNUSED})
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
