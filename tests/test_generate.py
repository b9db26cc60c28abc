"""Real child processes: they crash, hang, print and are killed, and no incomplete take is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scenebuild.engines
from engines_for_tests import MISBEHAVING, TONE, TONE_FACTS
from scenebuild import files
from scenebuild.engines import Action, Request
from scenebuild.errors import EngineError
from scenebuild.generate import Failure, TakeOrder, make, make_takes
from scenebuild.generate.children import Children
from scenebuild.generate.make import TakeMaker
from scenebuild.generate.messages import (
    Advanced,
    Broken,
    Done,
    Failed,
    Loaded,
    Made,
    Message,
    Noted,
    Order,
    decode,
    decode_order,
    encode,
    encode_order,
)
from scenebuild.generate.take import Take, measure_take, take_from_store
from scenebuild.listener import Silent
from scenebuild.plan.action import action_key
from scenebuild.settings import GenerateOptions
from scenebuild.store import DamagedError, LocalStore, digest, local
from scenebuild.store.digest import digest_file
from scenebuild.store.lease import take_lease

CHANGED_REGISTRY = """\
import scenebuild.engines
scenebuild.engines.REGISTRY["audiogen"] = "engines_for_tests:TONE"
scenebuild.engines.REGISTRY["musicgen"] = "engines_for_tests:MISBEHAVING"
"""


@pytest.fixture(autouse=True)
def _children_know_the_test_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(CHANGED_REGISTRY)
    tests = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{tests}")
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "audiogen", "engines_for_tests:TONE")
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "musicgen", "engines_for_tests:MISBEHAVING")


class Heard(Silent):
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def tell(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def shop(tmp_path: Path) -> TakeMaker:
    folder = tmp_path / "shop"
    folder.mkdir()
    return TakeMaker(LocalStore(str(tmp_path / "store")), str(folder), GenerateOptions(jobs=2))


def order(prompt: str, engine: str = "audiogen", seed: int = 1) -> TakeOrder:
    facts = TONE.facts if engine == "audiogen" else MISBEHAVING.facts
    action = Action(engine, "1", 8000, prompt=prompt, seed=seed, temperature=1.0)
    return TakeOrder(action_key(action), facts, Request(action))


def test_takes_come_back_in_the_store_and_measured(shop: TakeMaker) -> None:
    orders = [order("one"), order("two"), order("three")]
    takes = list(make_takes(orders, shop))
    assert {take.key for take in takes} == {one.key for one in orders}
    for take in takes:
        assert isinstance(take, Take)
        assert (take.frames, take.sample_rate, take.channels) == (8000, 16000, 1)
        assert -20 < take.loudness_lufs < -10
        assert take.made_by == {"device": "cpu"}
        record = shop.store.get(take.key)
        assert record is not None
        again = take_from_store(take.key, record.digest, take.path, record.facts)
        assert again == take
        assert record.facts["action"]["prompt"] in ("one", "two", "three")


def test_the_same_order_gives_the_same_bytes_alone_and_with_others(tmp_path: Path, shop: TakeMaker) -> None:
    (alone,) = make_takes([order("two")], shop)
    elsewhere = replace(shop, store=LocalStore(str(tmp_path / "elsewhere")))
    together = {take.key: take for take in make_takes([order("three"), order("two"), order("one")], elsewhere)}
    assert together[alone.key].digest == alone.digest  # type: ignore[union-attr]


def test_a_note_of_an_engine_is_told_once(shop: TakeMaker) -> None:
    listener = Heard()
    takes = list(make_takes([order("noted", seed=seed) for seed in (1, 2)], replace(shop, listener=listener)))
    assert all(isinstance(take, Take) for take in takes)
    assert listener.lines == ["tones only"]


@pytest.mark.parametrize(
    "message",
    [
        Loaded(),
        Advanced(3, 0.5),
        Noted("tönes"),
        Made(3, "/x.wav", "c0ffee", 1.5, {"device": "cpu"}, ("quiet",), "decaf"),
        Failed(3, "too long"),
        Broken("out of tune", 3),
        Done(),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_survives_the_way_to_the_parent(message: Message) -> None:
    line = encode(message)
    assert "\n" not in line
    assert decode(line) == message


@pytest.mark.parametrize("line", ["", "{}", "[]", "3", '{"event": "made"}', '{"event": "tick"}', '{"event": ["done"]}'])
def test_a_line_that_is_no_message_is_said_to_be_none(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (json's own, or ours)
        decode(line)


def test_an_order_survives_the_way_to_the_worker() -> None:
    one = Order("tone", {"device": "cpu", "exact": True}, "/folder", (order("a").request, order("b").request))
    assert decode_order(encode_order(one)) == one


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("raises", "ValueError: out of tune"),
        ("exits", "the engine's process ended without an answer"),
        ("killed", "the engine's process ended by SIGKILL"),
        ("nan", "the engine returned samples that are not finite numbers"),
    ],
)
def test_a_child_that_goes_wrong_fails_its_own_request_alone(shop: TakeMaker, prompt: str, message: str) -> None:
    outcomes = {one.key: one for one in make_takes([order("good", "musicgen"), order(prompt, "musicgen")], shop)}
    assert isinstance(outcomes[order("good", "musicgen").key], Take)
    failure = outcomes[order(prompt, "musicgen").key]
    assert isinstance(failure, Failure)
    assert failure.message == message
    assert shop.store.get(failure.key) is None


def test_children_serve_lot_after_lot_and_those_that_die_are_replaced(
    shop: TakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenebuild.generate.make.AT_ONCE_TOGETHER", 2)
    begun: list[int] = []
    really_start = Children._start

    def counted(children: Children, number: int) -> subprocess.Popen[bytes]:
        begun.append(number)
        return really_start(children, number)

    monkeypatch.setattr(Children, "_start", counted)
    prompts = ["one", "two", "three", "killed", "five", "six", "seven"]
    outcomes = list(make_takes([order(prompt, "musicgen") for prompt in prompts], shop))
    assert [isinstance(outcome, Take) for outcome in outcomes] == [True, True, True, False, True, True, True]
    assert begun == [0, 0, 0], "one at first, one for the second try, one for the lots after it"


def test_what_libraries_print_is_not_taken_for_an_answer(shop: TakeMaker, tmp_path: Path) -> None:
    chatter = CHANGED_REGISTRY + "print('{\"event\": \"made\"}'); import os; os.system('echo noise')\n"
    (tmp_path / "sitecustomize.py").write_text(
        chatter.replace("print(", "import sys; print('x', file=sys.stderr); print(")
    )
    (take,) = make_takes([order("one")], shop)
    assert isinstance(take, Take)


def test_a_process_that_can_not_be_started_is_said(shop: TakeMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(EngineError, match="no process for an engine can be started: /nowhere/python: No such file"):
        list(make_takes([order("one")], shop))


def test_the_children_end_with_an_exception_of_the_parent(shop: TakeMaker) -> None:
    children = Children("audiogen", {}, shop.folder, {})

    def interrupted() -> None:
        with children:
            next(children.run([order("one").request], 1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert all(process.poll() is not None for process in children._processes.values())


def test_a_child_ends_when_its_parent_was_killed(tmp_path: Path) -> None:
    """The worker hears that nobody holds its stdin any more."""
    slow = "\n".join([
        "import scenebuild.engines, time",
        "from engines_for_tests import TestEngine, ToneSession",
        "class Slow(ToneSession):",
        "    def make(self, index, request):",
        "        time.sleep(60)",
        "import engines_for_tests",
        "engines_for_tests.SLOW = TestEngine(session=Slow())",
        'scenebuild.engines.REGISTRY["audiogen"] = "engines_for_tests:SLOW"',
    ])  # fmt: skip
    (tmp_path / "sitecustomize.py").write_text(slow)
    child = subprocess.Popen(
        [sys.executable, "-m", "scenebuild.generate.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    from dataclasses import asdict

    plain = {"engine": "audiogen", "options": {}, "folder": str(tmp_path), "requests": [asdict(order("one").request)]}
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(plain).encode() + b"\n")
    child.stdin.flush()
    assert b"loaded" in child.stdout.readline()
    child.stdin.close()  # as the kernel does for a parent that is gone
    assert child.wait(20) == 1
    child.stdout.close()


def test_a_take_is_hashed_by_who_wrote_it_and_every_copy_is_checked_against_that(
    shop: TakeMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine's process says the digest; this one reads the bytes once to measure and once a copy."""
    hashed: list[str] = []
    copied: list[str] = []
    copy = digest.copy_with_digest

    def counted(source: Any, target: Any) -> tuple[str, int]:
        copied.append(target.name)
        return copy(source, target)

    for module in (digest, local):
        monkeypatch.setattr(module, "digest_file", hashed.append)
    monkeypatch.setattr(files, "digest_of", hashed.append)
    monkeypatch.setattr(local, "copy_with_digest", counted)
    (take,) = make_takes([order("one")], shop)
    assert isinstance(take, Take)
    assert (hashed, len(copied)) == ([], 1)
    local.copy_file(take.path, take.digest, str(tmp_path / "out.wav"))
    assert (hashed, len(copied)) == ([], 2)
    monkeypatch.undo()
    assert digest_file(take.path) == digest_file(shop.store.object_path(take.digest)) == take.digest


def test_a_file_that_is_not_what_its_writer_said_is_never_kept(
    shop: TakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    measure = measure_take

    def altered(key: str, path: str, *rest: Any, **more: Any) -> Take:
        take = measure(key, path, *rest, **more)
        with open(path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"x")
        return take

    monkeypatch.setattr(make, "measure_take", altered)
    (take,) = make_takes([order("one")], replace(shop, listener=heard))
    assert isinstance(take, Take)
    assert "was changed while it was kept" in heard.lines[0]
    assert not shop.store.has(take.digest)
    assert shop.store.get(take.key) is None
    with pytest.raises(DamagedError):
        local.copy_file(take.path, take.digest, take.path + ".copy")


def test_another_builders_take_is_waited_for_and_used(
    shop: TakeMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = order("one")
    lease = take_lease(shop.store.root, wanted.key)
    assert lease is not None
    other = replace(shop, store=LocalStore(str(tmp_path / "other")))
    (made,) = make_takes([wanted], other)
    assert isinstance(made, Take)

    def finish() -> None:
        time.sleep(0.5)
        shop.store.put(wanted.key, made.path, dict(other.store.get(wanted.key).facts))  # type: ignore[union-attr]
        lease.release()

    thread = threading.Thread(target=finish)
    thread.start()
    monkeypatch.setattr("scenebuild.generate.make.Children", None)  # it could not make one itself
    (take,) = make_takes([wanted], shop)
    thread.join()
    assert isinstance(take, Take)
    assert take.digest == made.digest


def test_another_builders_take_that_is_damaged_is_made_again(shop: TakeMaker, tmp_path: Path) -> None:
    """Planning found nothing; when it is this one's turn there is a record, but its bytes are others."""
    (take,) = make_takes([order("one")], shop)
    assert isinstance(take, Take)
    path = Path(shop.store.object_path(take.digest))
    path.write_bytes(bytes(path.stat().st_size))
    (again,) = make_takes([order("one")], shop)
    assert isinstance(again, Take)
    assert again.digest == take.digest
    assert digest_file(again.path) == take.digest
    assert digest_file(shop.store.object_path(take.digest)) == take.digest


def test_a_holder_that_fell_asleep_is_not_waited_for(shop: TakeMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = order("one")
    lease = take_lease(shop.store.root, wanted.key)
    assert lease is not None
    monkeypatch.setattr("scenebuild.store.lease.ASLEEP_S", -1.0)
    heard = Heard()
    (take,) = make_takes([wanted], replace(shop, listener=heard))
    assert isinstance(take, Take)
    assert heard.lines == [
        f"waiting for a take that process {os.getpid()} on {os.uname().nodename} is making",
        f"process {os.getpid()} on {os.uname().nodename} gave no sign of life; making the take here",
    ]
    lease.release()


SCENE = """\
name: Long
defaults: {engine: audiogen, duration: 0.2}
elements:
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_build_keeps_what_is_finished_and_goes_on(
    project: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Stopped after some takes, the same command makes exactly the rest."""
    slow = CHANGED_REGISTRY + "\n".join(
        [
            "import time, engines_for_tests",
            "honest = engines_for_tests.ToneSession.make",
            "def make(self, index, request):",
            "    time.sleep(0.4)",
            "    return honest(self, index, request)",
            "engines_for_tests.ToneSession.make = make",
        ]
    )
    (tmp_path / "sitecustomize.py").write_text(slow)
    names = [f"e{index:02}" for index in range(20)]
    Path("scenes/long.yaml").write_text(SCENE + "".join(f"  {name}: {{prompt: {name}}}\n" for name in names))
    command = [sys.executable, "-m", "scenebuild", "build", "scenes/long.yaml"]
    build = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert build.stderr is not None
    for line in build.stderr:
        if line.startswith("  3/20"):
            break
    build.send_signal(number)
    began = time.monotonic()
    rest = build.stderr.read()
    assert build.wait(20) == code, rest
    assert time.monotonic() - began < 10
    build.stderr.close()
    assert "finished takes are kept" in rest
    assert "Traceback" not in rest
    store = LocalStore(os.environ["SCENEBUILD_STORE"])
    kept = len(list(store.all_keys()))
    assert 3 <= kept < 20
    (tmp_path / "sitecustomize.py").write_text(CHANGED_REGISTRY)
    again = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(again.stdout)["generated"] == 20 - kept
    assert "Traceback" not in again.stderr


def test_facts_of_the_test_engine_are_as_the_children_have_them() -> None:
    assert TONE.facts == TONE_FACTS
