"""AudioGen and MusicGen: their weights and their decoder. The only room that imports torch, in child processes only."""
