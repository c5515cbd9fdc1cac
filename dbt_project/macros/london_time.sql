{# Settlement dates and periods are London's; everything else is UTC. These macros are the only bridge between them,
   and with series.sql the only place where time is written differently for the two engines. #}

{# The instant at which a settlement date begins: London midnight. #}
{% macro settlement_day_start(settlement_date) -%}
    {{ return(adapter.dispatch('settlement_day_start')(settlement_date)) }}
{%- endmacro %}

{% macro duckdb__settlement_day_start(settlement_date) -%}
    cast({{ settlement_date }} as timestamp) at time zone 'Europe/London'
{%- endmacro %}

{% macro bigquery__settlement_day_start(settlement_date) -%}
    timestamp({{ settlement_date }}, 'Europe/London')
{%- endmacro %}


{# The settlement date that an instant belongs to. #}
{% macro settlement_date(utc) -%}
    {{ return(adapter.dispatch('settlement_date')(utc)) }}
{%- endmacro %}

{% macro duckdb__settlement_date(utc) -%}
    cast(({{ utc }}) at time zone 'Europe/London' as date)
{%- endmacro %}

{% macro bigquery__settlement_date(utc) -%}
    date({{ utc }}, 'Europe/London')
{%- endmacro %}


{# The settlement period that an instant belongs to: half hours since London midnight, from 1. #}
{% macro settlement_period(utc) -%}
    cast(floor({{ minutes_between(settlement_day_start(settlement_date(utc)), utc) }} / 30) as int64) + 1
{%- endmacro %}


{# What a London clock shows at an instant, as 'HH:MM'. #}
{% macro london_clock(utc) -%}
    {{ return(adapter.dispatch('london_clock')(utc)) }}
{%- endmacro %}

{% macro duckdb__london_clock(utc) -%}
    strftime(({{ utc }}) at time zone 'Europe/London', '%H:%M')
{%- endmacro %}

{% macro bigquery__london_clock(utc) -%}
    format_timestamp('%H:%M', {{ utc }}, 'Europe/London')
{%- endmacro %}


{# Whole minutes from one instant to a later one. #}
{% macro minutes_between(from_utc, to_utc) -%}
    {{ return(adapter.dispatch('minutes_between')(from_utc, to_utc)) }}
{%- endmacro %}

{% macro duckdb__minutes_between(from_utc, to_utc) -%}
    date_sub('minute', {{ from_utc }}, {{ to_utc }})
{%- endmacro %}

{% macro bigquery__minutes_between(from_utc, to_utc) -%}
    timestamp_diff({{ to_utc }}, {{ from_utc }}, minute)
{%- endmacro %}


{# The minute that an instant lies in. #}
{% macro minute_of(utc) -%}
    {{ return(adapter.dispatch('minute_of')(utc)) }}
{%- endmacro %}

{% macro duckdb__minute_of(utc) -%}
    date_trunc('minute', {{ utc }})
{%- endmacro %}

{% macro bigquery__minute_of(utc) -%}
    timestamp_trunc({{ utc }}, minute)
{%- endmacro %}


{# Seconds since 1970. Half hours of the London day begin at multiples of 1,800, summer and winter. #}
{% macro unix_seconds(utc) -%}
    {{ return(adapter.dispatch('unix_seconds')(utc)) }}
{%- endmacro %}

{% macro duckdb__unix_seconds(utc) -%}
    epoch({{ utc }})
{%- endmacro %}

{% macro bigquery__unix_seconds(utc) -%}
    unix_seconds({{ utc }})
{%- endmacro %}


{# Days since 1970 of a settlement date: a number, since window frames by date are written in neither engine alike. #}
{% macro day_number(settlement_date) -%}
    {{ return(adapter.dispatch('day_number')(settlement_date)) }}
{%- endmacro %}

{% macro duckdb__day_number(settlement_date) -%}
    date_diff('day', date '1970-01-01', {{ settlement_date }})
{%- endmacro %}

{% macro bigquery__day_number(settlement_date) -%}
    unix_date({{ settlement_date }})
{%- endmacro %}
