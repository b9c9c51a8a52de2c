"""The commands: parse, call, print. Imports nothing heavy before a command runs."""
