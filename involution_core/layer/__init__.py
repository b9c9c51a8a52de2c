"""The layers: involution over maps, sequences and volumes."""
