"""Carries out `maskrnn doctor`: shows what this machine offers and what is missing."""

from flows.console.plain_table import Column, PlainTable
from flows.terminal import Terminal
from tasks.plan.machine_report import machine_report


def print_doctor() -> int:
    """Print limits, device and libraries, then flow estimators and where their weights are.

    Exit code 1 if a library cannot be loaded.
    """
    console = Terminal()
    found = machine_report()
    for name, value in found.facts.items():
        console.print(f"{name}: {value}")
    columns = [Column("estimator"), Column("weights")]
    rows = list(found.estimators.items())
    console.print(PlainTable(columns, rows, "Flow estimators", has_text=True))
    console.print("Weights are searched for in these folders, in this order:")
    for folder in found.folders:
        console.print(f"  {folder}")
    console.print(
        "under the name of the estimator (such as flownet2.safetensors or flownet2.pth.tar), or "
        "under their published name (such as FlowNet2_checkpoint.pth.tar)."
    )
    return 0 if found.usable else 1
