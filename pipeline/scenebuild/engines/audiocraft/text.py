"""Prompts as the language model sees them: T5's embedding, each prompt encoded alone, so that no padding exists.

audiocraft pads the prompts of a batch to the longest, zeroes the padding's embedding and lets it take part in the
cross-attention; what an element gets then depends on its neighbours. Alone, a prompt gives the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn

from scenebuild.engines.audiocraft.checkpoint import PROJECTION, Checkpoint
from scenebuild.engines.audiocraft.text_encoder import TextEncoder
from scenebuild.errors import EngineError


def encode_prompts(
    prompts: Collection[str], folder: str, checkpoint: Checkpoint, device: torch.device
) -> dict[str, Tensor]:
    """Each prompt's embedding ``(tokens, dim)`` on ``device``, in fp32 as audiocraft computes it.

    ``folder`` holds the T5 encoder, which is in memory only while this runs.
    """
    encoder = TextEncoder(folder)
    projection = _projection(checkpoint, encoder.shape.width)
    found = {}
    for prompt in sorted(set(prompts)):  # one by one: in a batch, even of equal lengths, the last bits are others
        hidden = encoder.hidden(torch.tensor([encoder.tokens(prompt)]))
        found[prompt] = projection(hidden)[0].to(device)
    return found


def _projection(checkpoint: Checkpoint, width: int) -> nn.Linear:
    """From the text encoder's width to the language model's; it is part of the checkpoint."""
    weight = checkpoint.state[PROJECTION + "weight"].float()
    if weight.shape[1] != width:
        raise EngineError(f"{checkpoint.path} wants a text encoder of width {weight.shape[1]}, this one has {width}")
    layer = nn.Linear(width, weight.shape[0], device="meta").requires_grad_(False)
    layer.load_state_dict({"weight": weight, "bias": checkpoint.state[PROJECTION + "bias"].float()}, assign=True)
    return layer


def padded(embeddings: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Embeddings of several lengths as ``(rows, longest, dim)``, and where they are real: bool ``(rows, longest)``."""
    lengths = torch.tensor([len(one) for one in embeddings])
    real = torch.arange(int(lengths.max()))[None, :] < lengths[:, None]
    return nn.utils.rnn.pad_sequence(embeddings, batch_first=True), real.to(embeddings[0].device)
