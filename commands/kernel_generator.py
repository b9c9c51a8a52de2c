"""`kernel-generator`."""

from commands.shared.study_command import StudyCommand

KERNEL_GENERATOR = StudyCommand("kernel-generator", "Table (c): the form of the kernel generator.")
