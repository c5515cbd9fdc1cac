-- One row per piece of a BM unit's maximum import limit: what is in force of the submissions that overlap.
{{ rebuild_by_settlement_day(of='from_utc', until='to_utc', cluster_by=['national_grid_bm_unit']) }}

with

published as (

    select * from {{ ref('stg_bmrs__mils') }}
    union all
    select * from {{ ref('stg_iris__mils') }}

),

at_hand as (

    select * from published
    where {{ in_reach_of_due_days('from_utc', 'to_utc') }}

),

{{ effective_position('at_hand') }}

select
    national_grid_bm_unit,
    bm_unit,
    from_utc,
    to_utc,
    notification_sequence,
    {{ settlement_date('from_utc') }} as settlement_date,
    {{ settlement_period('from_utc') }} as settlement_period,
    notified_at_utc,
    level_from_mw,
    level_to_mw,
    source,
    fetched_at_utc,
    load_id
from effective_position
where {{ in_due_days(of='from_utc') }}
