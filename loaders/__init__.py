"""Thin loaders: they land what Elexon said, untouched and typed. dbt decides what it means."""

__version__ = "0.1.0"
