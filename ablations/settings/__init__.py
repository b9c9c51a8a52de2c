"""How a setting is declared, and how its values are read."""
