"""The kernels against the same layer in torch's words, and the file of weights that they read."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from scenebuild.engines.audiocraft.hub.manifest import forget_record

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from audiocraft_fixtures import AUDIOGEN, TINY, write_checkpoint, write_text_encoder  # noqa: E402
from scenebuild.engines.audiocraft.checkpoint import LANGUAGE_MODEL, open_checkpoint  # noqa: E402
from scenebuild.engines.audiocraft.compute import kernels as kernels_module  # noqa: E402
from scenebuild.engines.audiocraft.compute import packed  # noqa: E402
from scenebuild.engines.audiocraft.compute.backend import Backend, Matrix, Norm, narrowest  # noqa: E402
from scenebuild.engines.audiocraft.compute.kernel_backend import KernelBackend  # noqa: E402
from scenebuild.engines.audiocraft.compute.kernels import STRUCTS, Kernels, kernels, why_not  # noqa: E402
from scenebuild.engines.audiocraft.compute.torch_backend import TorchBackend  # noqa: E402
from scenebuild.engines.audiocraft.decoder import Decoder  # noqa: E402
from scenebuild.engines.audiocraft.hub import weights  # noqa: E402
from scenebuild.engines.audiocraft.hub.manifest import record_of  # noqa: E402
from scenebuild.engines.audiocraft.hub.models import model  # noqa: E402
from scenebuild.engines.audiocraft.hub.weights import LocatedWeights  # noqa: E402
from scenebuild.engines.audiocraft.language import load_language_model  # noqa: E402

CPU = torch.device("cpu")
PRECISIONS = ["fp32", "bf16", "int8"]
MODEL = model("audiogen-medium")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kernels")
    write_checkpoint(root / "audiogen", AUDIOGEN, replace(TINY, card=321))  # no whole number of panels
    write_text_encoder(root / "text")
    return root


@pytest.fixture
def compiled() -> Kernels:
    found = kernels()
    if found is None:
        pytest.skip(why_not())
    return found


def numbers(*shape: int, seed: int = 1) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# Each operation


@pytest.mark.parametrize("rows", [1, 2, 5, 6, 7, 12, 13, 40])
@pytest.mark.parametrize(("outputs", "inputs"), [(32, 16), (64, 64), (33, 20), (321, 64), (5, 7), (96, 1537)])
def test_a_linear_layer_is_the_product(compiled: Kernels, rows: int, outputs: int, inputs: int) -> None:
    weight, x = numbers(outputs, inputs), numbers(rows, inputs, seed=2)
    exact = x.double() @ weight.double().T
    for stored in (weight, weight.half().float(), weight.bfloat16().float()):
        backend = KernelBackend(compiled, "fp32")
        found = backend.linear(x, backend.matrix(stored, every_step=True))
        wanted = x.double() @ stored.double().T
        assert (found - wanted).abs().max() < 2e-6 * exact.abs().max()


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 8, 9, 17, 40])
@pytest.mark.parametrize(("outputs", "inputs"), [(32, 16), (33, 20), (64, 1537), (70, 192)])
def test_bytes_lose_no_more_than_their_own_rounding(compiled: Kernels, rows: int, outputs: int, inputs: int) -> None:
    """Against the same bytes in doubles: what the digits of the rows lose is 80 dB below."""
    backend = KernelBackend(compiled, "int8")
    weight, x = numbers(outputs, inputs), numbers(rows, inputs, seed=2)
    scales = weight.abs().amax(dim=1) / 127
    rounded = (weight / scales[:, None]).round().double() * scales[:, None].double()
    wanted = x.double() @ rounded.T
    found = backend.linear(x, backend.matrix(weight, every_step=True))
    noise = float(((found - wanted) ** 2).mean() / (wanted**2).mean())
    assert 10 * torch.tensor(noise).log10() < -70
    assert torch.equal(backend.linear(torch.zeros(1, inputs), backend.matrix(weight, every_step=True)), found[:1] * 0)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_row_is_the_same_whoever_else_is_there(compiled: Kernels, precision: Any) -> None:
    backend = KernelBackend(compiled, precision)
    matrix = backend.matrix(numbers(96, 128), every_step=True)
    x = numbers(37, 128, seed=2)
    together = backend.linear(x, matrix)
    for first in range(37):
        for count in (1, 2, 11):
            assert torch.equal(backend.linear(x[first : first + count], matrix), together[first : first + count])


def test_a_layer_norm_is_torchs(compiled: Kernels) -> None:
    x, norm = numbers(9, 64) * 5 + 3, Norm(numbers(64, seed=2), numbers(64, seed=3))
    ours = KernelBackend(compiled, "fp32").norm(x, norm)
    torch.testing.assert_close(ours, TorchBackend(CPU, "fp32").norm(x, norm), rtol=1e-5, atol=1e-6)


def test_weights_that_fit_a_smaller_type_are_kept_in_it() -> None:
    assert narrowest(numbers(8, 8).half()) == "fp16"
    assert narrowest(numbers(8, 8).half().float()) == "fp16"
    assert narrowest(torch.tensor([[1e-30]]).bfloat16().float()) == "bf16"
    assert narrowest(numbers(8, 8)) == "fp32"


# The whole model


def logits_of(backend: Backend, folder: Path, *, slots: list[int], steps: int = 20, prefill: int = 0) -> Any:
    """(steps, B, K, 2, V) of takes that are told the same codes, each with a prompt of its own length."""
    decoder = Decoder(load_language_model(open_checkpoint(str(folder / "audiogen"), LANGUAGE_MODEL), backend), backend)
    codes = torch.randint(0, 321, (5, 4, steps), generator=torch.Generator().manual_seed(4))
    state = decoder.allocate(5, steps, 12)
    for slot in slots:
        decoder.assign(state, slot, numbers(3 + 2 * slot, 64, seed=slot))
        if prefill:
            decoder.prefill(state, slot, codes[slot, :, :prefill])
    pairs = [decoder.decode_step(state, slots, codes[slots, :, step]) for step in range(prefill, steps)]
    return torch.stack([torch.stack(pair, dim=2) for pair in pairs])


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 2e-6), ("bf16", 1e-2), ("int8", 3e-2)])
def test_the_kernels_give_torchs_logits(compiled: Kernels, folder: Path, precision: Any, tolerance: float) -> None:
    wanted = logits_of(TorchBackend(CPU, "fp32"), folder, slots=[0, 1, 2, 3])
    found = logits_of(KernelBackend(compiled, precision), folder, slots=[0, 1, 2, 3])
    assert (found - wanted).abs().max() < tolerance * wanted.abs().max()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_take_has_the_same_logits_alone_in_any_slot_and_prefilled(
    compiled: Kernels, folder: Path, precision: Any
) -> None:
    together = logits_of(KernelBackend(compiled, precision), folder, slots=[4, 1, 3])
    alone = [logits_of(KernelBackend(compiled, precision), folder, slots=[slot]) for slot in (4, 1, 3)]
    assert torch.equal(together, torch.cat(alone, dim=1))
    at_once = logits_of(KernelBackend(compiled, precision), folder, slots=[4, 1, 3], prefill=15)
    assert torch.equal(together[15:], at_once)


def test_the_order_in_which_takes_are_named_is_theirs(folder: Path) -> None:
    backend = TorchBackend(CPU, "fp32")
    wanted = logits_of(backend, folder, slots=[0, 1, 2, 3, 4])
    found = logits_of(backend, folder, slots=[3, 0, 4, 1, 2])
    assert (found - wanted[:, [3, 0, 4, 1, 2]]).abs().max() < 1e-5 * wanted.abs().max()


def test_a_slot_forgets_its_former_take(folder: Path) -> None:
    backends: list[Backend] = [TorchBackend(CPU, "fp32")]
    if compiled := kernels():
        backends.append(KernelBackend(compiled, "fp32"))
    for backend in backends:
        checkpoint = open_checkpoint(str(folder / "audiogen"), LANGUAGE_MODEL)
        decoder = Decoder(load_language_model(checkpoint, backend), backend)
        codes = torch.full((1, 4), 7)
        fresh, used = decoder.allocate(1, 30, 9), decoder.allocate(1, 30, 9)
        decoder.assign(used, 0, numbers(9, 64))
        for _ in range(20):
            decoder.decode_step(used, [0], codes)
        for state in (fresh, used):
            decoder.assign(state, 0, numbers(4, 64, seed=8))
        for one, other in zip(
            decoder.decode_step(fresh, [0], codes), decoder.decode_step(used, [0], codes), strict=True
        ):
            assert torch.equal(one, other)


# Steps whose shapes stay, as a GPU wants them


@pytest.mark.parametrize("slots", [[0, 1, 2, 3, 4], [3], [4, 1]])
def test_a_step_of_all_slots_gives_each_what_a_step_of_its_own_does(folder: Path, slots: list[int]) -> None:
    backend = TorchBackend(CPU, "fp32")
    wanted = logits_of(backend, folder, slots=slots)
    backend.static = True
    found = logits_of(backend, folder, slots=slots)
    assert (found - wanted).abs().max() < 1e-5 * wanted.abs().max()


# Compiling


@pytest.mark.usefixtures("anew")
def test_without_a_compiler_torch_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from scenebuild.engines.audiocraft.machine import device

    monkeypatch.setenv("CXX", "no-such-compiler")
    assert why_not().startswith("no C++ compiler")
    assert isinstance(device.backend_for(CPU, "int8"), TorchBackend)


@pytest.mark.usefixtures("anew")
def test_a_library_with_other_structs_is_not_called(compiled: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels_module, "ABI", kernels_module.ABI + 1)
    kernels_module.found_kernels.cache_clear()
    assert "the compiled kernels have the structs {'number': " in why_not()


def test_the_structs_have_the_fields_of_the_source_in_its_order() -> None:
    """The sizes are checked at load; two fields of one size that changed places are found here."""
    source = resources.files("scenebuild.engines.audiocraft.compute").joinpath("kernels.cpp").read_text()
    for struct in STRUCTS:
        body = re.search(rf"struct {struct.__name__[1:]} {{\n(.*?)\n}};", source, re.DOTALL)
        assert body, struct
        declared = re.sub(r"//.*", "", body[1]).split(";")
        names = [re.search(r"\w+$", part.strip()) for line in declared for part in line.split(",") if part.strip()]
        assert [found[0] for found in names if found] == [name for name, *_ in struct._fields_], struct
    numbers = re.findall(r"constexpr long ABI = (\d+)", source)
    assert numbers == [str(kernels_module.ABI)]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/maps")
@pytest.mark.parametrize("first", ["torch", "the kernels"])
def test_torch_and_the_kernels_share_one_openmp_runtime(compiled: Kernels, first: str) -> None:
    """Two would have two pools of threads, of which torch.set_num_threads limits one."""
    imports = ["import torch", "found = kernels()"]
    script = "\n".join(
        [
            "import re",
            "from scenebuild.engines.audiocraft.compute.kernels import kernels, openmp_runtime",
            *(imports if first == "torch" else imports[::-1]),
            "import torch; torch.ones(400, 400) @ torch.ones(400, 400)",
            "mapped = {line.split()[-1] for line in open('/proc/self/maps')}",
            "print(*{one for one in mapped if re.search(r'/lib(gomp|iomp5|omp)[-.0-9]', one)}, openmp_runtime())",
        ]
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    runtimes = done.stdout.split()
    assert len(set(map(os.path.realpath, runtimes))) == 1, runtimes


# The file of weights


@pytest.fixture
def verified_calls(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[frozenset[str]]:
    """Calls of ``weights.verified``, which finds the tiny model; what is packed lies in a folder of the test."""
    asked: list[frozenset[str]] = []

    def verified(model: Any, without: frozenset[str] = frozenset()) -> LocatedWeights:
        asked.append(without)
        return LocatedWeights(str(folder / "audiogen"), str(folder / "text"))

    monkeypatch.setattr(weights, "verified", verified)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    return asked


def all_parts(language: Any) -> list[Any]:
    found: list[Any] = []

    def walk(value: Any) -> None:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, tuple):
            for one in value:
                walk(one)
        elif hasattr(value, "__dataclass_fields__"):
            for name in value.__dataclass_fields__:
                walk(getattr(value, name))

    walk(language)
    return found


@pytest.mark.parametrize("precision", PRECISIONS)
def test_packed_weights_are_those_of_the_checkpoint_and_are_written_once(
    compiled: Kernels, folder: Path, verified_calls: list[frozenset[str]], precision: Any
) -> None:
    backend = KernelBackend(compiled, precision)
    direct = load_language_model(open_checkpoint(str(folder / "audiogen"), LANGUAGE_MODEL), backend)
    for count in (1, 2):
        start = packed.ready(MODEL, backend)
        language = start.language
        assert (start.located.folder, start.note) == (str(folder / "audiogen"), "")
        assert language.mapped_bytes == Path(str(packed.packed_path(MODEL, backend))).stat().st_size
        assert language.dimensions == direct.dimensions
        assert all(torch.equal(*pair) for pair in zip(all_parts(language), all_parts(direct), strict=True))
        assert len(verified_calls) == count
    assert verified_calls == [
        frozenset(),
        frozenset({LANGUAGE_MODEL}),
    ]  # the second start reads the packed file instead


def test_the_packed_file_is_a_safetensors_file(compiled: Kernels, verified_calls: Any) -> None:
    from safetensors import safe_open

    backend = KernelBackend(compiled, "int8")
    language = packed.ready(MODEL, backend).language
    path = packed.packed_path(MODEL, backend)
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["scenebuild"])
        assert about["dimensions"]["dim"] == 64
        assert torch.equal(file.get_tensor("layers.1.ffn_up.data"), language.layers[1].ffn_up.data)
        assert file.get_tensor("layers.1.ffn_up.data").dtype == torch.int8


@pytest.mark.parametrize("harm", ["bit", "short", "record", "source", "none"])
def test_a_packed_file_that_is_not_as_recorded_is_made_again(
    compiled: Kernels, folder: Path, verified_calls: list[frozenset[str]], harm: str
) -> None:
    backend = KernelBackend(compiled, "fp32")
    first = packed.ready(MODEL, backend).language
    path = Path(str(packed.packed_path(MODEL, backend)))
    sound = path.read_bytes()
    harmed = path.with_name("harmed")  # under the name by a rename: the first model still reads its own pages
    if harm == "bit":
        harmed.write_bytes(sound[:-9] + bytes([sound[-9] ^ 1]) + sound[-8:])
        harmed.rename(path)
    elif harm == "short":
        harmed.write_bytes(sound[: len(sound) // 2])
        harmed.rename(path)
    elif harm == "source":  # whoever touches the checkpoint has it read and checked again
        os.utime(folder / "audiogen" / LANGUAGE_MODEL)
    elif harm == "record":
        forget_record(*packed._record_name(MODEL, backend))
    again = packed.ready(MODEL, backend).language
    assert (path.read_bytes() == sound) == (harm != "source")
    assert verified_calls[-1] == (frozenset({LANGUAGE_MODEL}) if harm == "none" else frozenset())
    assert all(torch.equal(*pair) for pair in zip(all_parts(first), all_parts(again), strict=True))
    assert record_of(*packed._record_name(MODEL, backend))
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_file_of_a_former_version_goes_when_its_successor_is_there(compiled: Kernels, verified_calls: Any) -> None:
    backend = KernelBackend(compiled, "fp32")
    older = Path(str(packed.packed_path(MODEL, backend, packed.VERSION - 1)))
    older.parent.mkdir(parents=True)
    older.write_bytes(b"gigabytes")
    packed.ready(MODEL, backend)
    assert [one.name for one in older.parent.iterdir()] == [Path(str(packed.packed_path(MODEL, backend))).name]


@pytest.mark.parametrize("fault", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_weights_that_cannot_be_written_are_converted_at_each_start_and_a_line_says_so(
    compiled: Kernels, folder: Path, verified_calls: Any, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    backend = KernelBackend(compiled, "fp32")
    place = Path(str(packed.packed_path(MODEL, backend))).parent
    real = os.fsync

    def full(descriptor: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(place)):
            raise OSError(fault, os.strerror(fault))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    start = packed.ready(MODEL, backend)
    assert isinstance(start.language.lm_head, Matrix)
    assert start.language.mapped_bytes == 0
    assert start.note == (
        f"the weights of {MODEL.id} are converted at each start: {place} cannot be written ({os.strerror(fault)}); "
        "one start that may write there ends that"
    )
    assert list(place.iterdir()) == []


def test_a_home_that_cannot_be_written_keeps_no_weights_that_nothing_vouches_for(
    compiled: Kernels, verified_calls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their record lies in the user's data folder, which may be read-only while the cache is not."""
    backend = KernelBackend(compiled, "fp32")
    monkeypatch.setenv("XDG_DATA_HOME", "/dev/null")
    start = packed.ready(MODEL, backend)
    assert isinstance(start.language.lm_head, Matrix)
    assert "/dev/null/scenebuild/weights cannot be written; one start" in start.note
    assert not os.path.exists(str(packed.packed_path(MODEL, backend)))


def test_torch_takes_weights_as_they_are(verified_calls: Any, folder: Path) -> None:
    backend = TorchBackend(CPU, "fp32")
    assert packed.packed_path(MODEL, backend) is None
    language = packed.ready(MODEL, backend).language
    name = "transformer.layers.0.linear1.weight"
    mapped = open_checkpoint(str(folder / "audiogen"), LANGUAGE_MODEL).tensor(name)
    assert torch.equal(language.layers[0].ffn_up.data, mapped)


def test_the_benchmark_of_a_step_runs_and_finds_audiocrafts_own_tokens(root: Path) -> None:
    """On the tiny size its times say nothing; that both sides decode the same model, it says at any size."""
    script = [sys.executable, "-W", "ignore", "benchmarks/generate.py", "--size", "tiny", "--rounds", "1"]
    done = subprocess.run(script, cwd=root, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"name", "ratio", "goal", "met", "goals", "ms_a_step", "takes", "gb_a_second"} <= found.keys()
    assert found["greedy"]["same_tokens"] == found["greedy"]["tokens"] == 200
    assert found["greedy"]["largest_relative_difference"] < 1e-5
    assert found["int8"]["logits_snr_db"] > 40
