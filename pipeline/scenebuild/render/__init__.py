"""One scene from its takes to its files."""
