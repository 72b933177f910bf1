"""Loaded by every local worker when it starts: Ctrl-C on a terminal reaches the whole group of
processes, and workers leave the decision to the process that started them."""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
