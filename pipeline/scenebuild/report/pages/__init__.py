"""Pages of HTML that play sound: one self-contained file each."""
