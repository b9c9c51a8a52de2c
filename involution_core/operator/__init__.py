"""The operator on maps: its function, torch operators, derivatives and routes."""
