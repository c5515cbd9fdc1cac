-- One row per dataset and settlement period (or settlement day) of which the lake holds something.
with

held as (

    {% for entry in covered_datasets() %}
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
    where settlement_date is not null
    group by 1, 2, 3
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select * from held
