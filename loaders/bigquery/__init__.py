"""The raw layer in BigQuery: the same tables as the Parquet lake, for those who outgrew one machine."""
