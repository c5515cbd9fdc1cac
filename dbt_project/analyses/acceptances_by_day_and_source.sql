-- Rows and units of acceptances by settlement day and channel (HISTORIC is REST, the corrected record).
select
    settlement_date, source,
    count(*) as row_count,
    count(distinct national_grid_bm_unit) as unit_count,
    min(accepted_at_utc) as first_accepted_at_utc,
    max(accepted_at_utc) as last_accepted_at_utc
from {{ ref('bmrs_boalf_unified') }}
group by settlement_date, source
order by settlement_date desc, source
