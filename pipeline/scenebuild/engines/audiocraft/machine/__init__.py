"""What the machine has for a model: devices, memory, processors."""
