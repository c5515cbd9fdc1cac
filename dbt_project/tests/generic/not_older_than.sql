{# A dataset's newest event is at most so many hours before now, or before the end of the history that was asked of it
   (variable `history`). Passes while nothing was asked for. For relations with a column `dataset`. #}
{% test not_older_than(model, dataset, time_column, hours) %}
with

wanted as (

    select max({{ settlement_day_start('cast(date_add(settlement_date_to, interval 1 day) as date)') }}) as until_utc
    from {{ ref('dataset_history') }}
    where dataset = '{{ dataset }}'

),

newest as (

    select max({{ time_column }}) as newest_utc
    from {{ model }}
    where dataset = '{{ dataset }}'

)

select *
from wanted
cross join newest
where
    until_utc is not null
    and coalesce(newest_utc < least(until_utc, {{ now_utc() }}) - interval {{ hours }} hour, true)
{% endtest %}
