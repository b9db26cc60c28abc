"""The manual is executed: what it shows is run, what it lists is compared.

``python tests/test_docs.py`` writes the lists.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from scenebuild.scene.read import read_scene, references_in

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"]
SCENES = sorted((ROOT / "scenes").glob("*.yaml"))
BEGIN_PRESETS, END_PRESETS = (
    "<!-- begin: presets (python tests/test_docs.py writes this part) -->\n",
    "<!-- end: presets -->",
)
BEGIN, END = "<!-- begin: fields (python tests/test_docs.py writes this part) -->\n", "<!-- end: fields -->"


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lines as a user would type them, with the environment's commands first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        text=True,
        capture_output=True,
        env={**os.environ, "PATH": path},
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the manual speaks of."""
    for name in ("scenes", "schema", "templates"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "copy" / "pyproject.toml").write_text("")
    return tmp_path / "copy"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sh")], ids=lambda page: page.name)
def test_every_command_in_the_manual_works(page: Path, checkout: Path) -> None:
    scenes = blocks(page, "yaml")
    if page.name == "README.md":
        (checkout / "scenes" / "doorway.yaml").write_text(scenes[0], encoding="utf-8")
    for script in blocks(page, "sh"):
        done = shell(script, checkout)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


def test_the_readme_tells_what_comes_out_and_why(checkout: Path) -> None:
    """The walk through the first pages: build, edit, plan, build."""
    readme = ROOT / "README.md"
    (checkout / "scenes" / "doorway.yaml").write_text(blocks(readme, "yaml")[0], encoding="utf-8")
    first, then = blocks(readme, "sh")[:2]
    assert shell(first, checkout).returncode == 0
    named = set(re.findall(r"^\| `([a-z.A-Z]+)` \|", readme.read_text(encoding="utf-8"), re.MULTILINE))
    assert {"doorway.wav", "README.md", "manifest.json"} <= named
    for name in named:
        assert (checkout / "build" / "doorway" / name).is_file()
    assert (checkout / "scenes" / "doorway.lock.json").is_file()
    done = shell(then, checkout)
    before, after = done.stdout.split("scenes/doorway.yaml\n")[1:3]
    assert before.count("locked") == 2
    assert "miss    steps  sketch    prompt changed" in after
    assert "locked  rain" in after, "the volume of the rain changed, and no sound is made again for it"
    assert "1 generated, 1 locked" in done.stdout


def record_what_is_named(text: str, folder: Path) -> None:
    """A second of a tone for each recording that a scene in ``folder`` names."""
    for name in re.findall(r"sounds/\w+\.wav", text):
        (folder / name).parent.mkdir(exist_ok=True)
        soundfile.write(folder / name, 0.1 * np.sin(np.arange(48000) / 20), 48000)


def test_the_sounds_that_are_prompts_in_the_manual(checkout: Path) -> None:
    """The scene is built by the sketch, and the plan says what the page says."""
    page = ROOT / "docs" / "prompts.md"
    text = next(one for one in blocks(page, "yaml") if "continues:" in one)
    record_what_is_named(text, checkout / "scenes")
    path = checkout / "scenes" / "sounds.yaml"
    path.write_text(re.sub(r", redo: {.*?}", "", text), encoding="utf-8")
    done = shell("scenebuild scenes/sounds.yaml --engine sketch --json", checkout)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scenes"][0]["warnings"] == ["theme: melody left out: a sketch takes none"]
    path.write_text(text, encoding="utf-8")
    done = shell("scenebuild plan scenes/sounds.yaml --engine sketch", checkout)
    (told,) = [one.strip() for one in blocks(page, "text") if "made again" in one]
    assert " ".join(told.split()) in " ".join(done.stdout.split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_scene_in_the_manual_is_valid(page: Path, tmp_path: Path) -> None:
    for number, text in enumerate(blocks(page, "yaml")):
        named = re.match(r"# (\w+\.yaml)\n", text)  # so that one may extend another
        path = tmp_path / (named[1] if named else f"{number}.yaml")
        path.write_text(text, encoding="utf-8")
        record_what_is_named(text, tmp_path)
        for reference in references_in(str(path)):
            assert read_scene(reference).elements


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_json_in_the_manual_is_json_and_every_link_leads_somewhere(page: Path) -> None:
    for text in blocks(page, "json"):
        json.loads(text)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


def anchors(page: Path) -> set[str]:
    """The places of a page that a link can name: its headings as GitHub calls them, and explicit ids."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_place_of_a_page_finds_it(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        assert anchor in anchors(page.parent / target if target else page), f"{target}#{anchor}"


def test_contributing_names_only_files_that_exist_and_every_room() -> None:
    """Somebody who looks for the place of a change finds it from this page and the tree alone."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    package = ROOT / "pipeline" / "scenebuild"
    named = [name for name in re.findall(r"`([^`\s]+)`", text) if re.search(r"/|\.(py|md|json|cpp|toml|yaml)$", name)]
    missing = [
        name
        for name in named
        if "<" not in name
        and not any(list(folder.glob(name.rstrip("/"))) for folder in (ROOT, package, package / "scene/effects"))
    ]
    assert missing == []
    rooms = {path.name for path in package.iterdir() if path.is_dir() and (path / "__init__.py").is_file()}
    inner = {f"{path.parent.name}/{path.name}" for path in package.glob("*/*/") if (path / "__init__.py").is_file()}
    single = {path.name for path in package.glob("*.py") if not path.name.startswith("__")}
    assert {name for name in rooms | inner | single if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_in_the_manual_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)|`make (\w+)`", page.read_text(encoding="utf-8"), re.MULTILINE):
        assert re.search(rf"^{''.join(target)}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("scene", SCENES, ids=lambda path: path.stem)
@pytest.mark.x86_64("the locks of scenes/ hold sketches made on x86-64")
def test_every_scene_of_ours_builds_as_its_lock_says(scene: Path, checkout: Path) -> None:
    done = shell(f"scenebuild scenes/{scene.name} --frozen --json", checkout)
    assert done.returncode == 0, done.stderr
    for built in json.loads(done.stdout)["scenes"]:
        assert built["true_peak_dbtp"] <= -1.0
        assert built["warnings"] == []
        assert -35 < built["loudness_lufs"] < -10


def test_every_example_of_the_mixing_desk_builds_and_does_what_it_says(checkout: Path) -> None:
    page = ROOT / "docs" / "mixing.md"
    folder = checkout / "scenes" / "desk"
    folder.mkdir()
    for text in blocks(page, "yaml"):
        (folder / f"{text.splitlines()[0].removeprefix('name: ').lower()}.yaml").write_text(text, encoding="utf-8")
    done = shell("scenebuild scenes/desk --engine sketch --json", checkout)
    assert done.returncode == 0, done.stderr
    scenes = {Path(one["scene"]).stem: one for one in json.loads(done.stdout)["scenes"]}
    assert [name for name, one in scenes.items() if one["warnings"]] == []
    assert len(scenes["delivery"]["delivered"]) == 4
    assert "✗" not in (checkout / "build" / "delivery" / "README.md").read_text(encoding="utf-8")
    locks = {name: json.loads((folder / f"{name}.lock.json").read_text())["mix"] for name in scenes}
    assert locks["loops"]["seam_db"] <= 3
    assert [one["name"] for one in scenes["long"]["elements"]][:4] == ["waves", "waves.2", "waves.3", "waves.4"]


def test_the_presets_in_the_manual_are_those_of_the_program() -> None:
    page = (ROOT / "docs" / "mixing.md").read_text(encoding="utf-8")
    assert page.split(BEGIN_PRESETS)[1].split(END_PRESETS)[0] == presets(), "run: python tests/test_docs.py"


def test_the_fields_in_the_manual_are_those_of_the_schema() -> None:
    page = (ROOT / "docs" / "scene.md").read_text(encoding="utf-8")
    written = page.split(BEGIN)[1].split(END)[0]
    assert written == fields(), "run: python tests/test_docs.py"


def presets() -> str:
    """The table of all presets of a delivery."""
    from scenebuild.deliver.presets import PRESETS

    rows = ["| preset | for | loudness | true peak | file | after |", "| --- | --- | --- | --- | --- | --- |"]
    for one in PRESETS:
        loudness = f"{one.loudness_lufs:g} ± {one.tolerance_lu:g} LUFS" if one.loudness_lufs is not None else "as mixed"
        bits = f"{one.bits} bit, " if one.format in ("wav", "flac") else ""
        file = f"{one.format}, {bits}{one.sample_rate / 1000:g} kHz{', bext' if one.broadcast else ''}"
        rows.append(
            f"| `{one.preset}` | {one.about} | {loudness} | {one.true_peak_dbtp:g} dBTP | {file} | {one.source} |"
        )
    return "\n".join(rows) + "\n"


def fields() -> str:
    """The tables of all fields, from the schema."""
    schema = json.loads((ROOT / "schema" / "scene.schema.json").read_text(encoding="utf-8"))
    element = schema["$defs"]["element"]["properties"]
    effects = schema["$defs"]["effects"]["items"]["properties"]
    tables = {
        "The scene": {name: one for name, one in schema["properties"].items() if name not in ("defaults", "mix")},
        "`defaults`, `elements.<name>`": element,
        "A keyframe of `volume`, `gain_db`, `pan`, `high_pass`, `low_pass`": {
            name: one for name, one in schema["$defs"]["volume"]["items"]["properties"].items() if name != "value"
        },
        **{f"`{name}`": element[name]["properties"] for name in ("redo", "repeat", "trim", "loop")},
        "`effects`": effects,
        **{f"`{name}`": one["properties"] for name, one in effects.items() if "properties" in one},
        "`duck`": schema["$defs"]["duck"]["properties"],
        "`buses.<name>`": schema["$defs"]["bus"]["properties"],
        "`mix`": schema["$defs"]["mix"]["properties"],
        "`mix.loop`": schema["$defs"]["mix"]["properties"]["loop"]["properties"],
        "`deliver`": schema["properties"]["deliver"]["items"]["properties"],
        "`expect`, of an element and of the mix": schema["$defs"]["expect"]["properties"],
    }
    return "\n".join(f"### {title}\n\n{_table(found, schema)}" for title, found in tables.items())


def _table(properties: dict[str, Any], schema: dict[str, Any]) -> str:
    rows = ["| field | default | meaning |", "| --- | --- | --- |"]
    for name, one in properties.items():
        found = {**schema["$defs"][one["$ref"].rsplit("/", 1)[1]], **one} if "$ref" in one else one
        default = f"`{json.dumps(found['default'], ensure_ascii=False)}`" if "default" in found else ""
        meaning = found["description"] + _range(found)
        rows.append(f"| `{name}` | {default} | {meaning.replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def _range(found: dict[str, Any]) -> str:
    if choices := found.get("enum", found.get("anyOf", [{}])[0].get("enum")):
        others = ", or a name of your own" if "anyOf" in found else ""
        known = ", ".join(f"`{value}`" for value in choices if value is not None)
        return f" One of {known}{others}."
    low = found.get("minimum", found.get("exclusiveMinimum"))
    high = found.get("maximum", found.get("exclusiveMaximum"))
    over = "over " if "exclusiveMinimum" in found else ""
    return "" if low is None or high is None else f" From {over}{low:,} to {high:,}."


if __name__ == "__main__":
    for name, begin, end, part in (
        ("scene.md", BEGIN, END, fields()),
        ("mixing.md", BEGIN_PRESETS, END_PRESETS, presets()),
    ):
        page = ROOT / "docs" / name
        head, rest = page.read_text(encoding="utf-8").split(begin)
        page.write_text(head + begin + part + end + rest.split(end)[1], encoding="utf-8")
