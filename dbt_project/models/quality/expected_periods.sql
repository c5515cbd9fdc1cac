-- One row per settlement period (or settlement day) that a dataset's history should hold by now, and what it holds.
with

periods as (

    -- a daily dataset has one row per day, which stands where the day's first period would
    select
        history.dataset,
        periods.settlement_date,
        case when history.cadence != 'day' then periods.settlement_period end as settlement_period,
        periods.start_utc,
        case
            when history.cadence != 'day' then periods.end_utc
            else periods.start_utc + interval (periods.periods_in_day * 30) minute
        end as end_utc,
        history.readings_expected,
        history.published_after_minutes
    from {{ ref('dataset_history') }} as history
    inner join {{ ref('dim_settlement_periods') }} as periods
        on periods.settlement_date between history.settlement_date_from and history.settlement_date_to
    where
        history.cadence is not null
        and (history.cadence != 'day' or periods.settlement_period = 1)
        -- what no model holds cannot be looked for
        and history.dataset in ('{{ covered_datasets() | map(attribute="dataset") | join("', '") }}')

),

published as (

    select distinct
        *,
        end_utc + interval (published_after_minutes) minute as published_by_utc
    from periods

),

answered as (

    -- what `gb-power gaps --fill` found that Elexon does not have, as of the last time it asked
    select *
    from {{ ref('stg_bmrs__known_absent') }}
    qualify row_number() over (
        partition by dataset, settlement_date, settlement_period order by asked_at_utc desc
    ) = 1

)

select
    published.dataset,
    published.settlement_date,
    published.settlement_period,
    published.start_utc,
    published.end_utc,
    published.published_by_utc,
    published.readings_expected,
    coalesce(held.readings, 0) as readings_held,
    coalesce(absent.reason, answered.answer) as known_absent_because,
    answered.asked_at_utc as known_absent_at_utc,
    answered.ask_again_at_utc
from published
left join {{ ref('period_coverage') }} as held
    on published.dataset = held.dataset
    and published.settlement_date = held.settlement_date
    and coalesce(published.settlement_period, 0) = coalesce(held.settlement_period, 0)
left join {{ ref('known_absent') }} as absent
    on published.dataset = absent.dataset
    and published.settlement_date = absent.settlement_date
    and published.settlement_period between absent.settlement_period_from and absent.settlement_period_to
left join answered
    on published.dataset = answered.dataset
    and published.settlement_date = answered.settlement_date
    and coalesce(published.settlement_period, 0) = coalesce(answered.settlement_period, 0)
    -- what went missing since then is another matter
    and coalesce(held.readings, 0) >= answered.readings_held
where published.published_by_utc <= {{ now_utc() }}
