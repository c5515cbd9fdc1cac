{# The moment of the build. A macro, so that a unit test can stop the clock; so can a rehearsal: loaders/clock.py. #}
{% macro now_utc() -%}
    {%- if env_var('GB_POWER_NOW', '') -%}
        cast('{{ env_var('GB_POWER_NOW') }}' as {{ 'timestamp' if target.type == 'bigquery' else 'timestamptz' }})
    {%- else -%}
        current_timestamp
    {%- endif -%}
{%- endmacro %}
