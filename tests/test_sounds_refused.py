"""Takes made from sounds: what READMEs and reviews say of them, what is refused, and their licences."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from revisions import commit, diff, needs_git, start_repository
from scenebuild.audio.copyright import copyright_of
from scenebuild.errors import PolicyError, SceneError
from scenebuild.plan.absent_recordings import scene_without
from scenebuild.plan.lock_checks import findings_about_locks
from scenebuild.plan.lockfile import read_lock
from scenebuild.plan.mix_licence import strictest
from scenebuild.plan.steps import Step
from scenebuild.scene.read import read_composed
from scenebuild.store import LocalStore
from scenebuild.store.digest import digest_file
from sound_scenes import (
    ELEMENTS,
    PATH,
    Heard,
    calls,
    changed,
    lock,
    mistakes,
    ring,
    run,
    samples_of,
    scenes,
    steps,
    write,
)

__all__ = ["calls", "scenes"]


# What people read


def test_the_readme_says_what_a_take_is_made_from(scenes: Path) -> None:
    run()
    readme = Path("build/test/README.md").read_text(encoding="utf-8")
    assert "- Goes on from: scenes/sounds/door.wav\n" in readme
    assert "- Made again: 0.25 s to 0.75 s of the take\n" in readme
    assert "- Licence: CC0-1.0, and the recordings' own terms\n" in readme


@needs_git
def test_a_diff_names_the_recordings_and_the_stretch(scenes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_repository()
    run()
    commit("one")
    ring("scenes/sounds/door2.wav", pitch=500)
    write(**{**changed("door", continues="sounds/door2.wav"), "rain": ELEMENTS["rain"] | {"redo": {"to": 0.5}}})
    run()
    commit("two")
    told = diff(capsys, "HEAD~1", "HEAD")
    assert "elements.door.continues: 'sounds/door.wav' → 'sounds/door2.wav'" in told
    assert "elements.rain.redo.to: 0.75 → 0.5" in told
    assert "door  the recording sounds/door2.wav changed;" in told
    assert "rain  redo changed;" in told
    ring("scenes/sounds/door2.wav", pitch=700)
    run()
    commit("three")
    told = diff(capsys, "HEAD~1", "HEAD")
    assert "door  the recording sounds/door2.wav changed;" in told
    assert "rain" not in told
    ring("scenes/sounds/door2.wav", pitch=900)
    commit("four, and nobody built it")
    assert "door  the recording sounds/door2.wav changed;" in diff(capsys, "HEAD~1", "HEAD")


@needs_git
def test_a_recording_that_git_lfs_keeps_elsewhere_is_no_hole_in_a_lock(scenes: Path) -> None:
    run()
    digest = digest_file("scenes/sounds/door.wav")
    assert findings_about_locks(PATH) == []
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 16044\n"
    Path("scenes/sounds/door.wav").write_text(pointer, encoding="utf-8")
    assert findings_about_locks(PATH) == []
    Path("scenes/sounds/door.wav").write_text(pointer.replace(digest, "0" * 64), encoding="utf-8")
    (found,) = findings_about_locks(PATH)
    assert found.message.startswith("door: the recording sounds/door.wav changed, and scenes/test.lock.json")


# What is refused


def test_a_misspelt_field_of_redo_is_one_mistake(scenes: Path) -> None:
    for written, told in (("form", "Did you mean from?"), ("end", "there are from, to, take")):
        write(**changed("rain", redo={written: 0.5}))
        (mistake,) = mistakes()
        assert told in mistake


def test_a_recording_over_full_scale_is_told_by_a_sketch(scenes: Path) -> None:
    soundfile.write("scenes/sounds/door.wav", 4 * soundfile.read(ring("scenes/sounds/door.wav"))[0] * 5, 16000, "FLOAT")
    heard = Heard()
    run(listener=heard)
    assert samples_of("door").max() <= 1
    report = json.loads(Path("build/test/manifest.json").read_text())
    assert "door.wav peaks 12.0 dB over full scale; it is played that much lower" in json.dumps([report, heard.lines])


def test_three_usual_mistakes_get_their_answers(scenes: Path) -> None:
    ring("scenes/sounds/long.wav", 2)
    write("sketch", door=ELEMENTS["door"] | {"continues": "sounds/long.wav"})
    told = "continues: 'long.wav' lasts 2 s, and door 1 s: nothing is left to make; write a longer duration, or a "
    assert mistakes() == [f"{PATH}:1:129: {told}shorter recording to go on from"]
    write("audiogen", theme={"prompt": "strings", "melody": "sounds/door.wav"})
    told = "melody: Tone (tone-small) does not take it; these do: audiogen with tone-melody, musicgen with tone-melody"
    assert mistakes() == [f"{PATH}:1:108: {told}"]
    write("sketch", rain=ELEMENTS["rain"] | {"redo": {"from": 0.5, "to": 8}})
    assert mistakes() == [f"{PATH}:1:142: to: 8 s is not within rain, which lasts 1 s; write at most 1"]


@pytest.mark.parametrize("by", [{"engine": "audiogen"}, {"model": "tone-small"}])
def test_a_build_refuses_what_the_engine_does_not_take(scenes: Path, by: dict[str, str]) -> None:
    write("auto", theme={"prompt": "strings", "melody": "sounds/door.wav", **by})
    with pytest.raises(SceneError, match=r"melody: Tone \(tone-small\) does not take it; these do: audiogen with"):
        run()


def test_the_flag_asks_for_an_engine_that_does_not_take_it(scenes: Path) -> None:
    with pytest.raises(
        SceneError, match=r"continues: Tone \(tone-small\) does not take it; these do: sketch, audiogen"
    ):
        run(engine="musicgen")


def test_a_recording_that_is_too_long_is_refused_before_anything_is_made(scenes: Path, calls: list[str]) -> None:
    ring("scenes/sounds/door.wav", 1)
    with pytest.raises(SceneError, match=r"'door.wav' lasts 1 s, and door 1 s: nothing is left to make"):
        run()
    assert calls == []


def test_a_recording_with_a_lower_sample_rate_than_the_take_is_told(scenes: Path) -> None:
    ring("scenes/sounds/door.wav", rate=8000)
    write("audiogen", door=ELEMENTS["door"])
    told = "continues: 'door.wav' has 8000 Hz, and the take 16000 Hz: it sounds duller up to the end of the recording; "
    assert mistakes() == [f"{PATH}:1:131: {told}record it at 16000 Hz or more"]
    write("sketch", door=ELEMENTS["door"])
    assert mistakes() == []
    ring("scenes/sounds/door.wav")
    write("audiogen", door=ELEMENTS["door"])
    assert mistakes() == []


def swap_for(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def swapped(path: Path) -> None:
        path.unlink()
        make(path)

    return swapped


@pytest.mark.parametrize("field", ["continues", "melody"])
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (swap_for(lambda path: None), "is not there"),
        (swap_for(lambda path: path.symlink_to("/etc/hostname")), "leads out of the project through a link"),
        (swap_for(lambda path: os.mkfifo(path)), "is a named pipe"),
        (swap_for(lambda path: path.mkdir()), "is a folder"),
        (lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"), "is a Git LFS pointer"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"not a sound at all"), "is not audio"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "is damaged"),
        (lambda path: soundfile.write(path, np.zeros(0), 16000), "holds no sound: its length is 0; export it again"),
        (
            lambda path: soundfile.write(path, np.zeros((5000, 8)), 16000),
            "mix it down first: ffmpeg -i scenes/sounds/door.wav -ac 2 scenes/sounds/door-converted.flac",
        ),
    ],
    ids=["missing", "link", "pipe", "folder", "pointer", "empty", "text", "half", "no samples", "microphones"],
)
def test_a_recording_that_is_none_is_refused(
    scenes: Path, field: str, damage: Callable[[Path], None], told: str
) -> None:
    write("sketch", door={"prompt": "a door", "duration": 1, field: "sounds/door.wav"})
    damage(Path("scenes/sounds/door.wav"))
    (found,) = mistakes()
    assert f"{field}: " in found
    assert told in found


def test_a_recording_that_is_exchanged_while_it_is_built_fails_alone(
    scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import scenebuild.generate.gather as gather
    from scenebuild.generate.orders import order_of

    def meanwhile(step: Step, maker: Any) -> Any:
        if step.name == "door":
            ring("scenes/sounds/door.wav", pitch=700)
        return order_of(step, maker)

    write("audiogen", **ELEMENTS)
    monkeypatch.setattr(gather, "order_of", meanwhile)
    (scene,) = run(keep_going=True).scenes
    told = "door: door.wav changed while it was built: it is not the file that was planned; build again"
    assert [str(error).partition(": ")[2] for error in scene.errors] == [told]
    assert LocalStore(os.environ["SCENEBUILD_STORE"]).get(steps()["door"].key) is None


def test_a_link_within_the_project_is_followed(scenes: Path) -> None:
    Path("takes").mkdir()
    shutil.move("scenes/sounds/door.wav", "takes/door.wav")
    Path("scenes/sounds/door.wav").symlink_to("../../takes/door.wav")
    assert run().scenes[0].status == "built"


def test_a_recording_that_is_not_here_is_known_by_the_lock(scenes: Path) -> None:
    """As on a reviewer's machine, where a checkout lacks the sounds."""
    run()
    digest = digest_file("scenes/sounds/door.wav")
    os.unlink("scenes/sounds/door.wav")
    scene, absent = scene_without(read_composed(PATH), PATH, read_lock("scenes/test.lock.json"))
    assert absent.contents == {os.path.abspath("scenes/sounds/door.wav"): digest}
    assert scene.elements[0].sound_prompts.continues == os.path.abspath("scenes/sounds/door.wav")
    with pytest.raises(SceneError, match="is not there"):
        scene_without(read_composed(PATH), PATH, None)


# Licences


def test_a_take_that_is_made_from_a_recording_has_its_terms_as_well(scenes: Path) -> None:
    run()
    assert lock()["door"]["licence"] == "CC0-1.0, and the recordings' own terms"
    assert lock()["rain"]["licence"] == "CC0-1.0"
    text = Path("scenes/test.lock.json").read_text(encoding="utf-8")
    assert json.loads(text)["mix"]["licence"] == "CC0-1.0, and the recordings' own terms"
    own = "CC0-1.0, and the recordings' own terms"
    assert strictest([own, "CC-BY-NC-4.0"]) == strictest(["as recorded", "CC-BY-NC-4.0"])
    assert strictest([strictest([own]), own]) == own
    run(engine="audiogen")
    assert copyright_of("build/test/elements/door.wav") == "CC-BY-NC-4.0, and the recordings' own terms"
    assert copyright_of("build/test/elements/rain.wav") == "CC-BY-NC-4.0"


def test_a_recording_does_not_make_a_take_unsaleable_and_its_own_word_is_told(scenes: Path) -> None:
    Path("scenebuild.toml").write_text("commercial = true\n")
    with soundfile.SoundFile("scenes/sounds/door.wav", "w", 16000, 1) as file:
        file.copyright = "CC-BY-NC-4.0"
        file.write(0.1 * np.sin(np.arange(8000) / 10))
    (scene,) = run().scenes
    assert any("door: the recording's copyright text is: CC-BY-NC-4.0" in warning for warning in scene.warnings)
    write("audiogen", **ELEMENTS)
    with pytest.raises(PolicyError, match="whose licence CC-BY-NC-4.0 forbids it"):
        run()
