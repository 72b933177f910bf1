"""Errors of the core. Each message says what is wrong, where, and what to do."""


class MaskRNNError(Exception):
    """Base of every error that the core raises on purpose."""


class InvalidInputError(MaskRNNError, ValueError):
    """An array, a video or an option outside what the function takes."""


class IncompatibleWeightsError(MaskRNNError, ValueError):
    """Weights that belong to another network: other keys, shapes or values that are not finite."""


class TrainingDivergedError(MaskRNNError, ArithmeticError):
    """A loss that is not finite; the message names video, frame, object and step."""
