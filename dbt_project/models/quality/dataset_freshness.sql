-- One row per dataset that was ever asked for or held: how new it is.
with

held as (

    select dataset, max(last_event_utc) as last_event_utc, min(settlement_date) as first_settlement_date
    from {{ ref('dataset_coverage') }}
    where row_count > 0
    group by dataset

),

asked as (

    select dataset, max(asked_at_utc) as last_asked_at_utc
    from {{ ref('stg_bmrs__windows') }}
    group by dataset

),

gaps as (

    -- as data_gaps has them, whose tests fail when there are any: this is to be built then too
    select dataset, count(*) as periods_missing
    from {{ ref('expected_periods') }}
    where readings_held < readings_expected and known_absent_because is null
    group by dataset

)

select
    dataset,
    catalogue.title,
    held.last_event_utc,
    asked.last_asked_at_utc,
    held.first_settlement_date,
    cast(catalogue.published_after_minutes as int64) as published_after_minutes,
    {{ minutes_between('held.last_event_utc', now_utc()) }} as age_minutes,
    cast(coalesce(gaps.periods_missing, 0) as int64) as periods_missing,
    {{ now_utc() }} as evaluated_at_utc
from held
full join asked using (dataset)
left join gaps using (dataset)
inner join {{ ref('dataset_catalogue') }} as catalogue using (dataset)
