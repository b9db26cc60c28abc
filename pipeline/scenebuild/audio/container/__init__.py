"""The containers of recordings: one module a format, and the reading that they share."""
