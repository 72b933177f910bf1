"""What runs, in which order and with which parameters: Prefect flows and the command line."""
