-- One row per dataset and settlement date that is held, was asked for or should be there.
with

held as (

    select
        dataset,
        settlement_date,
        sum(row_count) as row_count,
        min(first_event_utc) as first_event_utc,
        max(last_event_utc) as last_event_utc
    from {{ ref('period_coverage') }}
    group by dataset, settlement_date

),

expected as (

    select
        dataset,
        settlement_date,
        count(*) as periods_expected,
        count(case when readings_held >= readings_expected then 1 end) as periods_complete,
        count(
            case when readings_held < readings_expected and known_absent_because is not null then 1 end
        ) as periods_known_absent
    from {{ ref('expected_periods') }}
    group by dataset, settlement_date

)

select
    dataset,
    settlement_date,
    {{ settlement_day_start('cast(date_add(settlement_date, interval 1 day) as date)') }}
    + interval (catalogue.published_after_minutes) minute <= {{ now_utc() }} as is_over,
    cast(coalesce(held.row_count, 0) as int64) as row_count,
    held.first_event_utc,
    held.last_event_utc,
    expected.periods_expected,
    expected.periods_complete,
    expected.periods_known_absent,
    expected.periods_complete + expected.periods_known_absent = expected.periods_expected as is_complete,
    asked.asked_at_utc as last_asked_at_utc,
    asked.outcome as last_outcome
from held
full join expected using (dataset, settlement_date)
full join {{ ref('asked_days') }} as asked using (dataset, settlement_date)
inner join {{ ref('dataset_catalogue') }} as catalogue using (dataset)
