"""Warnings about prompts that a model cannot follow, each with a better wording.

``words`` normalises a prompt, a module per rule finds the words that break it, ``rulebook`` has the reasons and the
advice, ``comments`` reads ``# scenebuild: ignore=…``, ``check`` runs all rules. The rules are lists of words and
patterns, so that each warning names the words that caused it.
"""
