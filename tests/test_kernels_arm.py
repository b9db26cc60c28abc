"""The kernels on ARM: compiled by a cross compiler, run by an emulator, and compared with those of this machine."""

from __future__ import annotations

import os
import platform
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from scenebuild.engines.audiocraft.compute.backend import (  # noqa: E402
    CrossAttention,
    KVCache,
    Matrix,
    Norm,
    RowSlots,
    TransformerLayer,
)
from scenebuild.engines.audiocraft.compute.kernel_backend import KINDS, KernelBackend, _digits  # noqa: E402
from scenebuild.engines.audiocraft.compute.kernels import kernels, why_not  # noqa: E402

CROSS, EMULATOR = shutil.which("aarch64-linux-gnu-g++"), shutil.which("qemu-aarch64")
HERE = Path(__file__).parent
SOURCES = HERE.parent / "pipeline" / "scenebuild" / "engines" / "audiocraft" / "compute"
TAKES, DIM, HEADS, HIDDEN, CAPACITY, TOKENS = 7, 64, 4, 100, 32, 5  # 14 rows: more than one tile; 100: no whole panels

pytestmark = [
    pytest.mark.skipif(CROSS is None, reason="no cross compiler: apt install g++-aarch64-linux-gnu"),
    pytest.mark.skipif(EMULATOR is None, reason="no emulator: apt install qemu-user"),
    pytest.mark.skipif(platform.machine() == "aarch64", reason="the other tests run the kernels on ARM"),
]


@pytest.fixture(scope="module", params=["threads", "one thread"])
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program for ARM, with OpenMP and without."""
    made = tmp_path_factory.mktemp("arm") / "driver"
    openmp = ["-fopenmp"] if request.param == "threads" else []
    options = ["-std=c++17", "-O2", "-fno-math-errno", "-static", *openmp, f"-I{SOURCES}"]
    order = [str(CROSS), *options, str(HERE / "kernels_driver.cpp"), "-o", str(made)]
    done = subprocess.run(order, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(made)


def numbers(*shape: int, seed: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def layer_of(backend: KernelBackend, stored: Any) -> TransformerLayer:
    def matrix(outputs: int, inputs: int, seed: int) -> Matrix:
        weight = (numbers(outputs, inputs, seed=seed) / inputs**0.5).to(stored).float()
        return backend.matrix(weight, every_step=True)

    def norm(seed: int) -> Norm:
        return Norm(1 + numbers(DIM, seed=seed) / 10, numbers(DIM, seed=seed + 1) / 10)

    return TransformerLayer(
        self_norm=norm(1),
        ffn_norm=norm(5),
        self_qkv=matrix(3 * DIM, DIM, 11),
        self_out=matrix(DIM, DIM, 12),
        ffn_up=matrix(HIDDEN, DIM, 16),
        ffn_down=matrix(DIM, HIDDEN, 17),
        cross=CrossAttention(norm(3), matrix(DIM, DIM, 13), matrix(2 * DIM, DIM, 14), matrix(DIM, DIM, 15)),
    )


class Input:
    """What the driver reads: arrays behind their sizes."""

    def __init__(self) -> None:
        self.bytes = bytearray()

    def array(self, tensor: Any) -> None:
        raw = b"" if tensor is None else tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes()
        self.bytes += struct.pack("<q", len(raw)) + raw

    def numbers(self, *values: int) -> None:
        for value in values:
            self.bytes += struct.pack("<qq", 8, value)

    def matrix(self, matrix: Matrix) -> None:
        self.numbers(KINDS[matrix.kind], matrix.inputs, matrix.outputs)
        for one in (matrix.data, matrix.scales, matrix.sums):
            self.array(one)

    def cache(self, cache: KVCache) -> None:
        self.array(cache.keys)
        self.array(cache.values)
        self.numbers(cache.heads, cache.head_dim, cache.capacity, int(cache.keys.dtype == torch.float16))

    def rows(self, rows: RowSlots) -> None:
        self.numbers(len(rows.slots))
        self.array(rows.slots)
        self.array(rows.lengths)


def whole(values: Any) -> Any:
    return torch.tensor(list(values), dtype=torch.int32)


@pytest.mark.parametrize(
    ("precision", "stored", "kind"),
    [
        ("fp32", torch.float32, "fp32"),
        ("fp32", torch.float16, "fp16"),
        ("bf16", torch.float32, "bf16"),
        ("int8", torch.float32, "int8"),
    ],
)
def test_a_layer_on_arm_is_that_of_this_machine(driver: str, precision: Any, stored: Any, kind: str) -> None:
    """Norms, linear layers with each epilogue, and attention to the take's past and to its prompt."""
    compiled = kernels()
    if compiled is None:
        pytest.skip(why_not())
    backend = KernelBackend(compiled, precision)
    layer = layer_of(backend, stored)
    assert layer.ffn_up.kind == kind
    own, cross = (backend.kv_cache(slots, HEADS, DIM // HEADS, CAPACITY) for slots in (2 * TAKES, TAKES))
    for seed, one in enumerate((own.keys, own.values, cross.keys, cross.values)):
        one.copy_(numbers(*one.shape, seed=30 + seed))
    lengths = whole(range(3, 3 + 2 * TAKES))
    rows = RowSlots(whole(range(2 * TAKES)), lengths, 1, int(lengths.max()))
    prompts = RowSlots(whole(range(TAKES)), whole([TOKENS] * TAKES), 1, TOKENS)
    entries = numbers(2, TAKES, DIM, seed=40)
    hidden = numbers(2 * TAKES, DIM, seed=50)

    given = Input()
    given.numbers(DIM, hidden.nbytes)
    given.array(hidden)
    assert layer.cross
    for norm in (layer.self_norm, layer.cross.norm, layer.ffn_norm):  # as NORMS and MATRICES of kernels.py
        given.array(norm.weight)
        given.array(norm.bias)
    attention = (layer.self_qkv, layer.self_out, layer.cross.query, layer.cross.out)
    for matrix in (*attention, layer.ffn_up, layer.ffn_down):
        given.matrix(matrix)
    given.cache(own)
    given.cache(cross)
    given.rows(rows)
    given.rows(prompts)
    for buffer in (torch.empty(2 * TAKES, DIM), torch.empty(2 * TAKES, 3 * DIM), _digits(2 * TAKES, 3 * DIM)):
        given.array(buffer)
    given.array(entries[0])
    given.array(entries[1])
    given.numbers(DIM)
    given.rows(prompts)

    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run([str(EMULATOR), driver], input=given.bytes, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    found = torch.frombuffer(bytearray(done.stdout), dtype=torch.float32).view(2 * TAKES, DIM)

    before = hidden.clone()
    backend.store(cross, entries[0], entries[1], prompts)
    wanted = backend.layers(hidden, [layer], [own], [cross], rows, prompts)
    assert (wanted - before).abs().max() > 0.1
    assert (found - wanted).abs().max() < (1e-3 if precision == "int8" else 1e-5) * wanted.abs().max()
