{# A table that is rebuilt by settlement day; incremental.sql says how the days are chosen. Many days are built in
   batches, so that five years need no more memory than a few weeks; all in one transaction, so that a build that
   fails leaves the table as it was. #}

{% materialization settlement_days, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set from_scratch = existing is none or not existing.is_table or should_full_refresh() -%}
    {%- set table = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}

    {% call statement('find') %}{{ find_due_days(from_scratch) }}{% endcall %}
    {% if from_scratch %}
        {% if existing is not none and not existing.is_table %}{% do adapter.drop_relation(existing) %}{% endif %}
        {% call statement('create') %}create or replace table {{ table }} as select * from ({{ sql }}) limit 0{% endcall %}
    {% endif %}
    {% for days in due_batches() %}
        {% call statement('choose') %}update {{ built_days() }} set is_due = settlement_date in ({{ days }}){% endcall %}
        {% call statement('clear') %}delete from {{ table }} where settlement_date in ({{ due_days() }}){% endcall %}
        {% call statement('fill') %}insert into {{ table }} by name {{ sql }}{% endcall %}
        {% call statement('remember') %}{{ remember_due_days() }}{% endcall %}
    {% endfor %}
    {% call statement('main') %}select count(*) from {{ table }}{% endcall %}

    {% do persist_docs(table, model) %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [table]}) }}
{% endmaterialization %}


{# The due days, oldest first, as lists of date literals with about two million landed rows each. #}
{% macro due_batches() -%}
    {%- set batches = run_query(
        "select string_agg('date ''' || settlement_date || '''', ', ') from ("
        ~ "select settlement_date, sum(rows_landed) over (order by settlement_date) // 2000000 as batch from "
        ~ built_days() ~ " where is_due) group by batch order by batch"
    ) -%}
    {{ return(batches.columns[0].values()) }}
{%- endmacro %}
