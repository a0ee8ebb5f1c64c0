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


def describe(error: BaseException) -> str:
    """Type, first line and place of an exception raised by somebody else's code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if isinstance(error, SyntaxError) and error.filename:
        place = f" ({error.filename}, line {error.lineno})"
    elif trace is not None:
        code = trace.tb_frame.f_code
        place = f" ({code.co_filename}, line {trace.tb_lineno}, in {code.co_name})"
    text = [error.msg] if isinstance(error, SyntaxError) else str(error).splitlines()
    return f"{type(error).__name__}: {text[0]}{place}" if text else f"{type(error).__name__}{place}"
