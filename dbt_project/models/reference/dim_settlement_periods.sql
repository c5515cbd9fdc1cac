-- One row per settlement period: 46, 48 or 50 to a settlement date, by London's clock.
with

days as (

    {{ date_series(
        "date '" ~ var('calendar_from') ~ "'",
        "date '" ~ var('calendar_to') ~ "'" if var('calendar_to') else 'cast(date_add(current_date, interval 5 year) as date)'
    ) }}

),

bounds as (

    select
        day as settlement_date,
        {{ settlement_day_start('day') }} as day_start_utc,
        {{ settlement_day_start('cast(date_add(day, interval 1 day) as date)') }} as day_end_utc
    from days

),

numbers as (

    {{ number_series(1, 50) }}

),

periods as (

    select
        bounds.settlement_date,
        numbers.number as settlement_period,
        bounds.day_start_utc + interval ((numbers.number - 1) * 30) minute as start_utc,
        bounds.day_start_utc + interval (numbers.number * 30) minute as end_utc,
        cast({{ minutes_between('bounds.day_start_utc', 'bounds.day_end_utc') }} / 30 as int64) as periods_in_day
    from bounds
    cross join numbers

)

select
    *,
    {{ london_clock('start_utc') }} as start_local
from periods
where settlement_period <= periods_in_day
