"""End-point error of every flow estimator on the generated data set, whose flow is exact.

Run as `python benchmarks/flow_accuracy.py`. Networks are included when their weights are where
`maskrnn doctor` tells.
"""

import argparse

from maskrnn_core.optical_flow.accuracy import flow_accuracy
from maskrnn_core.options import ComputeOptions
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from tasks.inputs.flow_method import flow_method, known_estimators
from tasks.inputs.flow_weights import find_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(128, 224), help="height, width")
    parser.add_argument("--pairs", type=int, default=8, help="per video")
    options = parser.parse_args()
    size = (options.size[0], options.size[1])
    videos = synthetic_videos("val", SyntheticOptions(size=size))
    print(f"{len(videos)} videos of {size[0]}x{size[1]}, {options.pairs} pairs each, both ways")
    print(f"{'estimator':14} error px  visible px  over 3 px")
    still = 0.0
    for name, network in known_estimators().items():
        if network and find_weights(name) is None:
            print(f"{name:14} no weights here")
            continue
        estimator = flow_method(name).build(ComputeOptions())
        found = flow_accuracy(estimator, videos, options.pairs)
        still = found.still
        print(f"{name:14} {found.error:8.3f} {found.visible:11.3f} {found.far:10.1%}")
    print(f"{'no motion':14} {still:8.3f}")


if __name__ == "__main__":
    main()
