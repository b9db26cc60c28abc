"""The report of a build: its README, its pictures and its pages."""
