"""Files of a run: records, checkpoints, claims, run.json."""
