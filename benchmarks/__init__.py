"""How fast the gateway is, and that its memory does not grow with the file: `python -m benchmarks`."""
