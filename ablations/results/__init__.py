"""What the records of a run say: statistics of every study and of every variant."""
