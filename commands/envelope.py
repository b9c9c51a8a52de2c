"""`envelope`."""

from commands.shared.study_command import StudyCommand

ENVELOPE = StudyCommand(
    "envelope", "The envelopes: accuracy against cost of whole families of networks."
)
