{# The moment of the build. A macro, so that a unit test can stop the clock. #}
{% macro now_utc() -%}
    current_timestamp
{%- endmacro %}
