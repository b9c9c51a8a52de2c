"""The modules of the folder that the command runs in, as parts of this one. No torch.

What lies there under a name that the program, the standard library or something installed has,
too, is imported as `ablations.working_folder.NAME`: it stands in for nothing, and every process
finds it.
"""

__path__ = [""]
"""The folder in which a process is; searched by Python's own finder."""
