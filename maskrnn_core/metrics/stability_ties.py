"""Compiled kernel of T: the cheapest path if several are equally cheap.

The definition does not say which of them counts. The official figures come from Dijkstra's
algorithm with a heap of four children per node. There, the order in which equal distances leave the
heap decides. This kernel uses the same heap.
"""

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics.compilation import compiled

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

_UNSEEN, _DONE = -1, -2
_CHILDREN = 4


@compiled
def settled_path(costs: Float64, row_shift: int, column_shift: int) -> NDArray[np.int64]:
    """Cells (p, 2) from the last cell to the first; steps and shifts as in `cheapest_path`."""
    height, width = costs.shape
    distances = np.full(height * width, np.inf)
    parents = np.zeros(height * width, dtype=np.int32)
    places = np.full(height * width, _UNSEEN, dtype=np.int32)
    heap = np.empty(height * width, dtype=np.int32)
    distances[0], places[0], heap[0], size = 0.0, 0, 0, 1
    while size > 0:
        node = heap[0]
        places[node] = _DONE
        if node == height * width - 1:
            break
        size -= 1
        if size > 0:
            heap[0] = heap[size]
            places[heap[0]] = 0
            _sink(heap, size, places, distances)
        y, x = node // width, node % width
        for down, right in ((0, 1), (1, 0), (1, 1)):
            if y + down == height or x + right == width:
                continue
            target = node + down * width + right
            if places[target] == _DONE:
                continue
            cost = costs[(y + down + row_shift) % height, (x + right + column_shift) % width]
            if distances[node] + cost < distances[target]:
                distances[target] = distances[node] + cost
                parents[target] = node
                if places[target] == _UNSEEN:
                    places[target], heap[size] = size, target
                    size += 1
                _rise(heap, places[target], places, distances)
    return _back(parents, costs.shape, row_shift, column_shift)


@compiled
def _back(
    parents: Int32, shape: tuple[int, int], row_shift: int, column_shift: int
) -> NDArray[np.int64]:
    height, width = shape
    path = np.empty((height + width, 2), dtype=np.int64)
    node, count = height * width - 1, 0
    while True:
        path[count, 0] = (node // width + row_shift) % height
        path[count, 1] = (node % width + column_shift) % width
        count += 1
        if node == 0:
            return path[:count]
        node = parents[node]


@compiled
def _rise(heap: Int32, place: int, places: Int32, distances: Float64) -> None:
    node = heap[place]
    while place > 0:
        parent = (place - 1) // _CHILDREN
        if not distances[node] < distances[heap[parent]]:
            break
        heap[place] = heap[parent]
        places[heap[place]] = place
        place = parent
    heap[place] = node
    places[node] = place


@compiled
def _sink(heap: Int32, size: int, places: Int32, distances: Float64) -> None:
    place, node = 0, heap[0]
    while True:
        first = place * _CHILDREN + 1
        if first >= size:
            return
        least = first
        for child in range(first + 1, min(first + _CHILDREN, size)):
            if distances[heap[child]] < distances[heap[least]]:
                least = child
        if not distances[heap[least]] < distances[node]:
            return
        heap[place], heap[least] = heap[least], node
        places[heap[place]], places[node] = place, least
        place = least
