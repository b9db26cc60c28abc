"""A step as one launch: a CUDA graph of a function whose tensors keep their shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Function = Callable[..., tuple[Tensor, ...]]
WARM_UPS = 3  # as torch's notes on CUDA graphs have it: libraries allocate and choose while they are called first


class Captured:
    """Runs ``function`` from tensors of fixed shapes, launched as a whole.

    What it returns is overwritten by the next call. State that the function writes must bear being written again with
    the same values, because it runs some times before it is captured.
    """

    def __init__(self, function: Function, inputs: Sequence[Tensor]) -> None:
        self._inputs = [tensor.clone() for tensor in inputs]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UPS):
                function(*self._inputs)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = function(*self._inputs)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        for own, new in zip(self._inputs, inputs, strict=True):
            own.copy_(new)
        self._graph.replay()
        return self._outputs


def captured(function: Function, inputs: Sequence[Tensor]) -> Function:
    """``function`` as a CUDA graph where that is possible, and as it is where it is not."""
    if inputs[0].device.type != "cuda":
        return function
    try:
        return Captured(function, inputs)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:  # an older driver, or an operation that cannot be captured
        torch.cuda.synchronize()
        return function
