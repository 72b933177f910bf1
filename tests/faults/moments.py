"""How many random moments a fault test tries."""

import os

MOMENTS = int(os.environ.get("MASKRNN_FAULT_MOMENTS", "20"))
