"""Contrasts, intervals, effects of axes, dominance, power. Imports nothing else of this project."""
