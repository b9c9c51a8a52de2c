"""`kernel-size`."""

from commands.shared.study_command import StudyCommand

KERNEL_SIZE = StudyCommand("kernel-size", "Table (a): the size of the involution kernel.")
