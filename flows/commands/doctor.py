"""Carries out `maskrnn doctor`: shows what this machine offers and what is missing."""

from rich.table import Table

from flows.terminal import Terminal
from tasks.plan.machine_report import machine_report


def print_doctor() -> int:
    """Print limits, device and libraries, then flow estimators and where their weights are.

    Exit code 1 if a library cannot be loaded.
    """
    console = Terminal(soft_wrap=True)
    found = machine_report()
    for name, value in found.facts.items():
        console.print(f"{name}: {value}", highlight=False, markup=False)
    table = Table(title="Flow estimators", title_justify="left")
    for column in ("estimator", "weights"):
        table.add_column(column, overflow="fold")
    for name, weights in found.estimators.items():
        table.add_row(name, weights)
    console.print(table)
    console.print("Weights are searched for in these folders, in this order:", highlight=False)
    for folder in found.folders:
        console.print(f"  {folder}", highlight=False, markup=False)
    console.print(
        "under the name of the estimator (such as flownet2.safetensors or flownet2.pth.tar), or "
        "under their published name (such as FlowNet2_checkpoint.pth.tar).",
        highlight=False,
        markup=False,
    )
    return 0 if found.usable else 1
