"""What holds for every test: no network, no store or configuration of the user's, nothing left behind."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LOOPBACK = ("127.0.0.1", "::1", "localhost")


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
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that the test stands in."""
    folder = tmp_path / "project"
    (folder / "scenes").mkdir(parents=True)
    (folder / "scenebuild.toml").write_text("")
    monkeypatch.chdir(folder)
    return folder


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
