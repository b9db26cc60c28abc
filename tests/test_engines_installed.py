"""Engines of other packages: found where the user installed them, and nowhere else."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import test_engines
from scenebuild.cli import run
from scenebuild.engines import REGISTRY, Engine, all_engines, engine, installed, is_engine
from scenebuild.errors import EngineError
from test_docs import blocks

EXAMPLE = Path(__file__).parent.parent / "docs" / "example-engine"
PAGE = EXAMPLE.parent / "engines.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example is installed into, by its own build backend: what ``pip --target`` does."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder / "copy", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    code = "import setuptools.build_meta as b; print(b.build_wheel('..'))"
    subprocess.run([sys.executable, "-c", code], cwd=folder / "copy", check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def package(folder: Path, name: str, *offers: str, module: str = "") -> None:
    """A package of that name with these entry points, as it lies in site-packages."""
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("\n".join(["[scenebuild.engines]", *offers]) + "\n")
    if module:
        (folder / f"{name}.py").write_text(module)


def scenebuild(*arguments: str, path: Path | str = "") -> subprocess.CompletedProcess[str]:
    """In a process of its own, as ``python -m`` with the current folder first on its path."""
    command = [sys.executable, "-m", "scenebuild", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path; what was found before is forgotten, and so is what is found in the test."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    for cached in (installed.offers, installed.installed_engine):
        cached.cache_clear()
    yield folder
    for cached in (installed.offers, installed.installed_engine):
        cached.cache_clear()


# The example


def test_the_page_about_engines_is_walked_through(site: Path, project: Path) -> None:
    (scene,) = blocks(PAGE, "yml")
    install, show, build = blocks(PAGE, "bash")
    Path("scenes/tuning.yaml").write_text(scene)
    assert install == "pip install docs/example-engine\n"  # which is what the fixture does
    shown = scenebuild(*show.split()[1:], path=site)
    assert shown.stdout.startswith("tone      sketch     48000 Hz, 1 channels, licence CC0-1.0; ready"), shown.stderr
    done = scenebuild(*build.split()[1:], path=site)
    assert done.returncode == 0, done.stderr
    assert Path("build/tuning/tuning.wav").stat().st_size > 100_000
    lock = json.loads(Path("scenes/tuning.lock.json").read_text())
    entries = lock["elements"]
    assert {name: (one["engine"], one["engine_version"]) for name, one in entries.items()} == {
        "low": ("tone", "scenebuild-tone/1"),
        "high": ("tone", "scenebuild-tone/1"),
    }
    again = scenebuild(*build.split()[1:], path=site)
    assert "up-to-date" in again.stdout
    without = scenebuild("validate", "scenes/tuning.yaml")
    assert without.returncode != 0
    assert "engine: 'tone' is not one of auto, sketch, audiogen, musicgen." in without.stdout + without.stderr


def test_the_page_shows_the_entry_point_of_the_example() -> None:
    (shown,) = blocks(PAGE, "toml")
    assert shown in (EXAMPLE / "pyproject.toml").read_text()


def example() -> Engine:
    spec = importlib.util.spec_from_file_location("scenebuild_tone", EXAMPLE / "src" / "scenebuild_tone.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Engine = module.ENGINE
    return found


@pytest.mark.parametrize(
    "contract",
    [
        test_engines.test_takes_have_the_frames_the_rate_and_the_channels_that_were_promised,
        test_engines.test_the_same_action_gives_the_same_bytes_alone_with_others_and_in_any_order,
        test_engines.test_another_seed_gives_another_sound,
        test_engines.test_what_is_made_passes_the_worker,
    ],
)
def test_the_example_lives_by_the_contract(contract: Any, tmp_path: Path) -> None:
    contract(example(), tmp_path)


# Nothing of a checkout


SHADOW = "open({canary!r}, 'w').write(__name__)\nENGINE = None\n"


def test_nothing_of_the_current_folder_is_found(project: Path, tmp_path: Path) -> None:
    canary = str(tmp_path / "canary")
    package(project, "scenebuild_tone", "tone = scenebuild_tone:ENGINE", module=SHADOW.format(canary=canary))
    for arguments in (["engines"], ["engines", "tone"], ["doctor"]):
        done = scenebuild(*arguments)
        assert "tone" not in done.stdout
        assert not Path(canary).exists()
    Path("scenes/x.yaml").write_text("name: X\nelements: {a: {prompt: a, engine: tone, duration: 0.2}}\n")
    assert scenebuild("scenes/x.yaml").returncode != 0
    assert not Path(canary).exists()


def test_a_module_of_the_current_folder_does_not_stand_in_for_an_installed_one(
    project: Path, tmp_path: Path, site: Path
) -> None:
    canary = str(tmp_path / "canary")
    (project / "scenebuild_tone.py").write_text(SHADOW.format(canary=canary))
    Path("scenes/x.yaml").write_text("name: X\nelements: {a: {prompt: a, engine: tone, duration: 0.2}}\n")
    done = scenebuild("scenes/x.yaml", path=site)
    assert done.returncode == 0, done.stderr
    assert not Path(canary).exists()


# Packages that are not in order


def test_a_broken_package_is_one_line_and_hinders_nobody_else(
    packages: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(packages, "broken_tone", "tone = broken_tone:ENGINE", module="raise RuntimeError('out of tune')\n")
    package(packages, "no_engine", "lyre = no_engine:ENGINE", module="ENGINE = 3\n")
    Path("scenes/x.yaml").write_text("name: X\nelements: {a: {prompt: rain, engine: tone, duration: 0.2}}\n")
    assert run(["scenes/x.yaml"]) == 1
    told = "the engine 'tone' of the package broken_tone cannot be loaded: RuntimeError: out of tune"
    assert [line for line in capsys.readouterr().err.splitlines() if "tone" in line] == [told]
    assert run(["doctor"]) == 0
    listed = capsys.readouterr().out
    assert told in listed
    assert "the engine 'lyre' of the package no_engine is no engine: it has no facts" in listed
    assert run(["engines"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("sketch ")
    assert told in said.err
    Path("scenes/x.yaml").write_text("name: X\nelements: {a: {prompt: rain, duration: 0.2}}\n")
    assert run(["lint", "scenes/x.yaml"]) == 0


def test_a_built_in_engine_is_never_replaced(packages: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package(packages, "other", "sketch = other:ENGINE", "auto = other:ENGINE", "Lyre = other:ENGINE")
    assert type(engine("sketch")).__module__ == "scenebuild.engines.sketch"
    assert all_engines() == tuple(REGISTRY)
    assert not is_engine("auto")
    assert run(["doctor"]) == 0
    listed = capsys.readouterr().out
    assert "the package other offers an engine 'sketch', which is not used: it is built in" in listed
    assert listed.count("which is not used") == 3


def test_an_engine_that_two_packages_offer_is_none_of_them(packages: Path) -> None:
    for name in ("b", "a"):
        package(packages, name, "tone = x:ENGINE")
    with pytest.raises(EngineError, match="the packages a and b both offer the engine 'tone'; uninstall one of them"):
        engine("tone")


# As quick as without


def test_built_in_engines_are_planned_and_built_without_looking_for_others(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked() -> None:
        raise AssertionError("other packages were asked")

    monkeypatch.setattr(installed, "offers", looked)
    Path("scenes/x.yaml").write_text(
        "name: X\nelements:\n  a: {prompt: rain, engine: sketch, duration: 0.2}\n  b: {prompt: wind, duration: 0.2}\n"
    )
    for arguments in (["scenes/x.yaml"], ["scenes/x.yaml"], ["plan", "scenes/x.yaml"], ["scenes/x.yaml", "--force"]):
        assert run(arguments) == 0
