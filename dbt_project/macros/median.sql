{# The middle value, or the mean of the two in the middle; NULL of nothing. BigQuery has an exact one only as a window
   function: here the values are put into a list in order, so not for more than a few million of them. #}
{% macro median(expression) -%}
    {{ return(adapter.dispatch('median')(expression)) }}
{%- endmacro %}

{% macro duckdb__median(expression) -%}
    median({{ expression }})
{%- endmacro %}

{% macro bigquery__median(expression) -%}
    {%- set in_order = 'array_agg(' ~ expression ~ ' ignore nulls order by ' ~ expression ~ ')' -%}
    {%- set number = 'count(' ~ expression ~ ')' -%}
    ({{ in_order }}[safe_offset(div({{ number }} - 1, 2))] + {{ in_order }}[safe_offset(div({{ number }}, 2))]) / 2
{%- endmacro %}
