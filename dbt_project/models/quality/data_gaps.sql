-- One row per run of missing settlement periods (or settlement days) of a dataset.
with

missing as (

    select
        expected.*,
        case
            when expected.known_absent_because is not null then 'known absent'
            when asked.asked_at_utc is null or asked.asked_at_utc < expected.published_by_utc then 'never asked'
            when asked.outcome = 'failed' then 'asked and failed'
            when asked.outcome = 'empty' then 'asked and empty'
            else 'asked, period not in the answer'
        end as kind
    from {{ ref('expected_periods') }} as expected
    left join {{ ref('asked_days') }} as asked
        on expected.dataset = asked.dataset
        and expected.settlement_date = asked.settlement_date
    where expected.readings_held < expected.readings_expected

),

numbered as (

    -- neighbours keep the same distance between their place in time and their place among the missing;
    -- the hour makes London's midnights, 23:00 or 00:00 UTC, fall on successive days
    select
        *,
        case
            when settlement_period is null then floor(({{ unix_seconds('start_utc') }} + 3600) / 86400)
            else floor({{ unix_seconds('start_utc') }} / 1800)
        end - row_number() over (partition by dataset, kind, known_absent_because order by start_utc) as run
    from missing

)

select
    dataset,
    kind,
    min(start_utc) as from_utc,
    max(end_utc) as to_utc,
    min(settlement_date) as settlement_date_from,
    min_by(settlement_period, start_utc) as settlement_period_from,
    max(settlement_date) as settlement_date_to,
    max_by(settlement_period, start_utc) as settlement_period_to,
    count(*) as periods_missing,
    cast(sum(readings_expected - readings_held) as int64) as readings_missing,
    min(published_by_utc) as due_at_utc,
    known_absent_because,
    case when kind = 'known absent' then max(known_absent_at_utc) end as known_absent_at_utc,
    case when kind = 'known absent' then min(ask_again_at_utc) end as ask_again_at_utc,
    case
        when kind != 'known absent' then
            'gb-power load ' || dataset
            || ' --from ' || cast(min(settlement_date) as string)
            || ' --to ' || cast(max(settlement_date) as string) || ' --again'
    end as command
from numbered
group by dataset, kind, known_absent_because, run
