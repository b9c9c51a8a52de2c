"""Tables, independent of where they are shown."""
