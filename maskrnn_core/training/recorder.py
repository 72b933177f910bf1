"""Records a training step by step, saves its state from time to time, and resumes it."""

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
"""Work in seconds that a kill may cost, unless saving is slow."""
SAVE_SHARE = 0.01
"""Largest share of the time for saving; slow saves become rarer."""

_NETWORK = "network/"
_ADAM = "adam/"
_MOMENTS_OF_ADAM = {"step", "exp_avg", "exp_avg_sq"}
_MOMENTS_OF_MUON = {"momentum"}
"""Of a kernel; Muon takes all other steps as Adam."""
_COUNTERS = {"step"}
"""Moments that are one number, where the others have their parameter's shape."""


@dataclass(frozen=True)
class TrainingState:
    """Everything that the next step depends on.

    It contains no random state: batches depend only on seed, stage and step, and no step draws
    from torch's generator.
    """

    stage: str
    """The stage that the optimizer's state belongs to."""
    arrays: Mapping[str, NDArray[np.float32]]
    """Weights as "network/NAME"; for every parameter that the stage trains Adam's state as
    "adam/step/NAME", "adam/exp_avg/NAME" and "adam/exp_avg_sq/NAME", or, of Muon's kernels,
    "adam/momentum/NAME"."""
    curve: tuple[CurvePoint, ...]
    """All steps so far, of this stage and the stages before."""


def state_after(stage: str, weights: Weights, curve: Sequence[CurvePoint]) -> TrainingState:
    """The state between two stages; the next stage starts with a new optimizer.

    Args:
        stage: the stage that has ended.
        weights: the weights at its end.
        curve: its steps, and the steps of the stages before.
    """
    arrays = {f"{_NETWORK}{name}": array for name, array in weights.items()}
    return TrainingState(stage, arrays, tuple(curve))


class TrainingStates(Protocol):
    """Storage for the state of one training."""

    def load(self) -> TrainingState | None:
        """The last saved state; None if there is none."""

    def save(self, state: TrainingState) -> None:
        """Replace the saved state; a kill during this leaves either the old or the new one."""

    def reject(self, reason: str) -> None:
        """Remove the saved state, which does not fit; the training starts from the beginning."""


class Recorder:
    """Curve and saved states of one training.

    Args:
        network: the network in training; it gets the saved weights if there are any.
        on_step: called after each optimizer step.
        states: where to save to and resume from. None: nothing is saved.
        writes: whether this process saves.
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
        """Number of steps already taken in the stage; the optimizer gets the state after them."""
        if self._saved is not None and self._saved.stage == stage:
            moments = _moments_of(self._network, self._saved.arrays)
            for name, parameter in self._network.named_parameters():
                if name in moments:
                    optimizer.state[parameter] = on_device(moments[name], parameter)
            self._saved = None
        return sum(point.stage == stage for point in self.curve)

    def add(self, point: CurvePoint, steps: int, optimizer: torch.optim.Adam) -> None:
        """Record a step of a stage that has `steps` of them; save the state when it is time."""
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
    """The optimizer's state by parameter.

    Raises:
        IncompatibleWeightsError: a part is missing for a parameter, or has another shape.
    """
    found: dict[str, dict[str, NDArray[np.float32]]] = {}
    for key, value in _below(arrays, _ADAM).items():
        moment, name = key.split("/", 1)
        found.setdefault(name, {})[moment] = value
    parameters = dict(network.named_parameters())
    for name, moments in sorted(found.items()):
        whole = set(moments) in (_MOMENTS_OF_ADAM, _MOMENTS_OF_MUON)
        shapes = {moments[moment].shape for moment in moments if moment not in _COUNTERS}
        if not whole or name not in parameters or shapes != {tuple(parameters[name].shape)}:
            raise IncompatibleWeightsError(
                f"the optimizer's state for {name} does not fit this network"
            )
    return found


def on_device(
    moments: Mapping[str, NDArray[np.float32]], parameter: torch.nn.Parameter
) -> dict[str, torch.Tensor]:
    """A parameter's moments as the optimizer keeps them, on the device of the parameter."""
    state = {}
    for moment, value in moments.items():
        if moment in _COUNTERS:
            # Fused Adam counts on the device of the parameter.
            counted = torch.tensor(float(value), dtype=torch.float32, device=parameter.device)
            state[moment] = counted
        else:
            # Use the memory format of the parameter, as Adam does.
            state[moment] = torch.empty_like(parameter).copy_(torch.from_numpy(value)).detach()
    return state
