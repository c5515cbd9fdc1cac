"""Servers that speak the real protocols, so that tests and the demo need neither an account nor the internet."""
