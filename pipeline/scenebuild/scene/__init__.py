"""From a path to a Scene: read strictly, validate everything at once, resolve to typed values.

``document`` reads YAML into plain data with the place of every key and value, ``validate`` lists what is wrong with
it, ``resolve`` fills in the defaults, ``read`` is the three in a row. Dicts end here.
"""
