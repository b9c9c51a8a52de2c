"""What is kept on disk: trials, timings, runs."""
