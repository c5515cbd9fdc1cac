"""What people look at: the Google Sheet and the page, filled from the marts that dbt's exposures name."""
