-- Pricing looks one day back for profiles that run past midnight (in_days_at_hand). Elexon allows a segment four hours.
select *
from {{ ref('bmrs_boalf_unified') }}
where
    {{ in_tested_days(ref('bmrs_boalf_unified')) }}
    and to_utc > from_utc + interval 23 hour
