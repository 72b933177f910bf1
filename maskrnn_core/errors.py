"""Errors of the core. Each message says what is wrong, where, and what to do."""


class MaskRNNError(Exception):
    """Base class of all errors of the core."""


class InvalidInputError(MaskRNNError, ValueError):
    """An array, a video or an option that the function does not accept."""


class IncompatibleWeightsError(MaskRNNError, ValueError):
    """Weights that do not fit the network: other keys or shapes, or values that are not finite."""


class TrainingDivergedError(MaskRNNError, ArithmeticError):
    """A loss that is not finite; the message names video, frame, object and step."""
