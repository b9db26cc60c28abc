"""The Jinja templates of what a build writes, shipped as data."""
