"""``scenebuild watch``: a scene that is built again whenever it is saved, and a page on 127.0.0.1 that plays it.

The page's faders write into the scene file, one line at a time. ``guard`` decides who may ask for what, ``edits`` what
of it is written, ``inputs`` what a build depends on; ``board`` holds the latest page, ``server`` hands it out, and
``loop`` joins them.
"""
