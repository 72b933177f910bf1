"""Determines what this machine has, and what a run needs of it: workers, memory, disk.

It only estimates and inspects the machine; refusing a run belongs to `flows/plan`.
"""
