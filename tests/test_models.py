"""The list of models, where their weights are read from, and that changed weights are refused."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import checkpoint, content_of, put_in_cache, reference
from scenebuild.cli import run
from scenebuild.config import REGISTERED_EXAMPLE, read_config
from scenebuild.engines.audiocraft.hub import weights
from scenebuild.engines.audiocraft.hub.fetch import fetch
from scenebuild.engines.audiocraft.hub.manifest import record_path
from scenebuild.engines.audiocraft.hub.models import ENCODEC_32KHZ, MODELS, Model, model, models
from scenebuild.engines.audiocraft.hub.weights import (
    LocatedWeights,
    MissingWeights,
    cache_folder,
    check,
    located,
    verified,
)
from scenebuild.errors import DigestError, EngineError, UsageError
from scenebuild.scene.schema import listed_models
from test_models_pickles import Canary

AUDIOGEN = model("facebook/audiogen-medium")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache of the test's own, empty, and a data folder for the records."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "hf" / "hub"


@pytest.fixture
def here(cache: Path) -> Path:
    """AudioGen's files are in the cache. The folder of its weights."""
    put_in_cache(cache, content_of(AUDIOGEN))
    return cache / "models--facebook--audiogen-medium" / "snapshots" / AUDIOGEN.revision


@pytest.fixture
def configure() -> Callable[[str], Path]:
    """Write the user's own configuration."""

    def write(text: str) -> Path:
        file = Path(os.environ["XDG_CONFIG_HOME"], "scenebuild", "config.toml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return write


def registered(configure: Callable[[str], Path], folder: Path) -> Path:
    return configure(f'[models."my-rain"]\npath = "{folder}"\nbase = "facebook/audiogen-medium"\nlicence = "CC0-1.0"\n')


# The list


def test_every_model_is_pinned_and_the_schema_knows_exactly_these() -> None:
    for one in MODELS:
        assert re.fullmatch(r"[0-9a-f]{40}", one.revision)
        assert re.fullmatch(r"[0-9a-f]{40}", one.text_encoder.revision)
        assert one.id.startswith(f"facebook/{one.engine}-")
        assert one.channels == (2 if "stereo" in one.id else 1)
        assert (one.sample_rate, one.longest_take_s) == ((16000, 10.0) if one.engine == "audiogen" else (32000, 30.0))
    assert [one.id for one in MODELS] == listed_models()
    assert len({one.revision for one in MODELS}) == len(MODELS)


def test_a_model_is_found_by_its_name_and_by_the_end_of_it() -> None:
    assert model("audiogen-medium") is model("facebook/audiogen-medium")
    with pytest.raises(
        EngineError, match=r"^there is no model '\.\./x' here. There are: facebook/audiogen-medium, facebook/mus"
    ):
        model("../x")


def test_the_json_list_gives_every_fact(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list", "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["version"] == 1
    assert plain["models"][0] == {
        "id": "facebook/audiogen-medium",
        "engine": "audiogen",
        "repository": "facebook/audiogen-medium",
        "revision": AUDIOGEN.revision,
        "files": ["state_dict.bin", "compression_state_dict.bin"],
        "licence": "CC-BY-NC-4.0",
        "sample_rate": 16000,
        "channels": 1,
        "longest_take_s": 10.0,
        "folder": None,
        "codec": None,
        "melody": False,
        "text_encoder": {
            "repository": "t5-large",
            "revision": AUDIOGEN.text_encoder.revision,
            "files": ["config.json", "spiece.model", "model.safetensors"],
        },
        "here": False,
        "verdicts": {},
    }
    assert [one["id"].partition("-")[2] for one in plain["models"] if one["melody"]] == [
        "melody", "melody-large", "stereo-melody", "stereo-melody-large"
    ]  # fmt: skip
    stereo = [one["codec"] for one in plain["models"] if one["channels"] == 2]
    assert len(stereo) == 5
    assert all(
        one
        == {
            "repository": "facebook/encodec_32khz",
            "revision": ENCODEC_32KHZ.revision,
            "files": ["config.json", "model.safetensors"],
        }
        for one in stereo
    )


def test_the_list_for_people(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert run(["models", "list"]) == 0
    first, second, *rest = capsys.readouterr().out.splitlines()
    assert first == "facebook/audiogen-medium              audiogen  16 kHz mono    CC-BY-NC-4.0  1277dd7dfd8f  here"
    assert second.endswith("  not here")
    assert len(rest) == len(MODELS) - 2


# Where weights are, and what to type where they are not


def test_nothing_here(capsys: pytest.CaptureFixture[str], cache: Path) -> None:
    assert run(["models", "path", "audiogen-medium"]) == 1
    assert capsys.readouterr().err == (
        f"facebook/audiogen-medium is not here: nothing of it in {cache}; "
        "type: scenebuild models fetch facebook/audiogen-medium\n"
    )
    with pytest.raises(EngineError, match="type: scenebuild models fetch facebook/audiogen-medium$"):
        verified(AUDIOGEN)
    assert run(["models", "verify"]) == 0
    assert capsys.readouterr().err.startswith("no weights are here; ")


def test_one_file_is_missing(here: Path, cache: Path) -> None:
    (here / "state_dict.bin").unlink()
    found = located(AUDIOGEN)
    assert isinstance(found, MissingWeights)
    assert found.files == ("facebook/audiogen-medium/state_dict.bin",)
    assert found.reason == (
        f"facebook/audiogen-medium is not all here: no facebook/audiogen-medium/state_dict.bin in {cache}"
    )


def test_a_link_to_nowhere_and_a_folder_are_not_files(here: Path) -> None:
    (here / "state_dict.bin").resolve().unlink()
    assert isinstance(located(AUDIOGEN), MissingWeights)
    (here / "state_dict.bin").unlink()
    (here / "state_dict.bin").mkdir()
    assert isinstance(located(AUDIOGEN), MissingWeights)


def test_another_commit_is_not_the_model(cache: Path) -> None:
    content = content_of(AUDIOGEN)
    content["facebook/audiogen-medium", "0" * 40] = content.pop((AUDIOGEN.repository, AUDIOGEN.revision))
    put_in_cache(cache, content)
    (cache / "models--facebook--audiogen-medium" / "refs").mkdir()
    (cache / "models--facebook--audiogen-medium" / "refs" / "main").write_text("0" * 40)
    assert isinstance(located(AUDIOGEN), MissingWeights)


@pytest.mark.parametrize(
    "environment",
    [{}, {"HF_HOME": "/a/b"}, {"HF_HOME": "~/x"}, {"HF_HUB_CACHE": "/c"}, {"XDG_CACHE_HOME": "/e"},
     {"HUGGINGFACE_HUB_CACHE": "/d", "HF_HOME": "/a"}, {"HF_HUB_CACHE": "$HOME/f", "HF_HOME": "/a"}],
)  # fmt: skip
def test_the_cache_is_where_huggingface_hub_has_it(environment: dict[str, str]) -> None:
    pytest.importorskip("huggingface_hub", reason="part of the AudioGen set")
    whole = {"HOME": "/home/somebody", "PATH": os.environ["PATH"], **environment}
    asked = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
    theirs = subprocess.run([sys.executable, "-c", asked], env=whole, text=True, capture_output=True, check=True)
    ours = "from scenebuild.engines.audiocraft.hub.weights import cache_folder; print(cache_folder())"
    found = subprocess.run([sys.executable, "-c", ours], env=whole, text=True, capture_output=True, check=True)
    assert found.stdout == theirs.stdout


def test_nothing_heavy_is_imported_to_list_locate_and_verify() -> None:
    code = (
        "import sys; from scenebuild.cli import run; run(['models', 'list']); run(['models', 'verify'])\n"
        "print(sorted({'torch', 'audiocraft', 'transformers', 'huggingface_hub', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_fetch_without_huggingface_hub_says_what_to_type(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert run(["models", "fetch", "audiogen-medium"]) == 1
    assert capsys.readouterr().err == (
        "fetching weights needs huggingface_hub, which comes with the AudioGen set; type: make audiogen\n"
    )


# What the bytes were


def test_first_sight_is_recorded_and_a_change_is_refused(here: Path) -> None:
    assert verified(AUDIOGEN) == LocatedWeights(str(here), located(AUDIOGEN).text_encoder_folder)  # type: ignore[union-attr]
    record = Path(record_path(AUDIOGEN.repository, AUDIOGEN.revision))
    assert str(record).startswith(os.environ["XDG_DATA_HOME"])
    before = record.read_bytes()
    assert set(json.loads(before)["files"]) == set(AUDIOGEN.files)
    (here / "state_dict.bin").resolve().write_bytes(checkpoint("another"))
    with pytest.raises(DigestError) as caught:
        verified(AUDIOGEN)
    assert caught.value.exit_code == 3
    assert str(caught.value).count("\n") == 0
    assert record.read_bytes() == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_bit_any_lost_or_added_byte_is_found(cache: Path, data: st.DataObject) -> None:
    content = content_of(AUDIOGEN)
    if not cache.exists():
        put_in_cache(cache, content)
        verified(AUDIOGEN)
    source = data.draw(st.sampled_from(weights.sources(AUDIOGEN)))
    name = data.draw(st.sampled_from(source.files))
    file = Path(source.path(name)).resolve()
    whole = file.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.sampled_from([1 << number for number in range(8)]))
    flipped = whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :]
    stamps = file.stat()
    try:
        file.write_bytes(data.draw(st.sampled_from([flipped, whole[:position], whole + bytes([bit])])))
        os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
        assert [damage.name for damage in check(AUDIOGEN)] == [name]
    finally:
        file.write_bytes(whole)
    assert check(AUDIOGEN) == ()


def test_what_is_recorded_stays_recorded_when_more_files_are_seen(here: Path) -> None:
    verified(AUDIOGEN)
    record = Path(record_path(AUDIOGEN.repository, AUDIOGEN.revision))
    whole = json.loads(record.read_text())
    older = {
        **whole,
        "files": {"state_dict.bin": whole["files"]["state_dict.bin"], "older.bin": {"sha256": "a" * 64, "size": 1}},
    }
    record.write_text(json.dumps(older))
    verified(AUDIOGEN)
    assert json.loads(record.read_text())["files"] == {**whole["files"], **older["files"]}


def test_a_file_damaged_before_it_was_ever_seen_is_known_by_the_hubs_name(here: Path) -> None:
    for name in ("state_dict.bin", "compression_state_dict.bin"):
        blob = (here / name).resolve()
        blob.write_bytes(checkpoint("damaged on the way"))
    encoder = Path(located(AUDIOGEN).text_encoder_folder)  # type: ignore[union-attr]
    (encoder / "config.json").resolve().write_text("{}")
    damages = check(AUDIOGEN)
    assert [damage.name for damage in damages] == ["state_dict.bin", "compression_state_dict.bin", "config.json"]
    assert all(", the hub names it " in damage.what for damage in damages)
    assert not os.path.exists(record_path(AUDIOGEN.repository, AUDIOGEN.revision))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": 2, "files": {}}', '{"version": 1, "files": {}}',
                                     '{"version": 1, "files": {"a": {"sha256": "x", "size": 1}}}'])  # fmt: skip
def test_a_damaged_record_is_not_made_again_by_itself(here: Path, content: str) -> None:
    verified(AUDIOGEN)
    record = Path(record_path(AUDIOGEN.repository, AUDIOGEN.revision))
    record.write_text(content)
    with pytest.raises(DigestError, match="cannot be read, so nothing is loaded; remove it to record them anew$"):
        verified(AUDIOGEN)
    assert record.read_text() == content


def test_no_place_for_the_record_means_no_loading(here: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")
    with pytest.raises(
        EngineError, match="so nothing is loaded; make the folder writable or name another with XDG_DATA_HOME$"
    ):
        verified(AUDIOGEN)


def test_damage_is_named_file_by_file_with_exit_code_3(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "verify", "audiogen-medium"]) == 0
    assert capsys.readouterr().out == "facebook/audiogen-medium is unchanged\n"
    for name in AUDIOGEN.files:
        (here / name).resolve().write_bytes(b"PK\x03\x04")
    assert run(["models", "verify", "--json"]) == 3
    one = json.loads(capsys.readouterr().out)["models"][0]
    assert one["fine"] is False
    assert "state_dict.bin of facebook/audiogen-medium has the digest" in one["error"]
    assert "compression_state_dict.bin of facebook/audiogen-medium has the digest" in one["error"]


# Nothing with code in it, and nothing from elsewhere


def test_a_canary_in_the_hub_cache_is_refused(cache: Path, tmp_path: Path) -> None:
    """Rightly named by the hub and seen for the first time: refused for what it is."""
    content = content_of(AUDIOGEN)
    canary = pickle.dumps(Canary(tmp_path / "song"), protocol=2)
    content[AUDIOGEN.repository, AUDIOGEN.revision]["state_dict.bin"] = canary
    put_in_cache(cache, content)
    with pytest.raises(
        DigestError, match=r"state_dict.bin of facebook/audiogen-medium holds code \(it calls posix.mkdir\)"
    ):
        verified(AUDIOGEN)
    assert not os.path.exists(record_path(AUDIOGEN.repository, AUDIOGEN.revision))
    assert not (tmp_path / "song").exists()


def test_a_canary_in_place_of_a_recorded_file_is_refused(here: Path, tmp_path: Path) -> None:
    verified(AUDIOGEN)
    (here / "state_dict.bin").unlink()
    (here / "state_dict.bin").write_bytes(pickle.dumps(Canary(tmp_path / "song")))
    with pytest.raises(DigestError, match="has the digest"):
        verified(AUDIOGEN)
    assert not (tmp_path / "song").exists()


@pytest.mark.parametrize("name", ["facebook/audiogen-medium", "audiogen-medium", "t5-large", "state_dict.bin"])
def test_a_model_in_the_working_folder_is_never_used(project: Path, tmp_path: Path, name: str) -> None:
    canary = pickle.dumps(Canary(tmp_path / "song"))
    if name.endswith(".bin"):
        (project / name).write_bytes(canary)
    else:
        (project / name).mkdir(parents=True)
        for file in (*AUDIOGEN.files, *AUDIOGEN.text_encoder.files):
            (project / name / file).write_bytes(canary)
    assert isinstance(located(AUDIOGEN), MissingWeights)
    assert run(["models", "path", "audiogen-medium"]) == 1
    assert run(["models", "verify", "audiogen-medium"]) == 1
    assert not (tmp_path / "song").exists()


def test_nor_is_it_beside_the_real_one(project: Path, here: Path) -> None:
    (project / "facebook" / "audiogen-medium").mkdir(parents=True)
    (project / "facebook" / "audiogen-medium" / "state_dict.bin").write_bytes(b"")
    assert verified(AUDIOGEN).folder == str(here)
    assert os.path.isabs(verified(AUDIOGEN).text_encoder_folder)


def test_a_link_out_of_the_cache_is_refused(project: Path, here: Path) -> None:
    (project / "mine.bin").write_bytes((here / "state_dict.bin").read_bytes())
    (here / "state_dict.bin").unlink()
    (here / "state_dict.bin").symlink_to(project / "mine.bin")
    with pytest.raises(DigestError, match="leads out of the hub's cache, to .*/mine.bin"):
        verified(AUDIOGEN)


def test_a_relative_cache_of_the_user_becomes_absolute(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", "cache")
    assert cache_folder() == str(project / "cache" / "hub")


# Checkpoints of the user's own


@pytest.fixture
def own(tmp_path: Path, cache: Path) -> Path:
    """A folder with a fine-tuned checkpoint; only the text encoder of its base is in the cache."""
    content = content_of(AUDIOGEN)
    put_in_cache(
        cache,
        {(one.repository, one.revision): content[one.repository, one.revision] for one in [AUDIOGEN.text_encoder]},
    )
    folder = tmp_path / "my rain"
    folder.mkdir()
    for name in AUDIOGEN.files:
        (folder / name).write_bytes(checkpoint(f"mine {name}"))
    return folder


def test_a_registered_checkpoint_from_registration_to_another_training(
    configure: Callable[[str], Path], own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(configure, own)
    mine = model("my-rain")
    assert (mine.engine, mine.sample_rate, mine.licence, mine.revision) == ("audiogen", 16000, "CC-BY-NC-4.0", "")
    assert run(["models", "path", "my-rain"]) == 1
    assert capsys.readouterr().err == (
        "my-rain is registered, but its bytes were never recorded; type: scenebuild models fetch my-rain\n"
    )
    assert run(["models", "fetch", "my-rain"]) == 0
    first = model("my-rain")
    assert capsys.readouterr().out == f"my-rain is here, at {first.revision}; non-commercial use only\n"
    assert re.fullmatch(r"[0-9a-f]{40}", first.revision)
    assert verified(first).folder == str(own)
    (own / "state_dict.bin").write_bytes(checkpoint("trained for another night"))
    assert run(["models", "verify", "my-rain"]) == 3
    assert capsys.readouterr().err.endswith(
        "; if you changed it yourself, 'scenebuild models fetch my-rain' records it anew\n"
    )
    assert run(["models", "fetch", "my-rain"]) == 0
    second = model("my-rain")
    assert second.revision != first.revision
    (own / "state_dict.bin").write_bytes(checkpoint("mine state_dict.bin"))
    assert fetch(second, print, bars=False).revision == first.revision  # the same bytes are the same model


def test_a_registered_canary_is_refused(configure: Callable[[str], Path], own: Path, tmp_path: Path) -> None:
    registered(configure, own)
    (own / "state_dict.bin").write_bytes(pickle.dumps(Canary(tmp_path / "song"), protocol=2))
    assert run(["models", "fetch", "my-rain"]) == 3
    assert model("my-rain").revision == ""
    assert not (tmp_path / "song").exists()


def test_a_registered_checkpoint_of_another_kind_is_refused_before_anything_is_fetched(
    configure: Callable[[str], Path], own: Path, capsys: pytest.CaptureFixture[str], cache: Path
) -> None:
    """Its configuration is read off the pickle; the text encoder, gigabytes, is not here and not asked for."""
    pytest.importorskip("omegaconf", reason="part of the AudioGen set")
    shutil.rmtree(cache)
    registered(configure, own)
    style = {"description": {"model": "t5"}, "self_wav": {"model": "style"}}
    (own / "state_dict.bin").write_bytes(checkpoint("style", conditioners=style))
    assert run(["models", "fetch", "my-rain"]) == 1
    assert capsys.readouterr().err == (
        f"{own}/state_dict.bin is another kind of model than scenebuild decodes (conditioners.self_wav.model: style; "
        "fuser: cross ['description']); it decodes AudioGen, and MusicGen that takes text, or text and a melody\n"
    )
    assert model("my-rain").revision == ""


def test_a_registered_checkpoint_may_share_the_codec_of_musicgen(
    configure: Callable[[str], Path], own: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Most that were fine-tuned name it; which of the two kinds a file is, is in the file."""
    registered(configure, own)
    assert model("my-rain").codec is None
    (own / "compression_state_dict.bin").write_bytes(reference("facebook/encodec_32khz"))
    assert model("my-rain").codec == ENCODEC_32KHZ
    assert run(["models", "path", "my-rain"]) == 1
    assert "no facebook/encodec_32khz/config.json, facebook/encodec_32khz/model.saf" in capsys.readouterr().err
    shared = {name: b"{}" for name in ENCODEC_32KHZ.files}
    put_in_cache(cache, {(ENCODEC_32KHZ.repository, ENCODEC_32KHZ.revision): shared})
    assert run(["models", "fetch", "my-rain"]) == 0
    found = verified(model("my-rain"))
    assert found.codec_folder == str(cache / "models--facebook--encodec_32khz" / "snapshots" / ENCODEC_32KHZ.revision)
    (own / "compression_state_dict.bin").write_bytes(reference("/somewhere/else"))
    assert run(["models", "fetch", "my-rain"]) == 3
    assert "names the codec '/somewhere/else', expected is facebook/encodec_32khz" in capsys.readouterr().err


def test_a_codec_that_should_be_weights_and_is_a_name_is_refused(here: Path) -> None:
    blob = here / "compression_state_dict.bin"
    blob.unlink()
    blob.write_bytes(reference("facebook/encodec_32khz"))
    with pytest.raises(DigestError, match="names the codec 'facebook/encodec_32khz', expected are weights; "):
        verified(AUDIOGEN)


def test_a_registered_folder_without_its_files(
    configure: Callable[[str], Path], own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(configure, own)
    (own / "state_dict.bin").unlink()
    assert run(["models", "fetch", "my-rain"]) == 1
    assert capsys.readouterr().err == f"my-rain is registered, but {own}/state_dict.bin cannot be found\n"


TABLE = '[models."my-rain"]\npath = "/x"\nbase = "facebook/audiogen-medium"\nlicence = "CC0-1.0"\n'


@pytest.mark.parametrize(
    ("file", "text"),
    [("scenebuild.toml", TABLE), ("pyproject.toml", TABLE.replace("[models.", "[tool.scenebuild.models."))],
)  # fmt: skip
def test_a_project_can_not_register_anything(project: Path, file: str, text: str) -> None:
    (project / "scenebuild.toml").unlink()
    (project / file).write_text(text)
    with pytest.raises(
        UsageError, match=f"^{project}/{file}: models: a project cannot register checkpoints; register your own "
    ):
        read_config(str(project))
    assert len(models()) == len(MODELS)


def test_the_users_own_file_may_and_still_configures(configure: Callable[[str], Path], project: Path) -> None:
    configure(f'engine = "sketch"\n{TABLE}')
    assert read_config(str(project)).engine == "sketch"
    assert model("my-rain").folder == "/x"


def test_the_example_of_the_messages_can_be_copied(configure: Callable[[str], Path]) -> None:
    configure(REGISTERED_EXAMPLE)
    assert model("my-rain").folder == "/path/to/a/folder"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TABLE.replace('"/x"', '"x"'), "path = 'x' is not absolute; write the full path of the folder"),
        (TABLE.replace('"/x"', '"~/x"'), "path = '~/x' is not absolute; write the full path of the folder"),
        (TABLE.replace("my-rain", "../rain"), "a name is at most 64 small letters, digits, - and _"),
        (
            TABLE.replace("my-rain", "facebook/audiogen-medium"),
            "a name is at most 64 small letters, digits, - and _",
        ),
        (TABLE.replace("licence", "license"), "write path, base and licence, and nothing else; for example: "),
        (
            TABLE.replace("CC0-1.0", r"CC0\n1.0"),
            "licence is one line of at most 100 characters, such as CC-BY-NC-4.0",
        ),
        (TABLE.replace('"/x"', "3"), "write path, base and licence, and nothing else; for example: "),
        ("models = 3", "models is not a table of checkpoints; write for example: "),
        (TABLE.replace("gen-m", "-m"), "base = 'facebook/audio-medium' is not a model; there are: facebook/audiogen-m"),
    ],
)
def test_a_registration_that_can_not_be(configure: Callable[[str], Path], text: str, words: str) -> None:
    configure(text)
    with pytest.raises(UsageError) as caught:
        models()
    assert words in str(caught.value)


def test_a_name_that_registers_nothing_shadows_nothing(configure: Callable[[str], Path]) -> None:
    """``audiogen-medium`` is short for the model of the list, whatever a user registers."""
    configure(TABLE.replace("my-rain", "audiogen-medium"))
    found: Model = model("audiogen-medium")
    assert found is MODELS[0]
