"""``scenebuild watch``: builds a scene again whenever it is saved, and serves a page on 127.0.0.1 that plays it.

The page's faders write into the scene file, one line at a time. ``guard`` checks requests, ``edits`` writes fields,
``inputs`` finds the files that a build depends on, ``board`` holds the latest page, ``server`` serves it, and ``loop``
builds.
"""
