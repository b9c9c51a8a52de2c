"""What a study compares: settings, variants, files."""
