"""How variants, levels and settings are written."""
