"""The studies: variants, their costs and the proof of them, data, training, records."""
