"""`group-channels`."""

from commands.shared.study_command import StudyCommand

GROUP_CHANNELS = StudyCommand("group-channels", "Table (b): how many channels share one kernel.")
