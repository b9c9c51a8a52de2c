"""The command line of involution-ablate, as a package: `python -m involution_ablate`."""
