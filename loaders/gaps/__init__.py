"""What is missing in lake and warehouse, and what brings it back."""
