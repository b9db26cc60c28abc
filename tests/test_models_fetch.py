"""``scenebuild models fetch`` against a hub on loopback where things go wrong: each heals or ends in one clear line.

The command runs as a user runs it, in a process of its own: huggingface_hub reads its environment when it is imported.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub import Fault, Hub, checkpoint, content_of, reference
from scenebuild.engines.audiocraft.hub.models import model
from scenebuild.number_text import data_size

pytest.importorskip("huggingface_hub", reason="fetching weights needs huggingface_hub (part of the AudioGen set)")

MODEL = model("facebook/audiogen-medium")
ENCODER = MODEL.text_encoder
WEIGHTS = "state_dict.bin"
CHUNK = 10 << 20  # what huggingface_hub holds in memory before it writes: a break costs at most that
COMMAND = [str(Path(sys.executable).parent / "scenebuild")]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub(content_of(MODEL)) as running:
        yield running


@pytest.fixture
def large(hub: Hub) -> Hub:
    """Weights of which one half is more than the chunk that is lost at a break."""
    hub.content[MODEL.repository, MODEL.revision][WEIGHTS] = checkpoint("large", size=5 * CHUNK // 2)
    return hub


class User:
    """Somebody with a cache and a data folder who types commands in an empty project."""

    def __init__(self, project: Path, tmp_path: Path) -> None:
        self.project = project
        self.cache = tmp_path / "hf" / "hub"
        self.data = tmp_path / "data"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.lower().endswith(("_proxy", "_offline"))},
            "HF_HOME": str(tmp_path / "hf"), "XDG_DATA_HOME": str(self.data), "HF_ENDPOINT": "http://127.0.0.1:9",
            "HF_HUB_DOWNLOAD_TIMEOUT": "1", "HF_HUB_ETAG_TIMEOUT": "2", "HF_TOKEN": "hf_secret",
        }  # fmt: skip

    def start(
        self, *words: str, hub: Hub | None = None, first: Callable[[], None] | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        where = {"HF_ENDPOINT": hub.url} if hub else {}
        return subprocess.Popen(
            [*COMMAND, "models", *words],
            cwd=self.project,
            env={**self.environment, **where, **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=first,
        )

    def types(
        self, *words: str, hub: Hub | None = None, first: Callable[[], None] | None = None, **environment: str
    ) -> tuple[int, str, str]:
        with self.start(*words, hub=hub, first=first, **environment) as process:
            out, err = process.communicate(timeout=60)
            return process.returncode, out, err

    def file(self, name: str = WEIGHTS) -> Path:
        of = (ENCODER.repository, ENCODER.revision) if name in ENCODER.files else (MODEL.repository, MODEL.revision)
        return self.cache / f"models--{of[0].replace('/', '--')}" / "snapshots" / of[1] / name

    def holds(self, hub: Hub) -> bool:
        return all(
            self.file(name).read_bytes() == body for files in hub.content.values() for name, body in files.items()
        )

    def records(self) -> list[str]:
        return sorted(path.name for path in self.data.rglob("*.json"))


@pytest.fixture
def user(project: Path, tmp_path: Path) -> User:
    return User(project, tmp_path)


def last_line(err: str) -> str:
    """The one line of the failure; before it only lines that say what is to be fetched, and which file was begun."""
    *begun, line = err.splitlines()
    assert all(one.startswith(("fetching ", "  ", f"{MODEL.id}: CC-BY-NC-4.0, ")) for one in begun), err
    return line


def test_all_files_come_at_the_commit_and_are_recorded(user: User, hub: Hub) -> None:
    hub.main = {repository: "0" * 40 for repository, _ in hub.content}  # main moved on long ago
    code, out, _ = user.types("fetch", "audiogen-medium", hub=hub)
    assert (code, out) == (0, f"{MODEL.id} is here, at {MODEL.revision}; non-commercial use only\n")
    assert user.holds(hub)
    asked = {request.split()[1] for request in hub.requests}
    assert asked == {
        f"/{repository}/resolve/{commit}/{name}"
        for (repository, commit), names in hub.content.items()
        for name in names
    }
    assert user.records() == [f"facebook--audiogen-medium@{MODEL.revision}.json", f"t5-large@{ENCODER.revision}.json"]


def test_what_comes_is_said_before_the_first_byte(user: User, hub: Hub) -> None:
    (hub_of, weights), (encoder_of, encoder) = ((one[0], files) for one, files in hub.content.items())
    code, _, err = user.types("fetch", MODEL.id, hub=hub)
    first, *sizes, total = err.splitlines()[: len(weights) + len(encoder) + 2]
    assert (code, first) == (0, f"{MODEL.id}: CC-BY-NC-4.0, non-commercial use only; its terms: {hub.url}/{MODEL.id}")
    assert sizes == [
        f"  {data_size(len(body)):>8}  {name} of {of}"
        for of, files in ((hub_of, weights), (encoder_of, encoder))
        for name, body in files.items()
    ]
    everything = data_size(sum(len(body) for files in (weights, encoder) for body in files.values()))
    assert re.fullmatch(rf" *{everything}  to fetch into {user.cache}, [0-9.]+ [GT]B free", total)
    heads = [request.startswith("HEAD") for request in hub.requests]
    assert heads.index(False) >= len(sizes)  # every file was asked for first


def test_a_disk_that_is_too_small_is_said_before_the_first_byte(user: User, hub: Hub) -> None:
    hub.faults["model.safetensors"] = Fault("huge")
    code, out, err = user.types("fetch", MODEL.id, hub=hub)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert re.fullmatch(
        rf"{MODEL.id} needs 10000\.0 TB more, {user.project.parent} has [0-9.]+ [GT]B free; make room there, or name a "
        "folder on another disk with HF_HOME\n",
        err,
    )
    assert hub.gets() == []


def test_a_link_that_expired_is_asked_for_anew(user: User, hub: Hub, large: Hub) -> None:
    """A download of more than an hour that breaks off: its link is refused by then, and the hub gives another one."""
    with Hub(hub.content, faults={WEIGHTS: Fault("expire", times=1)}) as warehouse:
        hub.elsewhere = warehouse
        code, _, err = user.types("fetch", MODEL.id, hub=hub)
        assert code == 0, err
        assert user.holds(hub)
        asked = [request for request in warehouse.gets() if WEIGHTS in request and "compression" not in request]
    assert "HF_TOKEN" not in err
    signatures = [request.partition("?")[2] for request in asked]
    assert signatures[0] == signatures[1].removesuffix(f" from {CHUNK}")  # refused
    assert signatures[-1] != signatures[1]
    assert signatures[-1].endswith(f" from {CHUNK}")  # and it went on from there


def test_a_storage_that_refuses_every_link_is_named_and_no_token_is_asked_for(user: User, hub: Hub) -> None:
    with Hub(hub.content, faults={"*": Fault("refused")}) as warehouse:
        hub.elsewhere = warehouse
        code, _, err = user.types("fetch", MODEL.id, hub=hub)
        assert code == 1
        assert last_line(err) == (
            f"{WEIGHTS} of {MODEL.id}: {warehouse.url.removeprefix('http://')} refuses the links that {hub.url} gives "
            "(403), new ones too; is a proxy or a firewall in the way? What is here stays"
        )
        assert len(warehouse.gets()) == 2


def test_a_proxy_is_asked(user: User, hub: Hub) -> None:
    code, _, err = user.types("fetch", MODEL.id, HF_ENDPOINT="http://hub.invalid", http_proxy=hub.url)
    assert code == 0, err
    assert user.holds(hub)
    assert all(request.split()[1].startswith("http://hub.invalid/") for request in hub.requests)


@pytest.mark.parametrize("without", ["fcntl.flock = no_locks", "sys.modules['fcntl'] = None"])
def test_without_locks_files_are_fetched_all_the_same(user: User, hub: Hub, without: str) -> None:
    """Network file systems refuse a lock, and Windows has none."""
    code = (
        "import errno, fcntl, sys\ndef no_locks(*_): raise OSError(errno.ENOLCK, 'No locks available')\n"
        f"{without}\nfrom scenebuild.engines.audiocraft.hub.fetch import fetch\n"
        f"from scenebuild.engines.audiocraft.hub.models import model\nfetch(model({MODEL.id!r}), print, bars=False)"
    )
    environment = {**user.environment, "HF_ENDPOINT": hub.url}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=user.project, check=True, timeout=60)
    assert user.holds(hub)


def test_a_model_that_shares_its_codec_brings_it_along(user: User) -> None:
    stereo = model("facebook/musicgen-stereo-small")
    assert stereo.codec is not None
    with Hub(content_of(stereo)) as hub:
        code, out, err = user.types("fetch", "musicgen-stereo-small", hub=hub)
        assert (code, out) == (
            0,
            f"facebook/musicgen-stereo-small is here, at {stereo.revision}; non-commercial use only\n",
        )
        assert "fetching model.safetensors of facebook/encodec_32khz" in err
        folder = user.cache / "models--facebook--encodec_32khz" / "snapshots" / stereo.codec.revision
        for name, body in hub.content[stereo.codec.repository, stereo.codec.revision].items():
            assert (folder / name).read_bytes() == body
        records = {path.name for path in (user.data / "scenebuild" / "weights").iterdir()}
        assert f"facebook--encodec_32khz@{stereo.codec.revision}.json" in records
        plain = json.loads(user.types("path", "musicgen-stereo-small", "--json")[1])
        assert plain["codec_folder"] == str(folder)
        (folder / "config.json").resolve().write_text("{}")
        code, _, err = user.types("verify", "musicgen-stereo-small")
        assert code == 3
        assert "config.json of facebook/encodec_32khz has the digest" in err
        assert user.types("fetch", "musicgen-stereo-small", hub=hub)[0] == 0
        assert user.types("verify", "musicgen-stereo-small")[0] == 0


def test_the_codec_that_a_file_names_is_never_fetched_by_that_name(user: User) -> None:
    stereo = model("facebook/musicgen-stereo-small")
    content = content_of(stereo)
    content[stereo.repository, stereo.revision]["compression_state_dict.bin"] = reference("somebody/codec")
    content["somebody/codec", "0" * 40] = {"config.json": b"{}", "model.safetensors": b""}
    with Hub(content, main={"somebody/codec": "0" * 40}) as hub:
        code, out, err = user.types("fetch", "musicgen-stereo-small", hub=hub)
        assert (code, out) == (3, "")
        assert err.splitlines()[-1] == (
            "facebook/musicgen-stereo-small: refused, nothing was loaded: compression_state_dict.bin of "
            "facebook/musicgen-stereo-small names the codec 'somebody/codec', expected is facebook/encodec_32khz; "
            "'scenebuild models fetch facebook/musicgen-stereo-small' fetches it again"
        )
        assert not any("somebody" in request for request in hub.requests)


def test_a_repository_that_was_renamed_is_followed(user: User, hub: Hub) -> None:
    """t5-large is google-t5/t5-large today; the caches of audiocraft's users have it under the older name."""
    hub.content["google-t5/t5-large", ENCODER.revision] = hub.content.pop((ENCODER.repository, ENCODER.revision))
    hub.renamed[ENCODER.repository] = "google-t5/t5-large"
    assert user.types("fetch", "audiogen-medium", hub=hub)[0] == 0
    assert user.file("model.safetensors").is_file()
    assert user.types("verify", "audiogen-medium")[0] == 0


def test_with_all_files_at_hand_nobody_is_asked(user: User, hub: Hub) -> None:
    user.types("fetch", MODEL.id, hub=hub)
    hub.requests.clear()
    hub.content.clear()  # and the hub forgot the commit
    assert user.types("fetch", MODEL.id, hub=hub)[0] == 0
    assert user.types("verify", hub=hub) == (0, f"{MODEL.id} is unchanged\n", "")
    assert user.types("path", MODEL.id, hub=hub) == (0, f"{user.file().parent}\n", "")
    assert user.types("fetch", MODEL.id, HF_HUB_OFFLINE="1")[0] == 0
    assert hub.requests == []


def test_a_cut_connection_resumes(user: User, hub: Hub, large: Hub) -> None:
    hub.faults[WEIGHTS] = Fault("cut", times=2)
    assert user.types("fetch", MODEL.id, hub=hub)[0] == 0
    assert user.holds(hub)
    assert f"/{WEIGHTS} from {CHUNK}" in hub.gets()[1]


def test_a_killed_download_goes_on_where_it_stopped(user: User, hub: Hub, large: Hub) -> None:
    hub.faults[WEIGHTS] = Fault("stall")
    with user.start("fetch", MODEL.id, hub=hub, HF_HUB_DOWNLOAD_TIMEOUT="30") as process:
        assert hub.stalled.wait(30)
        waiting = user.cache / "models--facebook--audiogen-medium" / "blobs"
        while not [part for part in waiting.glob("*.incomplete") if part.stat().st_size]:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    hub.faults.clear()
    hub.requests.clear()
    code, _, err = user.types("fetch", MODEL.id, hub=hub)
    assert code == 0
    assert re.search(rf"{WEIGHTS} of {MODEL.id}, [0-9.]+ [kM]?B of it here$", err, re.MULTILINE)
    assert user.holds(hub)
    assert f"/{WEIGHTS} from " in hub.gets()[0]
    assert not list(user.cache.rglob("*.incomplete"))


def test_two_that_fetch_the_same_fetch_it_once(user: User, hub: Hub, large: Hub) -> None:
    both = [user.start("fetch", MODEL.id, hub=hub) for _ in range(2)]
    for process in both:
        with process:
            assert "fetching " in process.communicate(timeout=60)[1]
            assert process.returncode == 0
    assert user.holds(hub)
    assert sum(request.endswith(f"/{WEIGHTS}") for request in hub.gets()) == 1


def test_a_server_without_ranges_starts_over(user: User, hub: Hub) -> None:
    hub.ranges = False
    hub.faults[WEIGHTS] = Fault("cut", times=1)
    assert user.types("fetch", MODEL.id, hub=hub)[0] == 0
    assert user.holds(hub)


@pytest.mark.parametrize("kind", ["flip", "short", "stall"])
def test_what_goes_wrong_once_heals(user: User, hub: Hub, kind: str) -> None:
    hub.faults[WEIGHTS] = Fault(kind, times=1)
    code, _, err = user.types("fetch", MODEL.id, hub=hub)
    assert code == 0, err
    assert user.holds(hub)


def test_flipped_bytes_never_get_into_the_cache(user: User, hub: Hub) -> None:
    hub.faults[WEIGHTS] = Fault("flip")
    code, out, err = user.types("fetch", MODEL.id, hub=hub)
    assert (code, out) == (3, "")
    assert last_line(err) == (
        f"{WEIGHTS} of {MODEL.id}: the hub sends other bytes than those it names, 2 times; nothing was kept. "
        f"Is {hub.url} the right one?"
    )
    assert not os.path.lexists(user.file())
    assert list((user.file().parents[2] / "blobs").iterdir()) == []
    assert user.records() == []


ENDINGS = {
    "missing": "{name} of {model}: {hub} does not have it at the pinned commit (404); is HF_ENDPOINT a full mirror?",
    "denied": "{name} of {model}: {hub} wants to know who asks (401); set HF_TOKEN or type: hf auth login",
    "unavailable": "{name} of {model}: {hub} answers with an error (503); try again later",
    "gated": (
        "{name} of {model}: its terms are to be accepted first, at {hub}/{model}; "
        "then set HF_TOKEN or type: hf auth login"
    ),
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_each_refusal_ends_in_one_clear_line_before_the_first_byte(user: User, hub: Hub, kind: str) -> None:
    hub.faults["compression_state_dict.bin"] = Fault(kind)
    code, out, err = user.types("fetch", MODEL.id, hub=hub)
    assert (code, out) == (1, "")
    words = ENDINGS[kind].format(name="compression_state_dict.bin", model=MODEL.id, hub=hub.url)
    assert err == f"{words}; what is here stays\n"
    assert hub.gets() == []  # nor of the files before it


def test_a_login_page_is_no_hub(user: User, hub: Hub) -> None:
    hub.faults["*"] = Fault("login")
    code, _, err = user.types("fetch", MODEL.id, hub=hub)
    assert code == 1
    assert last_line(err) == (
        f"{WEIGHTS} of {MODEL.id}: what answers at {hub.url} is no hub (a login page? a proxy?); "
        "check the network and HF_ENDPOINT"
    )


def test_a_hub_that_answers_for_another_commit_is_not_believed(user: User, hub: Hub) -> None:
    hub.faults["*"] = Fault("other-commit")
    code, _, err = user.types("fetch", MODEL.id, hub=hub)
    assert code == 1
    assert "asked for commit 1277dd7dfd8f, the hub answered with ffffffffffff; nothing was taken" in last_line(err)


def test_a_commit_that_the_hub_does_not_have(user: User, hub: Hub) -> None:
    hub.content.clear()
    hub.main = {MODEL.repository: "0" * 40}
    code, _, err = user.types("fetch", MODEL.id, hub=hub)
    assert (code, "(404)" in last_line(err)) == (1, True)
    assert not any("main" in request for request in hub.requests)


def test_a_hub_that_always_sends_too_little(user: User, hub: Hub) -> None:
    hub.faults[WEIGHTS] = Fault("short")
    code, _, err = user.types("fetch", MODEL.id, hub=hub)
    assert (code, "broke off (OSError: Consistency check failed: file should be of size" in last_line(err)) == (1, True)
    assert " from " in hub.gets()[1]


def test_a_hub_that_goes_silent_for_good(user: User, hub: Hub) -> None:
    hub.faults["config.json"] = Fault("stall")
    hub.faults[WEIGHTS] = Fault("stall", times=0)
    code, _, err = user.types("fetch", MODEL.id, hub=hub)
    assert code == 1
    assert "cannot be reached or broke off (ReadTimeout: " in last_line(err)
    assert user.file().exists()


def test_no_network_and_offline(user: User) -> None:
    code, _, err = user.types("fetch", MODEL.id)
    assert (code, "http://127.0.0.1:9 cannot be reached" in last_line(err)) == (1, True)
    code, _, err = user.types("fetch", MODEL.id, HF_HUB_OFFLINE="1")
    assert (code, "HF_HUB_OFFLINE forbids to fetch it; unset it and try again" in last_line(err)) == (1, True)


def test_a_full_disk_is_named_and_what_is_there_stays(user: User, hub: Hub) -> None:
    def no_room_for_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    code, _, err = user.types("fetch", MODEL.id, hub=hub, first=no_room_for_large_files)
    assert code == 1
    assert last_line(err).endswith(
        f"{user.cache} cannot be written (File too large); make room, or name another folder with HF_HOME; "
        "what is here stays"
    )
    assert user.types("fetch", MODEL.id, hub=hub)[0] == 0
    assert user.holds(hub)


def test_the_token_stays_with_the_hub(user: User, hub: Hub) -> None:
    with Hub(hub.content) as warehouse:
        hub.elsewhere = warehouse
        assert user.types("fetch", MODEL.id, hub=hub)[0] == 0
        assert user.holds(hub)
        assert set(hub.tokens) == {"Bearer hf_secret"}
        assert len(warehouse.gets()) == 3  # the large files
        assert set(warehouse.tokens) == {""}


def test_a_flipped_byte_in_the_cache_is_found_and_healed(user: User, hub: Hub) -> None:
    user.types("fetch", MODEL.id, hub=hub)
    blob, before = user.file().resolve(), user.file().stat()
    flipped = bytearray(blob.read_bytes())
    flipped[-1000] ^= 4
    with blob.open("r+b") as file:
        file.write(flipped)
    os.utime(blob, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (blob.stat().st_size, blob.stat().st_mtime_ns, blob.stat().st_ino) == (
        before.st_size,
        before.st_mtime_ns,
        before.st_ino,
    )
    code, out, err = user.types("verify", MODEL.id)
    assert (code, out, len(err.splitlines())) == (3, "", 1)
    assert err.startswith(f"{MODEL.id}: refused, nothing was loaded: {WEIGHTS} of {MODEL.id} has the digest ")
    assert err.endswith(f"; 'scenebuild models fetch {MODEL.id}' fetches it again\n")
    hub.requests.clear()
    assert user.types("fetch", MODEL.id, hub=hub)[0] == 0
    assert user.holds(hub)
    assert len(hub.gets()) == 1


def test_the_record_outlives_the_weights(user: User, hub: Hub) -> None:
    """Somebody empties the cache, and a hub gives other bytes for the same commit, rightly named: refused."""
    user.types("fetch", MODEL.id, hub=hub)
    shutil.rmtree(user.cache)
    hub.content[MODEL.repository, MODEL.revision][WEIGHTS] = checkpoint("another model")
    code, _, err = user.types("fetch", MODEL.id, hub=hub)
    assert code == 3
    assert "recorded was" in err.splitlines()[-1]
    assert user.types("verify", MODEL.id)[0] == 3


def test_what_the_hub_library_already_had_is_recorded_at_first_sight(user: User, hub: Hub) -> None:
    user.types("fetch", MODEL.id, hub=hub)
    shutil.rmtree(user.data)
    listed = json.loads(user.types("list", "--json")[1])["models"]
    assert [one["here"] for one in listed] == [True] + [False] * (len(listed) - 1)
    assert user.types("verify")[0] == 0
    assert len(user.records()) == 2
