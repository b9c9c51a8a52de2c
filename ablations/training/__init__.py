"""Training of one trial, and timing of one variant. Knows no file of a run."""
