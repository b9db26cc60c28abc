"""What a scene must sound like: the author's expectations held against what was measured.

``verdict`` is one expectation and whether it holds, ``hold`` measures takes and mixes and judges them, ``junit`` writes
the verdicts for a CI server.
"""
