"""From a path to a Scene: read strictly, validate everything at once, resolve to typed values.

``yaml.document`` reads YAML into plain data with the place of every key and value, ``check.validate`` lists what is
wrong with it, ``resolve`` fills in the defaults, ``read`` does all three. The other rooms see dataclasses, no dicts.
"""
