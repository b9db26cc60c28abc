"""A review as text, Markdown, JSON, annotations, a page."""
