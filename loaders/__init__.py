"""Thin loaders: they land what Elexon said, untouched and typed. dbt decides what it means."""
