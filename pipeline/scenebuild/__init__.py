"""scenebuild: soundscapes as code.

A scene file (YAML, in git) declares sound elements; the build generates each once, keeps it under a content
hash, mixes the elements into a soundscape and writes a README about it. The stages::

    path -> Document -> Scene -> Plan -> Takes -> Mix -> Report -> files

Programs use ``read``, ``validate``, ``plan``, ``build`` and ``diff``; docs/python.md shows them. Each name is imported
when it is first used: ``import scenebuild`` loads nothing, and a build with nothing to do starts at once.
"""

import sys
import types

TYPE_CHECKING = False  # as ``typing.TYPE_CHECKING``, without the time to load it
if TYPE_CHECKING:
    from scenebuild.api import build, diff, plan, read, validate
    from scenebuild.errors import (
        EngineError,
        LockError,
        OutputError,
        Place,
        PolicyError,
        Problem,
        ScenebuildError,
        SceneError,
        StoreError,
        UsageError,
    )
    from scenebuild.listener import Listener, Silent
    from scenebuild.plan.steps import Plan, Step
    from scenebuild.result import ElementResult, Result, SceneResult
    from scenebuild.review.model import ElementChange, FieldEdit, SceneReview
    from scenebuild.scene.model import Element, Scene

__version__ = "0.1.0"
__all__ = [
    "Element",
    "ElementChange",
    "ElementResult",
    "EngineError",
    "FieldEdit",
    "Listener",
    "LockError",
    "OutputError",
    "Place",
    "Plan",
    "PolicyError",
    "Problem",
    "Result",
    "Scene",
    "SceneError",
    "SceneResult",
    "SceneReview",
    "ScenebuildError",
    "Silent",
    "Step",
    "StoreError",
    "UsageError",
    "__version__",
    "build",
    "diff",
    "plan",
    "read",
    "validate",
]
_HOMES = {
    "api": ("build", "diff", "plan", "read", "validate"),
    "errors": tuple(name for name in __all__ if name.endswith("Error")) + ("Place", "Problem"),
    "listener": ("Listener", "Silent"),
    "plan.steps": ("Plan", "Step"),
    "result": ("ElementResult", "Result", "SceneResult"),
    "review.model": ("ElementChange", "FieldEdit", "SceneReview"),
    "scene.model": ("Element", "Scene"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker knows the names above, and no others

    def __getattr__(name):
        if name not in _HOME:
            raise AttributeError(f"module 'scenebuild' has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"scenebuild.{_HOME[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__})


class _Package(types.ModuleType):
    """Keeps the functions ``build`` and ``plan``: an import of the module ``scenebuild.build``, or of the package
    ``scenebuild.plan``, would set the attribute of that name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
