"""``extends``, variants, parameters and matrices: how files are composed into scenes."""
