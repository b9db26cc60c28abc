"""A step as one launch: a CUDA graph of a function whose tensors keep their shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Function = Callable[..., tuple[Tensor, ...]]
HAS_GRAPHS = "cuda"  # the type of device
WARM_UPS = 3  # as torch's notes on CUDA graphs have it: libraries allocate and choose while they are called first
TOLERANCE = 0.01  # of the largest value: far above the noise of half precision, far below what another input changes


class Captured:
    """Runs ``function`` from tensors of fixed shapes, launched as a whole.

    What it returns is overwritten by the next call. State that the function writes must bear being written again with
    the same values, because it runs some times before it is captured. A graph holds addresses and not the function:
    whoever captures keeps every tensor that the function reads from outside, for as long as the graph.
    """

    def __init__(self, function: Function, inputs: Sequence[Tensor]) -> None:
        self._inputs = [tensor.clone() for tensor in inputs]
        stream = torch.cuda.Stream(inputs[0].device)  # and not of the current device, where nothing would be captured
        stream.wait_stream(torch.cuda.current_stream(inputs[0].device))
        with torch.cuda.stream(stream):
            for _ in range(WARM_UPS):
                function(*self._inputs)
        torch.cuda.current_stream(inputs[0].device).wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, stream=stream):
            self._outputs = function(*self._inputs)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        for own, new in zip(self._inputs, inputs, strict=True):
            own.copy_(new)
        self._graph.replay()
        return self._outputs


def captured(
    function: Function, inputs: Sequence[Tensor], others: Sequence[Tensor], tell: Callable[[str], None]
) -> Function:
    """``function`` as a CUDA graph where that is possible, and as it is where it is not; ``tell`` hears why.

    ``others``: inputs with other results, for which the graph and the function are compared once. A graph that was
    captured on the wrong device is empty, replays without an error and leaves the results of the first call.
    """
    device = inputs[0].device
    if device.type != HAS_GRAPHS:
        return function
    try:
        graph = Captured(function, inputs)
        reason = "" if _agree(graph(*others), function(*others)) else "the graph gave other results"
    except RuntimeError as error:  # an older driver, or an operation that cannot be captured
        for one in (error, error.__context__):  # the end of a capture raises over what went wrong in it
            if isinstance(one, torch.OutOfMemoryError):
                raise one from None
        torch.cuda.synchronize(device)
        reason = str(error).partition("\n")[0]
    if not reason:
        return graph
    tell(f"steps run as single operations on {device}, several times slower than as one CUDA graph: {reason}")
    return function


def _agree(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> bool:
    return all(
        bool((one - other).abs().max() <= TOLERANCE * other.abs().max())  # not where either is no number
        for one, other in zip(found, wanted, strict=True)
    )
