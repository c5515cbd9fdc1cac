{# How old a dataset's newest event is, in minutes before now, or before the end of the history that was asked of it
   (variable `history`). It warns from an hour and fails from six on, or as `warn_if` and `error_if` say, since data
   can be late. Passes while nothing was asked for. For relations with a column `dataset`. #}
{% test not_older_than(model, dataset, time_column) %}
{{ config(fail_calc='coalesce(max(minutes_old), 0)', warn_if='>= 60', error_if='>= 360') }}
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

select
    newest_utc,
    until_utc,
    -- without any row it is as old as time
    {{ minutes_between("coalesce(newest_utc, cast('1970-01-01 00:00:00+00' as timestamp))", 'least(until_utc, ' ~ now_utc() ~ ')') }} as minutes_old
from wanted
cross join newest
where until_utc is not null
{% endtest %}
