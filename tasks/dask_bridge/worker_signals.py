"""Makes local workers ignore Ctrl-C, which a terminal sends to the whole group of processes; the
process that started them decides when they stop."""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
