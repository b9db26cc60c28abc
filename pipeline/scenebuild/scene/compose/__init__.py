"""How one file becomes several scenes: ``extends``, variants, parameters."""
