"""Delivery: a finished mix as files for podcasts, broadcasters, games and other uses."""
