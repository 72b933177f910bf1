"""What this machine has, and what a run needs of it: workers, memory, disk.

Pure estimates and one look at the machine; the refusal of a run belongs to `flows/plan`.
"""
