"""The models that there are, and their files on this machine: listed, fetched, recorded, checked."""
