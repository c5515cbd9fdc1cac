-- One row per party that leads a BM unit in the register.
select
    lead_party_id as party_id,
    max(lead_party_name) as party_name,
    count(*) as bm_unit_count,
    count(case when bm_unit_type = 'I' then 1 end) as interconnector_bm_unit_count,
    -- an interconnector unit's capacity is a limit on trading, not a plant
    round(coalesce(sum(case when bm_unit_type != 'I' then generation_capacity_mw end), 0), 3) as generation_capacity_mw,
    round(coalesce(sum(case when bm_unit_type != 'I' then demand_capacity_mw end), 0), 3) as demand_capacity_mw
from {{ ref('dim_bm_units') }}
where is_registered and lead_party_id is not null
group by lead_party_id
