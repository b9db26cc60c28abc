"""The synthesis kit of the recipes: segments, noise, grains, pulses and rooms, with the same bits on any machine."""
