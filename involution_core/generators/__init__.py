"""Kernel generators: what makes a kernel from each pixel."""
