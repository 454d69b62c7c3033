"""The suite as separate processes of one machine: `launching` starts, watches and stops them."""
