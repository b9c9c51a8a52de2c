"""One seeded training, and how fast and large it is."""
