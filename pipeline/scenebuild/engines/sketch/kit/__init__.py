"""What recipes are made of: time in segments, noise, grains, pulses and rooms, with the same bits on any machine."""
