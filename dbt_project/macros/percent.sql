{# So many of a hundred; NULL of nothing, which is neither all nor none. #}
{% macro percent(part, whole) -%}
    cast(100.0 * ({{ part }}) / nullif({{ whole }}, 0) as {{ float64() }})
{%- endmacro %}
