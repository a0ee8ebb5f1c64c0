"""What can go wrong, in one sentence each: what is wrong, where, and what to do.

The command line prints the sentence and ends with the class's exit status; it never prints a traceback for these.
"""


class HarnessError(Exception):
    """Something failed that the user can mend; the message is the one sentence that is printed."""

    exit_status = 1


class UsageError(HarnessError):
    """The command was misused: an unknown name, option or value."""

    exit_status = 2


class DataError(HarnessError):
    """A data set's files are missing, unreadable or not what the layout says."""


class PredictionError(HarnessError):
    """A result file, or what a submission answered, does not have the form that the task declares."""


class WeightsError(HarnessError):
    """A checkpoint is missing, unsafe to load, or belongs to another network."""


class RecordError(HarnessError):
    """A record or one of its artifacts is missing, damaged, or of an unknown schema."""


class SubmissionError(HarnessError):
    """A submission's manifest or code is broken, or it failed while it ran."""
