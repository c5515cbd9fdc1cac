-- One row per dataset and settlement date of which either channel landed something: how many rows, and how soon.
with

landed as (

    {% for entry in covered_datasets() %}
    {%- set name = entry.dataset.lower() -%}
    {%- set time = entry.get('time', settlement_day_start('settlement_date')) %}
    select
        '{{ entry.dataset }}' as dataset,
        {{ settlement_date(time) if entry.day_of_time else 'settlement_date' }} as settlement_date,
        {{ time }} as moment_utc,
        count(*) as row_count,
        min(fetched_at_utc) as first_fetched_at_utc
    from (
        {% for channel in channels_of(name) %}
        select {{ 'settlement_date, ' if not entry.day_of_time }}{{ entry.time ~ ', ' if entry.time }}fetched_at_utc
        from {{ ref('stg_' ~ channel ~ '__' ~ name) }}
        {% if channel == 'iris' and name in derived_sets() %}where {{ is_about_something(name) }}{% endif %}
        {% if not loop.last %}union all{% endif %}
        {% endfor %}
    ) as both_channels
    group by 1, 2, 3
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select
    dataset,
    settlement_date,
    cast(sum(row_count) as int64) as rows_landed,
    cast({{ median(minutes_between('moment_utc', 'first_fetched_at_utc')) }} as {{ float64() }}) as timeliness_minutes,
    max({{ minutes_between('moment_utc', 'first_fetched_at_utc') }}) as slowest_minutes
from landed
where settlement_date is not null
group by dataset, settlement_date
