"""Mutation testing of the code where a wrong line costs most: ``mutants.py [ROOM ...]``.

mutmut changes one expression at a time in a copy of the project and runs the tests that reach it. A mutant that no test
notices is a survivor. For each room the script prints how many were killed and names the survivors; the last line is
one JSON object. Rooms: see ``ROOMS``; without one, all of them.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SURVIVED = (0, 33)  # all tests passed; no test reaches it
GOAL = 0.85  # of the mutants of a room are killed
QUICK = "not hard and not hypothesis"  # the same tests in each run
# What mutmut adds to the code imports more and counts each call; whole builds say little of the scene that they read.
LEFT_OUT = (
    "test_importing_the_room_is_cheap", "test_what_a_strangers_recipe_may_cost_is_bounded",
    "test_variants_build_share_takes_and_stand_side_by_side", "test_a_rerun_of_variants_reads_no_scene",
    "test_a_changed_parent_is_seen_by_the_next_run", "test_set_builds_beside_the_scene_and_writes_no_lock",
)  # fmt: skip
COPIED = (
    "schema", "templates", "scenes", "docs", "ci", "tools", "tests", "benchmarks", "requirements", "README.md",
    "Makefile",
)  # fmt: skip
# room -> what is changed, and the tests that must notice: those that run in this process, each in a moment
ROOMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "store": (
        ("files.py", "scratch.py", "store/*.py"),
        ("test_store.py", "faults/test_files.py", "faults/test_scratch.py", "faults/test_store_care.py",
         "faults/test_store_records.py"),
    ),
    "plan": (
        ("plan/absent_recordings.py", "plan/action.py", "plan/engine_choice.py", "plan/up_to_date.py",
         "plan/lockfile.py", "plan/lock_checks.py", "plan/manifest.py", "plan/models.py", "plan/records.py",
         "plan/steps.py"),
        ("test_plan.py", "test_plan_models.py", "test_plan_precision.py", "test_locks.py", "faults/test_locks_kept.py",
         "faults/test_manifest.py"),
    ),
    "scene": (
        ("scene/yaml/[!e]*.py", "scene/compose/*.py", "scene/check/rules.py", "scene/check/numerals.py",
         "scene/read.py", "scene/resolve.py", "scene/automation.py", "scene/channel.py", "scene/timing.py",
         "scene/delivery.py", "scene/effects/*.py", "scene/fields.py", "scene/recording.py", "scene/pointer.py",
         "scene/project.py"),
        ("test_scene_document.py", "test_scene_invalid.py", "test_scene_findings.py", "test_scene_project.py",
         "test_scene_recording.py", "test_scene_resolve.py", "test_recipes.py", "faults/test_reader.py",
         "faults/test_readings.py", "faults/test_readings_recipes.py", "faults/test_readings_channels.py",
         "test_effects.py"),
    ),
    "licences": (
        ("licences.py", "plan/mix_licence.py", "plan/policy.py"), ("test_policy.py", "faults/test_licences.py"),
    ),
}  # fmt: skip
# A result that was kept before the line was changed would answer for the changed line.
FRESH = """
import sys

import pytest


@pytest.fixture(autouse=True)
def _nothing_kept():
    for name, module in list(sys.modules.items()):
        if name.startswith("scenebuild."):
            for one in list(vars(module).values()):
                if hasattr(one, "cache_clear") and getattr(one, "__module__", None) == name:
                    one.cache_clear()
"""


def main() -> int:
    """Run the rooms one after the other; 1 where one of them misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", choices=[*ROOMS, []], default=[], metavar="ROOM")
    parser.add_argument("--sample", type=int, help="try that many mutants of each room, drawn at random")
    asked = parser.parse_args()
    figures = {room: of_room(room, asked.sample) for room in asked.rooms or tuple(ROOMS)}
    met = all(one["share"] >= GOAL for one in figures.values())
    print(json.dumps({"name": "mutants", "goal": GOAL, "rooms": figures, "met": met}))
    return 0 if met else 1


def of_room(room: str, sample: int | None) -> dict[str, float]:
    """How many mutants there were and how many were noticed; names the others."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        _lay_out(folder, *ROOMS[room])
        if sample is not None:
            _mutmut(folder, "run", "no-such-mutant")  # makes them all, and notes which tests reach which
        all_of_them = _outcomes(folder)
        drawn = random.Random(room).sample(sorted(all_of_them), sample) if sample and sample < len(all_of_them) else []
        said = _mutmut(folder, "run", *drawn)
        outcomes = {one: code for one, code in _outcomes(folder).items() if code is not None}
        if not outcomes:  # such as where a test fails without any mutant
            print(*said.splitlines()[-40:], sep="\n", flush=True)
        survivors = sorted(one for one, code in outcomes.items() if code in SURVIVED)
        for survivor in survivors:
            changed = [
                line for line in _mutmut(folder, "show", survivor).splitlines() if re.match(r"[-+](?![-+])", line)
            ]
            print(f"survived: {survivor}", *changed, sep="\n    ", flush=True)
        made = len(_outcomes(folder))
    noticed = len(outcomes) - len(survivors)
    share = round(noticed / len(outcomes), 3) if outcomes else 0.0
    print(f"{room}: {noticed} of {len(outcomes)} were noticed ({share:.1%}), of {made} that there are", flush=True)
    return {"made": made, "tried": len(outcomes), "noticed": noticed, "share": share}


def _mutmut(folder: Path, *arguments: str) -> str:
    """What mutmut prints; of no mutant that it can be asked for, and of survivors, its exit code says nothing new."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mutmut", *arguments], cwd=folder, text=True, capture_output=True, check=False
    )
    return done.stdout if done.returncode in (0, 1) else f"{done.stdout}{done.stderr}\nexit code {done.returncode}"


def _outcomes(folder: Path) -> dict[str, int | None]:
    """Exit codes of the tests by mutant; None where it was not tried."""
    codes: dict[str, int | None] = {}
    for path in folder.glob("mutants/src/**/*.meta"):
        codes.update(json.loads(path.read_text())["exit_code_by_key"])
    return codes


def _lay_out(folder: Path, changed: tuple[str, ...], tests: tuple[str, ...]) -> None:
    """A copy as mutmut wants it: it only knows a source root that is called ``src``."""
    shutil.copytree(ROOT / "pipeline", folder / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    found = [str(path.relative_to(ROOT)) for name in tests for path in sorted((ROOT / "tests").glob(name))]
    for name in changed:
        if not any((folder / "src" / "scenebuild").glob(name)):
            raise SystemExit(f"{name}: there is no such file in the package; mend ROOMS")
    (folder / "conftest.py").write_text(FRESH)
    settings = (ROOT / "pyproject.toml").read_text()
    lists = {
        "source_paths": ["src"],
        "only_mutate": [f"src/scenebuild/{name}" for name in changed],
        "also_copy": [*COPIED, "conftest.py"],
        "pytest_add_cli_args": [
            "-q",
            "-x",
            "-m",
            QUICK,
            "-k",
            f"not ({' or '.join(LEFT_OUT)})",
            "-p",
            "no:cacheprovider",
        ],  # fmt: skip
        "pytest_add_cli_args_test_selection": found,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in lists.items()]
    (folder / "pyproject.toml").write_text("\n".join([settings, "[tool.mutmut]", *lines, ""]))


if __name__ == "__main__":
    sys.exit(main())
