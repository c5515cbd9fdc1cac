-- One row per action in the ranked stack of a settlement period and side, as the latest calculation has it.
{{ rebuild_by_settlement_day() }}

with

published as (

    select * from {{ ref('stg_bmrs__ispstack') }}
    union all
    select * replace ({{ stated_side('ispstack') }} as bid_offer)
    from {{ ref('stg_iris__ispstack') }}
    where {{ is_about_something('ispstack') }}

),

latest as (

    select *
    from published
    where {{ in_due_days() }}
    qualify row_number() over (
        partition by settlement_date, settlement_period, bid_offer, sequence_number
        order by
            created_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

-- A stack is calculated whole: places beyond the end of the latest one are of an older, longer one.
select *
from latest
qualify not coalesce(
    created_at_utc < max(created_at_utc) over (partition by settlement_date, settlement_period, bid_offer)
    - interval 1 hour, false
)
