"""What changed between two sides, as values."""
