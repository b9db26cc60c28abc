"""Matrix products that stay on the calling thread.

A BLAS with threads cuts a product up as soon as it is larger than some quarter of a million multiplications, and its
threads wait for each other in a busy loop. For the products of a chunk of sound, a millisecond long, that saves little
on an idle machine and costs fifty times the work on a busy one (measured). So they are done in pieces under that size.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

MOST_MULTIPLICATIONS = 1 << 17  # OpenBLAS, the one that comes with numpy, goes to several threads over 2**18

Number = TypeVar("Number", bound=np.floating)


def product(rows: NDArray[Number], matrix: NDArray[Number]) -> NDArray[Number]:
    """``rows @ matrix`` for rows of shape ``(..., n, k)`` and a matrix of ``(k, m)``.

    >>> product(np.ones((2, 1000, 3)), np.ones((3, 5))).sum()
    np.float64(30000.0)
    """
    *outer, count, size = rows.shape
    piece = max(1, MOST_MULTIPLICATIONS // max(matrix.size, 1))
    if count <= piece:
        return np.asarray(np.matmul(rows, matrix))
    out = np.empty((*outer, count, matrix.shape[1]), np.result_type(rows, matrix))
    whole = count - count % piece
    pieces = rows[..., :whole, :].reshape(*outer, -1, piece, size)
    np.matmul(pieces, matrix, out=out[..., :whole, :].reshape(*outer, -1, piece, matrix.shape[1]))
    np.matmul(rows[..., whole:, :], matrix, out=out[..., whole:, :])
    return out
