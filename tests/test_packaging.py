"""What users install: the wheel holds all modules and data, and the locks can be installed on any platform."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

LOCKS = ["core.txt", "dev.txt", "video.txt", "audiogen.txt", "oracle.txt"]


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel that is built from a copy of what git tracks."""
    folder = tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in tracked:
        if name.split("/")[0] in (
            "pipeline",
            "scenes",
            "schema",
            "templates",
            "pyproject.toml",
            "README.md",
            "LICENSE",
        ):
            target = folder / "copy" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((root / name).read_bytes())
    code = "import setuptools.build_meta as b; print(b.build_wheel('..'))"
    subprocess.run([sys.executable, "-c", code], cwd=folder / "copy", check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_wheel_holds_every_module_the_schema_the_templates_and_the_catalogue(wheel: list[str], root: Path) -> None:
    source = root / "pipeline"
    modules = {str(path.relative_to(source)) for path in (source / "scenebuild").rglob("*.py")}
    data = {
        "scenebuild/engines/audiocraft/compute/kernels.cpp",
        "scenebuild/py.typed",
        "scenebuild/schema/__init__.py",
        "scenebuild/schema/scene.schema.json",
    }
    data |= {f"scenebuild/templates/{path.name}" for path in (root / "templates").iterdir() if path.is_file()}
    data |= {
        f"scenebuild/catalogue/{path.name}" for path in (root / "scenes" / "catalogue").iterdir() if path.is_file()
    }
    inside = {name for name in wheel if not name.split("/")[0].endswith(".dist-info")}
    assert inside == modules | data


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_names_versions_and_hashes_and_nothing_else(root: Path, lock: str) -> None:
    text = (root / "requirements" / lock).read_text()
    assert "://" not in text
    assert "index-url" not in text
    lines = [line for line in text.splitlines() if line]
    assert all(
        re.fullmatch(r"[a-z0-9][a-z0-9-]*==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines
    )
    large = text if lock == "video.txt" else text.split("\nnumpy==")[1].split("==")[0]
    assert large.count("--hash") > 20, "the hashes of every platform, not only of the one that made the lock"


def test_the_locks_agree_and_hold_every_dependency(root: Path) -> None:
    pinned = {
        lock: set(re.findall(r"^([a-z0-9-]+==[^ ]+)", (root / "requirements" / lock).read_text(), re.MULTILINE))
        for lock in LOCKS
    }
    assert pinned["core.txt"] < pinned["dev.txt"]
    assert pinned["video.txt"] < pinned["dev.txt"]
    assert pinned["core.txt"] < pinned["audiogen.txt"]
    names = [{pin.split("==")[0] for pin in pinned[lock]} for lock in ("dev.txt", "audiogen.txt")]
    differing = {pin for pin in pinned["dev.txt"] ^ pinned["audiogen.txt"] if pin.split("==")[0] in names[0] & names[1]}
    assert not differing, "one environment holds both"
    oracle = {pin.split("==")[0]: pin for pin in pinned["oracle.txt"]}
    others = pinned["dev.txt"] | pinned["audiogen.txt"]
    assert {pin for name, pin in oracle.items() if name in names[0] | names[1]} <= others, "and the oracle with them"
    assert not names[1] & {"transformers", "protobuf", "spacy", "xformers"}, "what audiocraft's inference never calls"
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    core = {pin.split("==")[0] for pin in pinned["core.txt"]}
    assert {name for one in project["dependencies"] for name in re.findall(r"^[a-z0-9-]+", one)} <= core
    assert not core & {"torch", "audiocraft", "scipy", "matplotlib"}, "the core stays light"


def test_the_version_is_the_same_everywhere(root: Path) -> None:
    import scenebuild

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["version"] == scenebuild.__version__
    assert f"## {scenebuild.__version__}" in (root / "CHANGELOG.md").read_text()


def test_no_file_names_a_registry_or_a_path_of_a_machine(root: Path) -> None:
    words = [
        "pypi" + ".org",
        "python" + "hosted",
        "registry.npm" + "js",
        "deb." + "debian",
        "/wor" + "k/",
        "/ro" + "ot/",
    ]
    tracked = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split()
    found = []
    for name in tracked:
        data = (root / name).read_bytes() if (root / name).is_file() else b""
        found += [(name, word) for word in words if word.encode() in data and b"\0" not in data]
    assert found == []
