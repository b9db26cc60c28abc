"""Fixtures for every test: no network, and neither the user's store nor the user's configuration.

The tests of docs/reliability.md get the name of the promise that they hold. Where ``FAULTS_REPORT`` names a file, their
outcomes are written to it as JSON.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from promises import PROMISES
from scenebuild.store import LocalStore

LOOPBACK = ("127.0.0.1", "::1", "localhost")
HERE = {"linux": sys.platform == "linux", "x86_64": platform.machine().lower() in ("x86_64", "amd64")}
TESTS = Path(__file__).resolve().parent
_held: defaultdict[str, list[str]] = defaultdict(list)  # test -> the promises that it holds
for _promise in PROMISES:
    for _test in _promise.tests:
        _held[_test].append(_promise.name)


@pytest.fixture(scope="session")
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the kernels of the models are kept: the two seconds of compiling them are spent once, not in each test."""
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(autouse=True)
def _alone(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, _compiled: Path) -> None:
    """Keep a test away from the user's home and the network."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home / name))
    (home / "XDG_CACHE_HOME" / "scenebuild").mkdir(parents=True)
    (home / "XDG_CACHE_HOME" / "scenebuild" / "kernels").symlink_to(_compiled)
    monkeypatch.setenv("SCENEBUILD_STORE", str(home / "store"))
    for name in (
        "SCENEBUILD_ENGINE",
        "SCENEBUILD_MODEL",
        "SCENEBUILD_OUT",
        "SCENEBUILD_JOBS",
        "SCENEBUILD_DEVICE",
        "SCENEBUILD_KERNELS",
        "SCENEBUILD_PRECISION",
        "SCENEBUILD_TEMPLATE",
        "NO_COLOR",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith(("HF_", "HUGGINGFACE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(socket.socket, "connect", _refuse_network(socket.socket.connect))


def _refuse_network(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    return guarded


@pytest.fixture
def anew() -> Iterator[None]:
    """Nothing that was found out about the kernels is kept before the test or after it."""
    from scenebuild.engines.audiocraft.compute.kernels import found_kernels

    found_kernels.cache_clear()
    yield
    found_kernels.cache_clear()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that the test stands in."""
    folder = tmp_path / "project"
    (folder / "scenes").mkdir(parents=True)
    (folder / "scenebuild.toml").write_text("")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """An empty store."""
    return LocalStore(str(tmp_path / "store"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file to put into the store."""
    path = tmp_path / "source"
    path.write_bytes(b"some sound")
    return path


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium, started once; tests open pages in it with ``visit``."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright, which drives the browser, is missing")
    from browser import CHROMIUM, FLAGS

    if CHROMIUM is None:
        pytest.skip("chromium, in which pages are looked at, is not installed")
    with playwright.sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def _name(item: pytest.Item) -> str:
    return f"{item.path.relative_to(TESTS)}::{getattr(item, 'originalname', item.name)}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name, is_here in HERE.items():
            if (marker := item.get_closest_marker(name)) is not None and not is_here:
                item.add_marker(pytest.mark.skip(reason=f"only on {name}: {marker.args[0]}"))
        if TESTS in item.path.parents:
            if item.path.parent == TESTS / "faults":
                item.add_marker("faults")
            for promise in _held.get(_name(item), ()):
                item.extra_keyword_matches.add(promise)
                item.add_marker("faults")
                item.user_properties.append(("promise", promise))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One row a promise: how many of its tests passed, failed and were skipped, and the figures that they recorded."""
    path = os.environ.get("FAULTS_REPORT")
    if not path:
        return
    outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    figures: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            properties = getattr(report, "user_properties", ())
            for promise in {value for name, value in properties if name == "promise"}:
                outcomes[promise][outcome] += 1
                figures[promise].update({name: value for name, value in properties if name != "promise"})
    table = [
        {"promise": one.name, "outcomes": dict(outcomes[one.name]), "figures": dict(figures[one.name])}
        for one in PROMISES
    ]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(table, indent=1) + "\n")
