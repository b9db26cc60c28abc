"""scenebuild for programs: the examples of its page, what the import loads, and what a type checker knows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import scenebuild
from scenebuild import LockError, SceneError, UsageError

PAGE = Path(__file__).resolve().parent.parent / "docs" / "python.md"
SCENE = "name: X\nelements: {rain: {prompt: rain, duration: 0.2}}\n"
LIBRARIES = {"numpy", "click", "yaml", "jsonschema", "jinja2", "PIL", "soundfile", "rich", "platformdirs"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCENEBUILD_")}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment)


@pytest.fixture
def scene(project: Path) -> str:
    Path("scenes/x.yaml").write_text(SCENE)
    return "scenes/x.yaml"


def write_scenes() -> None:
    for text in blocks("yaml"):
        Path("scenes", text.splitlines()[0].removeprefix("# ")).write_text(text)


def test_the_examples_of_the_page_run(project: Path) -> None:
    write_scenes()
    printed = []
    for code in blocks("python"):
        done = python("-c", code)
        assert done.returncode == 0, f"{code}\n{done.stderr}"
        printed.append(done.stdout)
    assert printed[0] == "scenes/cave.yaml: 2 takes to make\n"
    assert printed[1] == "scenes/cave.yaml: built, 4.0 s\n"
    assert Path("game/ambience/cave.game-loop.ogg").is_file()
    assert printed[2].split() == [
        "episodes/ep01/intro@drizzle/intro@drizzle.podcast.mp3",
        "episodes/ep02/intro@hail/intro@hail.podcast.mp3",
    ]
    assert "scenes/cave.yaml changed ['elements.wind.gain_db']" in printed[3]
    assert "wind mixed -5.99" in printed[3]


def test_the_examples_of_the_page_are_typed(project: Path) -> None:
    """By a caller's checker, which reads the package as it is installed."""
    pytest.importorskip("mypy", reason="mypy, which looks at what callers see, is not installed")
    for number, code in enumerate(blocks("python")):
        Path(f"example_{number}.py").write_text(code)
    Path("wrong.py").write_text("import scenebuild\nscenebuild.build('x', engin='sketch')\nscenebuild.reed('x')\n")
    path = str(Path(scenebuild.__file__).parent.parent)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--follow-imports=silent"]
    names = sorted(str(path) for path in Path().glob("example_*.py"))
    done = subprocess.run(
        [*command, *names, "wrong.py"], capture_output=True, text=True, env={**os.environ, "MYPYPATH": path}
    )
    assert 'wrong.py:2: error: Unexpected keyword argument "engin"' in done.stdout
    assert 'wrong.py:3: error: Module has no attribute "reed"' in done.stdout
    assert "example" not in done.stdout, done.stdout


def test_the_import_loads_nothing() -> None:
    code = "import sys; before = {*sys.modules}; import scenebuild; print(*({*sys.modules} - before))"
    done = python("-c", code)
    assert done.stdout.split() == ["scenebuild"], "not even a module of the standard library"


@pytest.mark.parametrize("name", ["read", "validate", "plan", "build", "diff"])
def test_a_function_loads_no_numpy_before_it_makes_a_sound(name: str) -> None:
    done = python("-c", f"import sys, scenebuild; scenebuild.{name}; print(*sys.modules)")
    loaded = {module.partition(".")[0] for module in done.stdout.split()}
    assert not loaded & (LIBRARIES - {"yaml"})


def test_every_name_is_there_whatever_was_imported_before() -> None:
    code = "\n".join(
        [
            "import scenebuild.build, scenebuild.plan.steps, scenebuild",
            "from scenebuild import build, plan",
            "assert all(callable(one) for one in (build, plan, scenebuild.build, scenebuild.plan))",
            "assert all(getattr(scenebuild, name) is not None for name in scenebuild.__all__)",
            "assert {*scenebuild.__all__} <= {*dir(scenebuild)}",
        ]
    )
    assert python("-c", code).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'reed'"):
        _ = getattr(scenebuild, "reed")  # noqa: B009


def test_every_name_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    errors = [name for name in scenebuild.__all__ if name.endswith("Error")]
    functions = [f"{name}(" for name in ("read", "validate", "plan", "build", "diff")]
    assert [name for name in [*errors, *functions] if f"`{name}" not in page and f".{name}" not in page] == []


def test_a_scene_is_read_validated_planned_and_built(scene: str) -> None:
    assert scenebuild.read(Path(scene)).elements[0].prompt == "rain"
    assert scenebuild.validate(scene) == []
    (plan,) = scenebuild.plan(Path(scene), engine="sketch").values()
    assert [step.status for step in plan.steps] == ["miss"]
    result = scenebuild.build(Path(scene), engine="sketch", out=Path("out"), stems=True)
    assert (result.exit_code, result.generated) == (0, 1)
    assert result.scenes[0].mix == "out/x/x.wav"
    assert Path("out/x/stems/rain.wav").is_file()
    assert scenebuild.build(scene, engine="sketch", out="out", stems=True).scenes[0].status == "up-to-date"


def test_options_say_what_flags_say(scene: str) -> None:
    scenebuild.build(scene, engine="sketch", store="kept")
    assert Path("kept").is_dir()
    assert scenebuild.plan(scene, engine="sketch", store="kept", force=True)[scene].steps[0].reason == "forced"
    forced = scenebuild.plan(scene, engine="sketch", store="kept", force_elements=["rain"])
    assert forced[scene].steps[0].status == "miss"
    with pytest.raises(UsageError, match="--force-element thunder"):
        scenebuild.plan(scene, force_elements=["thunder"])
    with pytest.raises(UsageError, match="device: 'tpu' is not a device"):
        scenebuild.build(scene, device="tpu")


def test_mistakes_are_exceptions_of_their_families(scene: str) -> None:
    with pytest.raises(LockError, match="--frozen"):
        scenebuild.build(scene, frozen=True)
    Path(scene).write_text("name: X\nelements: {rain: {promt: rain}}\n")
    with pytest.raises(SceneError) as error:
        scenebuild.build(scene)
    assert [problem.rule for problem in error.value.problems] == [one.rule for one in scenebuild.validate(scene)]
    (failed,) = scenebuild.build(scene, keep_going=True).scenes
    assert failed.status == "failed"
    with pytest.raises(SceneError, match="this is not there"):
        scenebuild.validate("scenes/gone.yaml")


def test_nothing_is_printed_and_a_listener_hears_all(scene: str, capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []

    class Heard(scenebuild.Silent):
        def show(self, page: object) -> None:
            heard.append("show")

        def finish(self, result: scenebuild.SceneResult) -> None:
            heard.append(result.status)

        def progress(self, key: str, share: float) -> None:
            heard.append("progress")

    listener: scenebuild.Listener = Heard()
    scenebuild.build(scene, engine="sketch", listener=listener)
    assert heard[-2:] == ["show", "built"]
    assert "progress" in heard
    scenebuild.build(scene, engine="sketch", force=True)
    assert capfd.readouterr() == ("", "")


def test_changes_are_values_that_come_one_by_one(project: Path) -> None:
    for side, prompt in (("before", "rain"), ("after", "hail")):
        for name in ("a", "b"):
            path = Path(side, "scenes", f"{name}.yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(SCENE.replace("prompt: rain", f"prompt: {prompt}"))
    changes = scenebuild.diff("before", "after", locks_only=True)
    first = next(changes)
    assert (first.path, first.status) == ("scenes/a.yaml", "changed")
    assert [edit.name for edit in first.edits] == ["elements.rain.prompt"]
    changes.close()
    named = scenebuild.diff("before", "after", paths=[Path("scenes/b.yaml")], locks_only=True)
    assert [one.path for one in named] == ["scenes/b.yaml"]
    with pytest.raises(UsageError):
        next(scenebuild.diff("before", "nowhere"))
