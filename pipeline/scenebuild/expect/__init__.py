"""The author's expectations of a scene, compared with measurements.

``verdict`` decides whether an expectation holds, ``check`` measures takes and mixes, ``tested`` is the result for a
scene, and ``junit`` writes verdicts for a CI server.
"""
