"""``doctor --bundle``: one file that helps with a report, and holds nothing private."""

from __future__ import annotations

import json
import os
import socket
import zipfile
from pathlib import Path
from typing import Any

import pytest

from scenebuild.cli import run
from scenebuild.cli.bundle import redactor, without_words

SECRETS = {
    "DEPLOY_TOKEN": "sesame-open-1",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
    "SCENEBUILD_TEMPLATE": "ghp_abcdefghijklmnop",
    "XDG_DATA_DIRS": "https://mia:hunter22@host.example/x",
}
SCENE = "name: n\ndescription: my grandmother's garden\nelements:\n  rain: {prompt: unheard of rain, duration: 0.3}\n"


def parts_of(path: str) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def built(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in the user's home with one built scene, and secrets in the environment."""
    monkeypatch.setenv("HOME", str(project.parent))
    monkeypatch.setenv("USER", "mia-the-user")
    Path("scenes/garden.yaml").write_text(SCENE + "mix: {duration: 0.3}\n")
    assert run(["scenes/garden.yaml", "--engine", "sketch", "-q"]) == 0
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return project


def test_it_holds_what_helps_and_nothing_private(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenebuild.toml").write_text("jobs = 3")
    assert run(["doctor", "--bundle"]) == 0
    said = capsys.readouterr().err
    parts = parts_of("scenebuild-report.zip")
    assert list(parts) == [
        "doctor.txt",
        "versions.json",
        "settings.json",
        "store.json",
        "builds/build-garden-manifest.json",
        "locks/scenes-garden.lock.json",
    ]
    assert said.index("Left out: all sound, prompts") < said.index("wrote scenebuild-report.zip")
    assert all(f"  {name}  " in said for name in parts)
    plain: dict[str, Any] = {name: json.loads(text) for name, text in parts.items() if name.endswith(".json")}
    assert plain["settings.json"]["in_force"]["jobs"] == 3
    assert plain["settings.json"]["mark"] == "scenebuild.toml"
    assert plain["store.json"]["verified"] == "0 damaged"
    assert plain["store.json"]["objects"] == plain["store.json"]["records"] == 1
    lock = plain["locks/scenes-garden.lock.json"]["content"]
    assert lock["elements"]["rain"]["prompt"] == "<15 characters>"
    assert lock["elements"]["rain"]["engine"] == "sketch"
    assert plain["builds/build-garden-manifest.json"]["content"]["asked"]["engine"] == "sketch"
    whole = "".join(parts.values())
    for private in (*SECRETS.values(), "hunter22", "unheard of", "grandmother", "mia-the-user", str(built.parent)):
        assert private not in whole, private
    assert "~/project" in whole


def test_what_is_there_is_not_written_over(built: Path) -> None:
    Path("mine.zip").write_text("mine")
    Path("link.zip").symlink_to("mine.zip")
    for name in ("mine.zip", "link.zip"):
        assert run(["doctor", "--bundle", name]) == 2
    assert Path("mine.zip").read_text() == "mine"
    assert run(["doctor", "--bundle", "mine2.zip", "--json"]) == 0
    assert zipfile.is_zipfile("mine2.zip")


def test_a_broken_project_is_what_it_is_for(built: Path) -> None:
    """A part that cannot be told says why, and nothing hangs or is followed."""
    manifest = Path("build/garden/manifest.json")
    manifest.unlink()
    os.mkfifo(manifest)
    lock = Path("scenes/garden.lock.json")
    lock.unlink()
    lock.symlink_to("/etc/passwd")
    Path("scenes/deep.lock.json").write_text("[" * 100_000)
    Path(os.environ["SCENEBUILD_STORE"], "objects").rename("gone")
    assert run(["doctor", "--bundle", "b.zip"]) == 0
    parts = parts_of("b.zip")
    assert parts["builds/build-garden-manifest.json"].startswith("cannot be told: ")
    assert parts["locks/scenes-garden.lock.json"].startswith("cannot be told: ")
    assert parts["locks/scenes-deep.lock.json"].startswith("cannot be told: ")
    assert "root:" not in "".join(parts.values())
    assert json.loads(parts["store.json"])["verified"] == "1 damaged"


def test_a_store_that_is_large_is_not_read(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenebuild.cli.bundle.LARGEST_STORE", 10)
    monkeypatch.setattr("scenebuild.store.care.verify", None)
    assert run(["doctor", "--bundle", "b.zip"]) == 0
    assert "scenebuild cache verify" in json.loads(parts_of("b.zip")["store.json"])["verified"]


def test_the_least_private_names_are_replaced() -> None:
    hide = redactor({"HOME": "/home/mia", "USER": "mia", "GITHUB_TOKEN": "abcdef", "SHORT_KEY": "1"})
    assert hide("/home/mia/a of mia on /home/miam: 1 abcdef") == "~/a of <user> on /home/miam: 1 <GITHUB_TOKEN>"
    assert hide("Bearer 0123456789 hf_abcdefghij eyJhbGciOiJIUzI1.x") == "<secret> <secret> <secret>"
    host = socket.gethostname()
    assert len(host) <= 2 or host == "localhost" or hide(f"on {host}") == "on <host>"
    assert redactor({})("nothing") == "nothing"


def test_all_words_of_the_author_are_counted() -> None:
    assert without_words({"asked": {"set": {"weather": "drizzle"}}, "warnings": ["rain: x"], "n": [1.5, None]}) == {
        "asked": {"set": {"weather": "<7 characters>"}},
        "warnings": ["<7 characters>"],
        "n": [1.5, None],
    }
