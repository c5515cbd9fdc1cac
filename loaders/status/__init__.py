"""``gb-power status``: everything that is watched, as a list of checks that a person, cron or an alarm can read."""
