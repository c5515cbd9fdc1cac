-- One row per dataset and settlement date that was ever asked for, with what came of it the last time.
with

asked as (

    select
        windows.dataset,
        windows.variant,
        days.settlement_date,
        windows.asked_at_utc,
        windows.outcome
    from {{ ref('stg_bmrs__windows') }} as windows
    inner join {{ ref('dim_settlement_periods') }} as days
        on days.settlement_date between windows.settlement_date_from and windows.settlement_date_to
        and days.settlement_period = 1

),

last_asked as (

    select *
    from asked
    qualify row_number() over (partition by dataset, variant, settlement_date order by asked_at_utc desc) = 1

)

-- a dataset of several variants was answered when each of them was
select
    dataset,
    settlement_date,
    min(asked_at_utc) as asked_at_utc,
    case
        when count(case when outcome in ('failed', 'quarantined') then 1 end) > 0 then 'failed'
        when count(case when outcome != 'empty' then 1 end) = 0 then 'empty'
        else 'answered'
    end as outcome
from last_asked
group by dataset, settlement_date
