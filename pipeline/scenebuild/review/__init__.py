"""What changed between two revisions of a project: in words, in numbers, in sound."""
