"""The README of a build, rendered with Jinja."""
