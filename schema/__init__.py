"""The JSON Schema of a scene file, shipped as data."""
