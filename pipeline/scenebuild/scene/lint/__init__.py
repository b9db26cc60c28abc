"""What a prompt asks of a model that the model cannot give: warnings with a better wording, never errors.

``words`` makes a prompt comparable, one module a rule finds the words that break it, ``rulebook`` says why and what
to write instead, ``comments`` reads ``# scenebuild: ignore=…``, ``check`` brings them together. Plain lists of words
and patterns, no statistics: what is found can be pointed at, and what is wrong here can be put right in one line.
"""
