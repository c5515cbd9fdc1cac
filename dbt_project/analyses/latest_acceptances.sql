-- The latest acceptances over both channels, and which of the two each came by.
select
    accepted_at_utc, national_grid_bm_unit, bm_unit, acceptance_number, from_utc, to_utc,
    level_from_mw, level_to_mw, is_so_flagged, source, fetched_at_utc
from {{ ref('bmrs_boalf_unified') }}
where {{ in_newest_days(ref('bmrs_boalf_unified')) }}
order by accepted_at_utc desc, national_grid_bm_unit, from_utc
limit 50
