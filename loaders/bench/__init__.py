"""What scripts/bench measures: ratios taken side by side in one run, each with its peak memory."""
