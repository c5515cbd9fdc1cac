{# A table built by settlement day from parents that are (balancing_days.sql), a few days at a time, so that a full
   refresh needs no more memory than a week does, however long the history. All in one transaction: a build that
   fails leaves the table as it was. The days are written into the query as a range, by which DuckDB skips what it
   need not read; a unit test, which knows nothing of days, runs the query as it stands. #}

{% materialization priced_days, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set from_scratch = existing is none or not existing.is_table or should_full_refresh() -%}
    {%- set table = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}

    {% call statement('find') %}{{ find_due_days(from_scratch) }}{% endcall %}
    {% if from_scratch %}
        {% if existing is not none %}{% do adapter.drop_relation(existing) %}{% endif %}
        {% call statement('create') %}{{ create_table_as(False, table, of_days(sql, ['2999-12-31', '1900-01-01'])) }}{% endcall %}
    {% else %}
        {% call statement('clear') %}delete from {{ table }} where settlement_date in ({{ due_days() }}){% endcall %}
    {% endif %}
    {% for days in batches_to_price() %}
        {% call statement('fill') %}insert into {{ table }} by name {{ of_days(sql, days) }}{% endcall %}
    {% endfor %}
    {% call statement('remember') %}{{ remember_due_days() }}{% endcall %}
    {% call statement('main') %}select count(*) from {{ table }}{% endcall %}

    {% do persist_docs(table, model) %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [table]}) }}
{% endmaterialization %}


{# The query, held to the days from the first to the last. #}
{% macro of_days(sql, days) -%}
    {%- set sql = sql | replace(first_day(), "date '" ~ days[0] ~ "'") | replace(last_day(), "date '" ~ days[1] ~ "'") -%}
    {%- if days | length > 2 -%}
        {%- set sql = sql | replace(first_reached_day(), "date '" ~ days[2] ~ "'") -%}
        {%- set sql = sql | replace(last_reached_day(), "date '" ~ days[3] ~ "'") -%}
    {%- endif -%}
    {{ return(sql) }}
{%- endmacro %}


{# The due days as pairs of first and last: at most a week, and days in a row, so that no other day is built again. #}
{% macro batches_to_price() -%}
    {%- set query -%}
        with due as (
            select settlement_date, cast(row_number() over (order by settlement_date) as integer) as number
            from ({{ due_days() }})
        )
        select cast(min(settlement_date) as varchar), cast(max(settlement_date) as varchar)
        from due
        group by settlement_date - number, number // 7
        order by 1
    {%- endset -%}
    {{ return(run_query(query).rows) }}
{%- endmacro %}
