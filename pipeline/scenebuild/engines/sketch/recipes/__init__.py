"""One recipe for each kind of sound, grouped by subject."""
