{# What is held and what was landed of the covered datasets. Of those that are built by settlement day a model of its own
   counts only the days with news; the others are few rows, counted whole. #}

{% macro counted_by_day(yes) -%}
    {%- set all = covered_datasets() -%}
    {{ return((all | selectattr('by_day', 'defined') if yes else all | rejectattr('by_day', 'defined')) | list) }}
{%- endmacro %}


{# The rows that unified models hold, by settlement period or day, as a query. #}
{% macro coverage_of(entries, where) -%}
    {%- for entry in entries %}
    {%- set time = entry.get('time', settlement_day_start('settlement_date')) -%}
    {%- set period = 'cast(null as int64)' if 'period' in entry else 'settlement_period' %}
    select
        '{{ entry.dataset }}' as dataset,
        settlement_date,
        {{ period }} as settlement_period,
        {{ 'count(distinct floor(' ~ unix_seconds(time) ~ ' / ' ~ entry.every_seconds ~ '))' if entry.every_seconds else 'cast(1 as int64)' }} as readings,
        count(*) as row_count,
        min({{ time }}) as first_event_utc,
        max({{ time }}) as last_event_utc
    from {{ ref('bmrs_' ~ entry.dataset.lower() ~ '_unified') }}
    where {{ where }}
    group by 1, 2, 3
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}


{# The rows that were landed for them, by settlement day: how many, and how soon. As a query. #}
{% macro landed_of(entries, at_hand=false) -%}
with

landed as (

    {% for entry in entries %}
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
        where {{ is_about_something(name) if channel == 'iris' and name in derived_sets() else 'true' }}
        {% if entry.pieces %}and {{ is_a_span('from_utc', 'to_utc') }}{% endif %}
        {% if at_hand %}and {{ moment_at_hand(time) if entry.day_of_time else in_days_at_hand() }}{% endif %}
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
{%- endmacro %}

{% macro moment_at_hand(time) -%}
    {{ time }} >= {{ settlement_day_start(first_day()) }} and {{ time }} < {{ settlement_day_start(last_day() ~ ' + 1') }}
{%- endmacro %}
