-- One row per dataset and settlement date that is held, was asked for, was heard of or should be there: how good it is.
{%- set counted = covered_datasets() | map(attribute='dataset') | join("', '") %}
{%- set pieces = covered_datasets() | selectattr('pieces', 'defined') | map(attribute='dataset') | join("', '") %}
with

joined as (

    select
        dataset,
        settlement_date,
        coverage.is_over,
        coverage.periods_expected,
        coverage.periods_complete,
        coverage.periods_known_absent,
        coverage.periods_expected - coverage.periods_known_absent as periods_wanted,
        landed.rows_landed,
        case when dataset in ('{{ counted }}') then coalesce(coverage.row_count, 0) end as row_count,
        case when dataset not in ('{{ pieces }}') then landed.rows_landed - coalesce(coverage.row_count, 0) end as rows_left,
        landed.timeliness_minutes,
        landed.slowest_minutes,
        answered.answers + answered.messages as answers,
        answered.answers_refused + answered.messages_refused as answers_refused
    from {{ ref('dataset_coverage') }} as coverage
    full join {{ ref('landed_days') }} as landed using (dataset, settlement_date)
    full join {{ ref('answered_days') }} as answered using (dataset, settlement_date)

)

select
    joined.dataset,
    joined.settlement_date,
    coalesce(
        joined.is_over, {{ settlement_day_start('cast(date_add(joined.settlement_date, interval 1 day) as date)') }}
        + interval (coalesce(catalogue.published_after_minutes, 0)) minute <= {{ now_utc() }}
    ) as is_over,

    joined.periods_expected,
    joined.periods_complete,
    joined.periods_known_absent,
    {{ percent('joined.periods_complete', 'joined.periods_wanted') }} as completeness_percent,
    case
        when joined.periods_wanted > 0 then null
        when joined.periods_wanted = 0 then 'all of it is known to be absent'
        when catalogue.cadence is null then 'no number of rows is expected: it is published when something happens'
        else 'outside the history that is kept, or not due yet'
    end as completeness_unknown_because,

    joined.timeliness_minutes,
    joined.slowest_minutes,
    case
        when joined.timeliness_minutes is not null then null
        when joined.dataset in ('{{ counted }}') then 'no row was landed'
        else 'no model counts its rows by settlement day'
    end as timeliness_unknown_because,

    joined.rows_landed,
    joined.row_count,
    {{ percent('joined.rows_left', 'joined.rows_landed') }} as duplication_percent,
    case
        when joined.dataset not in ('{{ counted }}') then 'no model counts its rows by settlement day'
        when joined.rows_landed is null then 'no row was landed'
        when joined.rows_left is null then 'its rows are pieces of what was landed: not comparable'
    end as duplication_unknown_because,

    joined.answers,
    joined.answers_refused,
    {{ percent('joined.answers - joined.answers_refused', 'joined.answers') }} as validity_percent,
    case when joined.answers is null then 'nothing was answered or received' end as validity_unknown_because
from joined
inner join {{ ref('dataset_catalogue') }} as catalogue on joined.dataset = catalogue.dataset
