"""The run ledger and what is derived from it: names of stages, drivers, status, unused artifacts.

Records change while a run works; everything immutable belongs to `kinds`.
"""
