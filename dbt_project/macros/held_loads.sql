{# The rows of every raw table of REST, whether or not a model reads it, as a query: by load. On BigQuery that would read
   a column of all history to find what cannot happen there, where no file is lost by itself; its own record of the
   tables says how many rows each holds, at no cost: there all loads are compared together, under the load null. #}
{% macro held_loads() -%}
    {{ return(adapter.dispatch('held_loads')()) }}
{%- endmacro %}

{% macro duckdb__held_loads() -%}
    {% for table in (graph.sources.values() if execute else []) if table.source_name == 'raw_bmrs' and not table.name.startswith('_') %}
    select '{{ table.name | upper }}' as dataset, _load_id as load_id, count(*) as row_count
    from {{ source('raw_bmrs', table.name) }}
    group by 2
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select '' as dataset, '' as load_id, 0 as row_count
    {% endfor %}
{%- endmacro %}

{% macro bigquery__held_loads() -%}
    {%- set ledger = source('raw_bmrs', '_windows') -%}
    select upper(table_name) as dataset, cast(null as string) as load_id, cast(sum(total_rows) as int64) as row_count
    from `{{ ledger.database }}`.`{{ ledger.schema }}`.INFORMATION_SCHEMA.PARTITIONS
    group by 1
{%- endmacro %}

{% macro load_compared() -%}
    {{ 'cast(null as string)' if target.type == 'bigquery' else 'load_id' }}
{%- endmacro %}
