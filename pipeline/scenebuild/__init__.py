"""scenebuild: soundscapes as code.

A scene file (YAML, in git) declares sound elements; the build generates each once, keeps it under a content
hash, mixes the elements into a soundscape and writes a README about it. The way of the data::

    path -> Document -> Scene -> Plan -> Takes -> Mix -> Report -> files

This module stays empty of imports: a build with nothing to do must start at once.
"""

__version__ = "0.1.0"
