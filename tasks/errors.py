"""Defines the errors of the tasks. Each message says what is wrong, where, and what to do."""

WORKER_DIED = "WorkerDied"
"""Kind of a `UnitError` that is no fault of the unit: the process that ran it died."""


class TaskError(Exception):
    """Base of every error that the tasks raise on purpose."""


class ParameterError(TaskError, ValueError):
    """A parameter of a run is invalid: an unknown preset, option, data set or video."""


class BridgeError(TaskError, RuntimeError):
    """There is no worker to run on: the scheduler is unreachable, or no worker has the resource."""


class RunEndedError(BridgeError):
    """The run was ended before a unit could start, so the unit neither failed nor was cut off."""

    def __init__(self) -> None:
        super().__init__("the run was ended before this unit could start")


class TrainingProcessError(TaskError, RuntimeError):
    """One of the processes of a training failed; the message is its own."""


class UnitError(TaskError, RuntimeError):
    """A unit of work failed on its worker, or its worker died.

    Attributes:
        kind: class name of the original error.
        trace: its traceback as text, empty when the worker died.
        transient: whether a retry may succeed, as `tasks.retries.transient` decides.
    """

    def __init__(self, message: str, kind: str, trace: str = "", transient: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace
        self.transient = transient
