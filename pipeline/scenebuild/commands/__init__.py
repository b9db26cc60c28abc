"""Commands that are more than one build: takes, the explorer, expectations, listening, edits of a scene file."""
