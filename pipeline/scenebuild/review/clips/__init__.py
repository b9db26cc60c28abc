"""Short videos of before and after."""
