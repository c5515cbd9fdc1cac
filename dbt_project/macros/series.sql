{# Every date from one to another, both included, as a query with the column `day`. #}
{% macro date_series(from_date, to_date) -%}
    {{ return(adapter.dispatch('date_series')(from_date, to_date)) }}
{%- endmacro %}

{% macro duckdb__date_series(from_date, to_date) -%}
    select cast(unnest(generate_series({{ from_date }}, {{ to_date }}, interval 1 day)) as date) as day
{%- endmacro %}

{% macro bigquery__date_series(from_date, to_date) -%}
    select day from unnest(generate_date_array({{ from_date }}, {{ to_date }})) as day
{%- endmacro %}


{# Every whole number from one to another, both included, as a query with the column `number`. #}
{% macro number_series(first, last) -%}
    {{ return(adapter.dispatch('number_series')(first, last)) }}
{%- endmacro %}

{% macro duckdb__number_series(first, last) -%}
    select unnest(generate_series({{ first }}, {{ last }})) as number
{%- endmacro %}

{% macro bigquery__number_series(first, last) -%}
    select number from unnest(generate_array({{ first }}, {{ last }})) as number
{%- endmacro %}
