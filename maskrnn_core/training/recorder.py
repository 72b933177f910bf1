"""What a training has come to: told step by step, saved every so often, taken up again."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.networks import MaskRNN, load_weights, weights_of
from maskrnn_core.networks.weights import Weights
from maskrnn_core.training.curve import CurvePoint, OnStep

SAVE_SECONDS = 60.0
"""Work that a kill may cost, unless saving is slow."""
SAVE_SHARE = 0.01
"""Largest share of the time that saving may take; slow saves become rarer."""

_NETWORK = "network/"
_ADAM = "adam/"
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class TrainingState:
    """All that the next step depends on. Batches follow from seed, stage and step alone, and no
    step draws from torch's generator, so that no random state belongs to it."""

    stage: str
    """The stage of Adam's state."""
    arrays: Mapping[str, NDArray[np.float32]]
    """Weights as "network/NAME"; Adam's state as "adam/step/NAME", "adam/exp_avg/NAME" and
    "adam/exp_avg_sq/NAME", for every parameter that the stage trains."""
    curve: tuple[CurvePoint, ...]
    """Every step so far, of this stage and those before."""


def state_after(stage: str, weights: Weights, curve: Sequence[CurvePoint]) -> TrainingState:
    """The state between two stages: the next one begins with an Adam of its own.

    Args:
        stage: that has ended.
        weights: what it ended with.
        curve: its steps, and those of stages before.
    """
    arrays = {f"{_NETWORK}{name}": array for name, array in weights.items()}
    return TrainingState(stage, arrays, tuple(curve))


class TrainingStates(Protocol):
    """Where the state of one training is kept."""

    def load(self) -> TrainingState | None:
        """The last one saved, whole; None where there is none."""

    def save(self, state: TrainingState) -> None:
        """Keep it in place of the former one; a kill meanwhile leaves one of both."""

    def reject(self, reason: str) -> None:
        """The loaded one belongs to another training, which begins anew: forget it."""


class Recorder:
    """Curve and saved states of one training.

    Args:
        network: being trained; it gets the saved weights where there are any.
        on_step: called after each optimizer step.
        states: where to save to and resume from; None: nowhere.
        writes: whether this process is the one that saves.
    """

    def __init__(
        self,
        network: MaskRNN,
        on_step: OnStep | None = None,
        states: TrainingStates | None = None,
        *,
        writes: bool = True,
    ) -> None:
        self.curve: list[CurvePoint] = []
        self._network = network
        self._on_step = on_step
        self._states = states
        self._writes = writes
        self._saved: TrainingState | None = None
        self._save_cost = 0.0
        self._since = time.monotonic()
        state = None if states is None else states.load()
        if states is not None and state is not None:
            try:
                _moments_of(network, state.arrays)
                load_weights(network, _below(state.arrays, _NETWORK))
            except IncompatibleWeightsError as error:
                states.reject(str(error))
            else:
                self._saved, self.curve = state, list(state.curve)

    def begin(self, stage: str, optimizer: torch.optim.Adam) -> int:
        """Steps that the stage has behind it; the optimizer gets the state that they led to."""
        if self._saved is not None and self._saved.stage == stage:
            moments = _moments_of(self._network, self._saved.arrays)
            for name, parameter in self._network.named_parameters():
                if name in moments:
                    optimizer.state[parameter] = _on_device(moments[name], parameter)
            self._saved = None
        return sum(point.stage == stage for point in self.curve)

    def add(self, point: CurvePoint, steps: int, optimizer: torch.optim.Adam) -> None:
        """Note a step that was taken, of so many of its stage; save when it is time."""
        self.curve.append(point)
        if self._on_step is not None:
            self._on_step(point, steps)
        started = time.monotonic()
        due = max(SAVE_SECONDS, self._save_cost / SAVE_SHARE)
        if self._states is None or not self._writes or started - self._since < due:
            return
        self._states.save(self._state(point.stage, optimizer))
        self._since = time.monotonic()
        self._save_cost = self._since - started

    def _state(self, stage: str, optimizer: torch.optim.Adam) -> TrainingState:
        weights = weights_of(self._network)
        arrays = {f"{_NETWORK}{name}": value for name, value in weights.items()}
        for name, parameter in self._network.named_parameters():
            for moment, value in optimizer.state.get(parameter, {}).items():
                copy = value.detach().float().cpu().contiguous().numpy().copy()
                arrays[f"{_ADAM}{moment}/{name}"] = copy
        return TrainingState(stage, arrays, tuple(self.curve))


_Arrays = Mapping[str, NDArray[np.float32]]


def _below(arrays: _Arrays, prefix: str) -> dict[str, NDArray[np.float32]]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _moments_of(network: MaskRNN, arrays: _Arrays) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Adam's state by parameter.

    Raises:
        IncompatibleWeightsError: a parameter with a part of it, or of another shape.
    """
    parts = {moment: _below(arrays, f"{_ADAM}{moment}/") for moment in _MOMENTS}
    names = {name for part in parts.values() for name in part}
    parameters = dict(network.named_parameters())
    for name in sorted(names):
        fits = name in parameters and all(name in part for part in parts.values())
        shapes = [parts[moment][name].shape for moment in _MOMENTS[1:]] if fits else []
        if not fits or any(shape != tuple(parameters[name].shape) for shape in shapes):
            raise IncompatibleWeightsError(f"Adam's state of {name} does not fit this network")
    return {name: {moment: parts[moment][name] for moment in _MOMENTS} for name in names}


def _on_device(
    moments: Mapping[str, NDArray[np.float32]], parameter: torch.nn.Parameter
) -> dict[str, torch.Tensor]:
    state = {"step": torch.tensor(float(moments["step"]))}  # Adam counts on the CPU
    for moment in _MOMENTS[1:]:
        # In the parameter's memory format, as Adam itself makes it.
        state[moment] = torch.empty_like(parameter).copy_(torch.from_numpy(moments[moment]))
    return {name: tensor.detach() for name, tensor in state.items()}
