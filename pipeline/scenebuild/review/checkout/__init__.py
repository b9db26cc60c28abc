"""Where the two sides of a comparison come from: git, the working tree, folders."""
