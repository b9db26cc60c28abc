"""Imports: which room may import which, no circles, and what a quick command must not load."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pipeline" / "scenebuild"

# room -> the rooms it may import from; a room that is one file has its name
GROUND: dict[str, set[str]] = {
    "decibels": set(),
    "errors": set(),
    "files": set(),
    "frames": set(),
    "licences": set(),
    "locks": set(),
    "scratch": {"locks"},
    "number_text": {"decibels"},
}  # every room may stand on them
ALLOWED = {
    **GROUND,
    "audio": set(),
    "scene": {"schema", "catalogue", "audio", "engines"},  # the headers of recordings, which need no numpy
    "store": set(),
    "config": set(),
    "settings": {"config"},
    "listener": {"report", "result"},  # for their types alone
    "engines": {"audio", "store", "config"},
    "plan": {"git", "scene", "store", "engines", "config", "settings", "result"},
    "targets": {"scene", "plan", "result", "settings"},
    "scene_plans": {"scene", "store", "plan", "generate", "settings", "listener", "targets", "result"},
    "outputs": {"scene", "plan"},
    "deliver": {"audio", "scene", "mix"},
    "mix": {"scene", "audio"},
    "generate": {"store", "engines", "audio", "plan", "settings", "listener"},
    "expect": {"scene", "audio", "plan"},
    "report": {
        "scene",
        "store",
        "engines",
        "audio",
        "plan",
        "mix",
        "deliver",
        "generate",
        "result",
        "templates",
        "expect",
    },
    "git": {"scene"},
    "result": set(),
    "render": {
        "audio",
        "outputs",
        "scene",
        "store",
        "engines",
        "plan",
        "mix",
        "deliver",
        "generate",
        "report",
        "result",
        "settings",
        "expect",
        "config",
        "listener",
        "targets",
    },
    "review": {
        "scene",
        "store",
        "engines",
        "audio",
        "plan",
        "mix",
        "generate",
        "report",
        "deliver",
        "settings",
        "git",
        "config",
    },
    "commands": {
        "audio",
        "engines",
        "outputs",
        "scene",
        "store",
        "plan",
        "generate",
        "mix",
        "report",
        "settings",
        "render",
        "build",
        "expect",
        "result",
        "scene_plans",
        "targets",
        "listener",
    },
    "overview": {"outputs", "scene", "plan", "report", "result", "config", "targets"},
    "build": {
        "plan",
        "result",
        "settings",
        "render",
        "overview",
        "scene_plans",
        "targets",
        "listener",
    },
    "watch": {"scene", "plan", "report", "settings", "build", "commands", "templates", "config", "targets", "listener"},
    "cli": {
        "api",
        "scene",
        "store",
        "engines",
        "plan",
        "result",
        "settings",
        "build",
        "schema",
        "commands",
        "expect",
        "report",
        "review",
        "watch",
        "git",
        "config",
        "listener",
    },
    "ci": {"engines", "git", "scene", "plan", "report", "result", "review", "build", "cli", "scene_plans", "targets"},
    "__main__": {"cli", "plan"},
    "api": {"build", "config", "listener", "plan", "result", "review", "scene", "settings"},
    "__init__": {"api", "listener", "plan", "result", "review", "scene"},  # each when it is first used
}
# What may be imported at the top of a room's modules, beside the standard library; the rest waits until it is used.
HEAVY = {
    "numpy": {"audio", "deliver", "mix", "report", "review"},
    "soundfile": {"report", "review"},
    "soxr": set(),
    "PIL": {"report", "review"},
    "jinja2": {"report"},
    "jsonschema": set(),
    "yaml": {"scene"},
    "click": {"cli"},
    "rich": set(),
    "av": set(),
    "platformdirs": set(),
}
ONLY_AUDIOCRAFT = {"torch", "torchaudio", "audiocraft", "transformers", "omegaconf"}
FILES = sorted(PACKAGE.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def at_the_top(tree: ast.Module) -> ast.Module:
    return ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_the_rooms_below(path: Path) -> None:
    room = room_of(path)
    inner = {name.split(".")[1] for name in imported(tree_of(path)) if name.startswith("scenebuild.")}
    assert inner - {room, "__version__"} <= ALLOWED[room] | (set() if room in GROUND else set(GROUND))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_is_heavy_is_imported_late(path: Path) -> None:
    relative = str(path.relative_to(PACKAGE))
    tree = tree_of(path)
    everywhere = {name.split(".")[0] for name in imported(tree)}
    if not relative.startswith("engines/audiocraft/"):
        assert not everywhere & ONLY_AUDIOCRAFT
    top = {name.split(".")[0] for name in imported(at_the_top(tree))}
    if relative.startswith("engines/") and not relative.endswith("__init__.py") and relative != "engines/file.py":
        return  # the insides of an engine, loaded in its child process alone
    allowed = {name for name, rooms in HEAVY.items() if room_of(path) in rooms}
    assert not (top & set(HEAVY)) - allowed


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_imported(tree: ast.AST, modules: Mapping[str, object]) -> set[str]:
    """The modules of the package that a file imports, at its top, later, or for its types alone."""
    found = set()
    for name in imported(tree):
        found.add(name if name in modules else name.rpartition(".")[0])
    return found & modules.keys()


def test_no_modules_import_each_other() -> None:
    """Imports inside functions and under TYPE_CHECKING count: what a reader must know first is told by all of them. But
    for those of the door for programs, whose names nobody inside uses: the others take its version from it."""
    trees = {module_of(path): tree_of(path) for path in FILES if path != PACKAGE / "__init__.py"}
    above = {name: modules_imported(tree, trees) - {name} for name, tree in trees.items()}
    while leaves := {name for name, ones in above.items() if not ones & above.keys()}:
        above = {name: ones - leaves for name, ones in above.items() if name not in leaves}
    reached = {name: everything_below(name, above) for name in above}
    circles = {frozenset(one for one in ones if name in reached[one]) for name, ones in reached.items() if name in ones}
    assert circles == set()


def everything_below(name: str, graph: Mapping[str, set[str]]) -> set[str]:
    """All that a module imports, and what that imports."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_no_public_class_name_stands_twice() -> None:
    """One word, one thing: whoever reads a name in a message of mypy or in a review knows which it is."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module_of(path))
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys, json; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


HEAVY_NAMES = {*HEAVY, *ONLY_AUDIOCRAFT}


def test_planning_loads_no_numpy(project: Path) -> None:
    Path("scenes/x.yaml").write_text("name: X\nelements: {rain: {prompt: rain}}\n")
    code = "from scenebuild.cli import run; assert run(['plan', 'scenes/x.yaml']) == 0"
    assert not loaded_by(code) & {"numpy", "soundfile", "soxr", "PIL", "jinja2", *ONLY_AUDIOCRAFT}


def test_a_build_with_nothing_to_do_loads_nothing_heavy(project: Path) -> None:
    Path("scenes/x.yaml").write_text("name: X\nelements: {rain: {prompt: rain, duration: 0.2}}\n")
    first = [sys.executable, "-m", "scenebuild", "scenes/x.yaml"]
    subprocess.run(first, check=True, capture_output=True)
    code = (
        "import sys, runpy; sys.argv = ['scenebuild', 'scenes/x.yaml']\n"
        "try: runpy.run_module('scenebuild', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0"
    )
    assert not loaded_by(code) & HEAVY_NAMES
    with_options = code.replace("'scenes/x.yaml'", "'scenes/x.yaml', '--json'")
    assert not loaded_by(with_options) & ({*HEAVY_NAMES, "yaml", "jsonschema"} - {"click", "platformdirs"})


def test_the_command_works_without_its_asserts(project: Path) -> None:
    """PYTHONOPTIMIZE removes them, so nothing may depend on one."""
    Path("scenes/x.yaml").write_text("name: X\nelements: {rain: {prompt: rain, duration: 0.2}}\n")
    environment = {**os.environ, "PYTHONOPTIMIZE": "2"}
    subprocess.run(
        [sys.executable, "-m", "scenebuild", "scenes/x.yaml"], check=True, env=environment, capture_output=True
    )
