"""Prompts as the language model sees them: T5's embedding, each prompt encoded alone, so that no padding exists.

audiocraft pads the prompts of a batch to the longest, zeroes the padding's embedding and lets it take part in the
cross-attention; what an element gets then depends on its neighbours. Alone, a prompt gives the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor
from torch.nn import functional

from scenebuild.engines.audiocraft.text_encoder import T5Encoder
from scenebuild.errors import EngineError


def encode_prompts(
    prompts: Collection[str], folder: str, projection: tuple[Tensor, Tensor], device: torch.device
) -> dict[str, Tensor]:
    """Each prompt's embedding ``(tokens, dim)`` on ``device``, in fp32 as audiocraft computes it.

    ``folder`` holds the T5 encoder, which is in memory only while this runs; ``projection`` is the language model's
    weight ``(dim, width of the encoder)`` and bias.
    """
    encoder = T5Encoder(folder)
    weight, bias = (one.cpu() for one in projection)
    if weight.shape[1] != encoder.shape.width:
        raise EngineError(
            f"the model wants a text encoder of width {weight.shape[1]}, the one in {folder} has {encoder.shape.width}"
        )
    found = {}
    for prompt in sorted(set(prompts)):  # one by one: in a batch, even of equal lengths, the last bits are others
        hidden = encoder.hidden(torch.tensor([encoder.tokens(prompt)]))
        found[prompt] = functional.linear(hidden, weight, bias)[0].to(device)
    return found
