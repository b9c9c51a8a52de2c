"""What several commands share: options, settings, the end of the program."""
