{# The name of a 64-bit float; the two engines have no common one. #}
{% macro float64() -%}
    {{ 'float64' if target.type == 'bigquery' else 'double' }}
{%- endmacro %}
