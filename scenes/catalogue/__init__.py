"""The kinds of sound that ``scenebuild explore`` plays and ``scenebuild init --from`` starts with, shipped as data."""
