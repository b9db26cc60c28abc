"""What is wrong with a scene file: the schema's violations and our own rules, in words."""
