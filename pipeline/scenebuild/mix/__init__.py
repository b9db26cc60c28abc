"""From takes to the mix: placed, treated, summed."""
