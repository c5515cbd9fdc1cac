"""Elexon's Insights REST API."""
