"""A scene file as text: read strictly, with the place of every value, and edited line by line."""
