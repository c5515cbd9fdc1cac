{# Marts and unified tables live in the target's own schema (`main` on DuckDB), so that they are queried by their
   bare name. The other layers get a schema beside it; in BigQuery, where datasets share a project, with its prefix. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- elif target.type == 'duckdb' -%}
        {{ custom_schema_name | trim }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
