"""What commands do that are more than one build: take lists, examples, expectations, edits of a scene file."""
