"""The command line: what it prints, on which stream, and with which exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from scenebuild.cli import VERBS, program, run
from scenebuild.cli.terminal import NORMAL, Terminal

SCENE = "name: Test\nelements:\n  rain: {prompt: steady rain, duration: 0.3}\n  wind: {prompt: wind, duration: 0.2}\n"
PATH = "scenes/test.yaml"


@pytest.fixture
def scene(project: Path) -> Path:
    Path(PATH).write_text(SCENE)
    return project


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command, as a user types it."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("scenebuild")), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_a_build_says_one_line_a_scene_and_that_it_was_sketched(scene: Path) -> None:
    done = command(PATH)
    assert done.returncode == 0
    assert done.stdout.startswith("built       scenes/test.yaml -> build/test/test.wav  0.3 s, -")
    assert done.stdout.endswith("2 generated\n")
    assert done.stderr.splitlines()[0] == "making 2 takes"
    assert sorted(line.split()[-1] for line in done.stderr.splitlines()[1:3]) == ["rain", "wind"]
    assert "sketched, not AudioGen: rain, wind" in done.stderr
    again = command(PATH)
    assert (again.stdout, again.stderr) == ("up-to-date  scenes/test.yaml -> build/test/test.wav\n", "")


def test_each_build_of_a_watch_counts_its_own_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal(loudness=NORMAL, colour=False) as terminal:
        for _ in range(2):  # the second time after an edit and back, with an empty store
            terminal.begin({"a key": "rain", "another": "wind"})
            for key in ("a key", "another"):
                terminal.progress(key, 1.0)
    assert capsys.readouterr().err == "making 2 takes\n  1/2 rain\n  2/2 wind\n" * 2


def test_json_is_the_only_thing_on_stdout_and_keeps_its_shape(scene: Path) -> None:
    done = command(PATH, "--json")
    found = json.loads(done.stdout)
    assert (found["version"], found["generated"]) == (1, 2)
    (one,) = found["scenes"]
    assert {"scene", "status", "mix", "duration_s", "loudness_lufs", "true_peak_dbtp", "elements"} <= set(one)
    assert (one["scene"], one["status"], one["mix"]) == (PATH, "built", "build/test/test.wav")
    assert one["duration_s"] == 0.3
    assert one["true_peak_dbtp"] <= -1.0
    for element in one["elements"]:
        assert {"name", "engine", "key", "digest", "status"} <= set(element)
        assert element["status"] == "generated"
        assert len(element["key"]) == len(element["digest"]) == 64
    again = json.loads(command(PATH, "--json").stdout)
    assert (again["generated"], again["scenes"][0]["status"]) == (0, "up-to-date")
    assert [e["digest"] for e in again["scenes"][0]["elements"]] == [e["digest"] for e in one["elements"]]


def test_plan_says_status_and_reason_in_words_and_in_json(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", PATH]) == 0
    assert capsys.readouterr().out == (
        "scenes/test.yaml\n  miss    rain  sketch    new element\n  miss    wind  sketch    new element\n"
    )
    assert not Path("build").exists()
    run([PATH, "-q"])
    Path(PATH).write_text(SCENE.replace("steady", "heavy"))
    capsys.readouterr()
    assert run([PATH, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["generated"] == 1
    assert [(one["status"], one["reason"]) for one in found["scenes"][0]["elements"]] == [
        ("miss", "prompt changed"),
        ("locked", "as the lock says"),
    ]


def test_a_mistake_has_its_place_and_exit_code_1(scene: Path) -> None:
    Path(PATH).write_text(SCENE.replace("prompt: wind", "promt: wind"))
    done = command(PATH)
    assert done.returncode == 1
    assert done.stderr.startswith("scenes/test.yaml:4:10: ")
    assert "did you mean" in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_validate_speaks_to_people_and_to_programs(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "scenes"]) == 0
    assert capsys.readouterr().out == "1 scene is valid\n"
    Path("scenes/bad.yaml").write_text("name: Bad\nelements: {rain: {prompt: x, volume: loud}}\n")
    assert run(["validate", "scenes"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("scenes/bad.yaml:2:38: volume: ")
    for style in ("json", "github", "sarif"):
        assert run(["validate", "scenes", "--format", style]) == 1
        out = capsys.readouterr().out
        assert out.startswith("::error file=scenes/bad.yaml,line=2,col=38") if style == "github" else json.loads(out)


def test_usage_errors_exit_2(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["biuld", PATH]) == 2
    assert "there is no scene and no command 'biuld'; did you mean 'build'?" in capsys.readouterr().err
    assert run([PATH, "--engine", "lyre"]) == 2
    assert (
        "--engine lyre: there is no such engine; there are: sketch, audiogen, musicgen, auto" in capsys.readouterr().err
    )
    assert run([PATH, "--jobs", "0"]) == 2
    assert run([PATH, "--no-such-option"]) == 2
    assert run([PATH, "--force-element", "hail"]) == 2
    assert "--force-element hail: scenes/test.yaml has no such element" in capsys.readouterr().err


def test_a_missing_scene_is_said_in_one_line(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenes/rainy.yaml"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("scenes/rainy.yaml:1:1: ")
    assert len(err.splitlines()) == 1


def test_frozen_exits_3_with_the_names_of_what_drifted(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([PATH, "-q"]) == 0
    assert run([PATH, "--frozen", "-q"]) == 0
    Path(PATH).write_text(SCENE.replace("steady", "heavy"))
    assert run([PATH, "--frozen"]) == 3
    assert (
        "scenes/test.yaml:3:3: rain: prompt changed; --frozen builds only what the lock says" in capsys.readouterr().err
    )


def test_a_bug_of_ours_exits_4_with_a_report_to_paste(
    scene: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("out of our hands")

    monkeypatch.setattr("scenebuild.scene_plans.make_plan", broken)
    assert run([PATH]) == 4
    err = capsys.readouterr().err
    assert err.startswith("this is a bug of scenebuild; nothing in the store is lost.")
    assert "ZeroDivisionError: out of our hands" in err


def test_no_control_character_of_an_author_reaches_the_terminal(scene: Path) -> None:
    Path("scenes/\x1b[31mred.yaml").write_text(SCENE)
    done = command("scenes", "-v")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert "\\x1b[31mred" in done.stdout


def test_quiet_says_nothing_and_verbose_a_line_for_each_element(scene: Path) -> None:
    quiet = command(PATH, "-q")
    assert (quiet.stdout, quiet.stderr) == ("", "")
    verbose = command(PATH, "-v", "--force-element", "rain")
    assert "rain: generated, sketch; forced" in verbose.stdout
    assert "wind: locked, sketch; as the lock says" in verbose.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "coloured"),
    [
        ([], {}, False),  # a pipe
        (["--color", "always"], {}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": ""}, False),
        ([], {"SCENEBUILD_COLOR": "always"}, True),
    ],
)
def test_colours_follow_flag_and_environment(
    scene: Path, arguments: list[str], environment: dict[str, str], coloured: bool
) -> None:
    done = command("build", PATH, "-v", *arguments, **environment)
    assert ("\x1b[" in done.stdout) is coloured


def test_a_small_environment_is_enough(scene: Path) -> None:
    """No HOME, no terminal, the C locale, a umask that shares nothing."""
    python = str(Path(sys.executable))
    code = "import os, sys; os.umask(0o077); os.execv(sys.argv[1], sys.argv[1:])"
    done = subprocess.run(
        [python, "-c", code, python, "-m", "scenebuild", PATH],
        env={"PATH": "/usr/bin:/bin", "LANG": "C", "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]},
        capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Path("build/test/test.wav").exists()


def test_settings_come_from_flag_environment_project_and_user_in_that_order(
    scene: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    user = Path(os.environ["XDG_CONFIG_HOME"], "scenebuild", "config.toml")
    user.parent.mkdir(parents=True)

    def store_of(*flags: str) -> str:
        assert run(["cache", "size", "--json", *flags]) == 0
        found: str = json.loads(capsys.readouterr().out)["store"]
        return found

    assert store_of("--store", "flag") == str(scene / "flag")
    assert store_of() == os.environ.pop("SCENEBUILD_STORE")
    user.write_text('store = "/user/store"\n')
    assert store_of() == "/user/store"
    (scene / "scenebuild.toml").write_text('store = "inside"\n')
    assert store_of() == str(scene / "inside")
    (scene / "scenebuild.toml").unlink()
    (scene / "pyproject.toml").write_text('[tool.scenebuild]\nstore = "elsewhere"\n')
    assert store_of() == str(scene / "elsewhere")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stoer = 1", "unknown setting 'stoer'; write one of: engine, store, jobs"),
        ("jobs = true", "jobs = True is of the wrong type; write for example: jobs = 4"),
        ("jobs = 0", "jobs = 0 is less than 1; write for example: jobs = 4"),
        ("jobs =", "cannot be read: "),
        ('store = "../elsewhere"', "store = '../elsewhere' leads out of the project"),
        ('store = "/etc"', "store = '/etc' leads out of the project"),
    ],
)
def test_a_configuration_that_is_wrong_is_a_usage_error(
    scene: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (scene / "scenebuild.toml").write_text(text)
    assert run([PATH]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{scene}/scenebuild.toml: ")
    assert message in err


def test_the_cache_can_be_listed_checked_and_tidied(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run([PATH, "-q"])
    assert run(["cache", "ls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert any(line.endswith("sketch    steady rain") for line in lines)
    assert run(["cache", "ls", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["takes"]) == 2
    assert run(["cache", "verify"]) == 0
    assert capsys.readouterr().out == "0 damaged\n"
    (blob, _) = sorted(Path(os.environ["SCENEBUILD_STORE"], "objects").rglob("??*/*"))
    blob.write_bytes(b"x" * blob.stat().st_size)
    assert run(["cache", "verify"]) == 3
    assert "its bytes do not have the digest in its name" in capsys.readouterr().out
    assert run(["cache", "verify", "--repair"]) == 0
    assert run(["cache", "verify"]) == 0
    capsys.readouterr()
    assert run(["cache", "gc", "--dry-run"]) == 0
    assert capsys.readouterr().out == "would remove 0 takes, 0 B\n"


def test_init_writes_a_scene_that_builds(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (scene / ".git").mkdir()
    assert run(["init", "scenes/quiet_harbour.yaml"]) == 0
    wrote, project = capsys.readouterr().out.splitlines()
    assert wrote == "wrote scenes/quiet_harbour.yaml; build it with: scenebuild scenes/quiet_harbour.yaml"
    assert project.startswith(f"project {scene.resolve()} (it holds .git); outputs in ")
    text = Path("scenes/quiet_harbour.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=../schema/scene.schema.json\n")
    assert "name: Quiet harbour\n" in text
    assert json.loads(Path("schema/scene.schema.json").read_text())["$schema"].endswith("2020-12/schema")
    assert Path(".gitignore").read_text() == "/build/\n"
    assert run(["scenes/quiet_harbour.yaml", "-q"]) == 0
    assert run(["init", "scenes/quiet_harbour.yaml"]) == 2
    assert "is already there" in capsys.readouterr().err
    assert run(["init", "scene.txt"]) == 2


def test_schema_prints_the_schema_that_is_checked_against(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    assert run(["schema"]) == 0
    assert capsys.readouterr().out == (root / "schema" / "scene.schema.json").read_text()


def test_doctor_says_what_is_there_and_what_to_type(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "ok  scenebuild" in out
    assert "ok  sketch       ready" in out
    assert run(["doctor", "--store", "scenebuild.toml/store", "--json"]) == 1
    (broken,) = [one for one in json.loads(capsys.readouterr().out)["findings"] if one["what"] == "store"]
    assert broken["advice"] == "name another with --store or SCENEBUILD_STORE"


def test_sketch_explains_what_it_understood(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["engines", "sketch", "--explain", "heavy rain on a tin roof, thunder far away, a quasar"]) == 0
    rain, thunder, *rest = capsys.readouterr().out.splitlines()
    assert rain.startswith("rain (roof) · from 'rain', 'heavy', 'tin', 'roof'")
    assert thunder.startswith("thunder · from 'thunder', 'far away'")
    assert any("quasar" in line for line in rest)
    assert run(["engines", "file"]) == 0
    assert capsys.readouterr().out.startswith("file ")
    assert run(["engines", "lyre"]) == 2
    assert run(["engines", "audiogen", "--explain", "rain"]) == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_SCENEBUILD_COMPLETE" in capsys.readouterr().out


def test_a_half_typed_verb_is_completed(scene: Path) -> None:
    done = command(COMP_WORDS="scenebuild va", COMP_CWORD="1", _SCENEBUILD_COMPLETE="bash_complete")
    assert "plain,validate" in done.stdout.splitlines()


def walk(found: click.Command, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], click.Command]]:
    inner = [(path, found)]
    if isinstance(found, click.Group):
        context = click.Context(found)
        for name in found.list_commands(context):
            child = found.get_command(context, name)
            assert child is not None
            inner += walk(child, (*path, name))
    return inner


def test_every_verb_and_every_option_has_help_and_stands_in_the_manual(root: Path) -> None:
    manual = (root / "README.md").read_text(encoding="utf-8") + "".join(
        path.read_text(encoding="utf-8") for path in (root / "docs").glob("*.md")
    )
    assert {path[1] for path, _ in walk(program, ("scenebuild",)) if len(path) == 2} == set(VERBS)
    for path, found in walk(program, ("scenebuild",)):
        assert found.help, path
        assert len(path) == 1 or " ".join(path) in manual, path
        for parameter in found.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (path, parameter.opts)
                assert any(f"`{name}" in manual for name in parameter.opts), (path, parameter.opts)


# Trouble with the machine is no bug of ours, and nothing is said to be done that is not


@pytest.mark.parametrize("arguments", [[PATH], ["plan", PATH], [PATH, "--dry-run"], [PATH, "--keep-going"]], ids=str)
def test_json_is_one_object_also_where_scenes_are_wrong(scene: Path, arguments: list[str]) -> None:
    Path(PATH).write_text(SCENE.replace("prompt: wind", "promt: wind"))
    done = command(*arguments, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    (failed,) = found["scenes"]
    assert (failed["scene"], failed["status"]) == (PATH, "failed")
    assert failed["errors"] == ["scenes/test.yaml:4:10: promt: is not a field of an element. Did you mean prompt?"]


def test_json_says_why_a_lock_was_refused(scene: Path) -> None:
    Path("scenes/test.lock.json").write_text("<<<<<<< HEAD\n")
    done = command(PATH, "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["errors"] == done.stderr.splitlines()
    assert done.stderr.startswith("scenes/test.lock.json:1:1: the lockfile holds a merge conflict; take either side")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_harm_nothing(scene: Path, closed: str) -> None:
    """The next file opened would get the number of stderr, and a line that is printed would land in a sound."""
    program_path = Path(sys.executable).with_name("scenebuild")
    for _ in range(2):
        done = subprocess.run(["sh", "-c", f"exec {program_path} {PATH} {closed}"], capture_output=True, text=True)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert Path("build/test/test.wav").read_bytes()[:4] == b"RIFF"


@pytest.mark.linux("/dev/full is a device of Linux")
def test_a_full_disk_behind_stdout_is_said_in_one_line(scene: Path) -> None:
    for arguments in (["plan", PATH], [PATH, "-q"], [PATH]):  # the last has nothing to do
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "scenebuild", *arguments], stdout=full, stderr=subprocess.PIPE, text=True
            )
        quiet = "-q" in arguments
        assert (done.returncode, done.stderr) == ((0, "") if quiet else (1, "cannot go on: No space left on device\n"))


def test_nobody_who_reads_is_no_success(scene: Path) -> None:
    """The second scene may not be built when the first line has no reader: 0 would be a lie."""
    Path("scenes/zest.yaml").write_text(SCENE)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "scenebuild", "scenes"], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    assert done.returncode == 1
    assert all(line.startswith(("making", "  ")) for line in done.stderr.splitlines()), "and no more is said"


def test_a_folder_without_permission_is_no_bug(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr("os.makedirs", refuse)
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("scenebuild.cli.complain", said.append)
        assert run(["init", "elsewhere/first.yaml"]) == 1
    assert said == ["somewhere: Permission denied"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("pyproject.toml", "tool = 3", "pyproject.toml: tool is not a table; write [tool.scenebuild]"),
        ("pyproject.toml", "[tool]\nscenebuild = 3", "tool.scenebuild is not a table; write [tool.scenebuild]"),
        ("scenebuild.toml", 'engine = "lyre"', "engine = 'lyre' in the configuration: there is no such engine; there "),
        ("scenebuild.toml", "jobs = !", "scenebuild.toml: cannot be read: Invalid value (at line 1, column 8)"),
        (
            "scenebuild.toml",
            "engin = 1",
            "scenebuild.toml: unknown setting 'engin'; write one of: engine, store, jobs",
        ),
    ],
)
def test_a_bad_configuration_is_named(
    scene: Path, capsys: pytest.CaptureFixture[str], file: str, text: str, message: str
) -> None:
    Path(file).write_text(text)
    assert run([PATH]) == 2
    assert message in capsys.readouterr().err


def test_an_element_to_force_need_not_be_in_every_scene(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/other.yaml").write_text("name: Other\nelements: {fire: {prompt: fire, duration: 0.2}}\n")
    run(["scenes", "-q"])
    assert run(["plan", "scenes", "--force-element", "fire"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[0] == " "] == [
        "miss",
        "locked",
        "locked",
    ]
    assert run(["plan", "scenes", "--force-element", "hail"]) == 2
    assert capsys.readouterr().err == "--force-element hail: no scene has such an element; there are fire, rain, wind\n"


def test_a_lockfile_among_the_arguments_is_told_apart(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run([PATH, "-q"])
    assert run(sorted(str(path) for path in Path("scenes").iterdir())) == 1
    assert capsys.readouterr().err == (
        "scenes/test.lock.json:1:1: this is a lockfile; give the scene beside it, or the folder\n"
    )


def test_nothing_to_do_shows_no_control_character_either(scene: Path) -> None:
    path = "scenes/\x1b[31mred.yaml"
    Path(path).write_text(SCENE)
    for _ in range(2):
        done = command(path)
        assert "\x1b" not in done.stdout + done.stderr
    assert done.stdout.startswith("up-to-date  scenes/\\x1b[31mred.yaml -> build/\\x1b[31mred/")


def test_doctor_answers_about_a_store_that_is_not_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A relative path ends in "" on the way up, and not in /."""
    assert run(["doctor", "--store", "nowhere"]) in (0, 1)
    assert "nowhere" in capsys.readouterr().out


def test_init_names_the_store_that_a_build_will_take(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCENEBUILD_STORE", str(project / "elsewhere"))
    assert run(["init", "scenes/first.yaml"]) == 0
    assert f"takes in {project / 'elsewhere'}" in "".join(capsys.readouterr())
