"""What computes the layers of the language model: the kernels, torch, and weights in their layouts."""
