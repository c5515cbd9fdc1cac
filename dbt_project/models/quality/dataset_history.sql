-- One row per dataset and range of settlement dates that its history should cover.
with

ranges as (

    {% for dataset, first, last in history_ranges() %}
    select '{{ dataset }}' as named, {{ date_or_null(first) }} as given_from, {{ date_or_null(last) }} as given_to
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

asked as (

    select dataset, min(settlement_date_from) as first_asked
    from {{ ref('stg_bmrs__windows') }}
    group by dataset

),

scope as (

    select
        catalogue.dataset,
        catalogue.cadence,
        catalogue.published_after_minutes,
        greatest(
            coalesce(ranges.given_from, asked.first_asked),
            coalesce(catalogue.first_day, date '{{ var("calendar_from") }}')
        ) as settlement_date_from,
        coalesce(ranges.given_to, {{ settlement_date(now_utc()) }}) as settlement_date_to
    from {{ ref('dataset_catalogue') }} as catalogue
    inner join ranges
        on catalogue.dataset = ranges.named
        or (ranges.named = 'default' and catalogue.dataset not in (select named from ranges))
    left join asked on catalogue.dataset = asked.dataset
    where
        coalesce(ranges.given_from, asked.first_asked) is not null
        -- a dataset that nobody named and nobody ever asked for is not wanted
        and (asked.first_asked is not null or ranges.named != 'default')

)

select
    dataset,
    cadence,
    cast(case cadence when '15 seconds' then 120 when '5 minutes' then 6 else 1 end as int64) as readings_expected,
    published_after_minutes,
    settlement_date_from,
    settlement_date_to
from scope
where settlement_date_from <= settlement_date_to
