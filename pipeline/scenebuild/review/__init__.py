"""What changed between two revisions of a project's sound."""
