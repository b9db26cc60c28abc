"""Delivery: a finished mix as files for the places that sound is published in."""
