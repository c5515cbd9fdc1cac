{# The models that are built by settlement day, on BigQuery. The days that are due are found first, without reading the
   data, and written into the query as constants, since by constants alone BigQuery skips partitions; then exactly
   their partitions are replaced. Days in a row are one statement, which replaces them whole or not at all. Days are
   remembered last: a build that fails is due again, and building a day again changes nothing. #}

{% materialization settlement_days, adapter='bigquery' %}
    {{ return(replace_due_partitions()) }}
{% endmaterialization %}

{% materialization priced_days, adapter='bigquery' %}
    {{ return(replace_due_partitions()) }}
{% endmaterialization %}


{% macro replace_due_partitions() -%}
    {%- set existing = adapter.get_relation(this.database, this.schema, this.identifier) -%}
    {%- set from_scratch = existing is none or not existing.is_table or should_full_refresh() -%}
    {%- set table = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}

    {% call statement('find') %}{{ find_due_days(from_scratch) }}{% endcall %}
    {%- set ranges = run_query(due_ranges(model)).rows | list -%}
    {%- if ranges and model.config.meta.day_until -%}
        {% call statement('reach') %}{{ reach_of_news(model, ranges) }}{% endcall %}
        {%- set ranges = run_query(due_ranges(model)).rows | list -%}
    {%- endif -%}
    {% if from_scratch %}
        {%- set partition_by = adapter.parse_partition_by(config.get('partition_by')) -%}
        {% if existing is not none and not (
            existing.is_table and adapter.is_replaceable(existing, partition_by, config.get('cluster_by'))
        ) %}{% do adapter.drop_relation(existing) %}{% endif %}
        {%- set first = ranges.pop(0) if ranges else ['2999-12-31', '1900-01-01'] * 2 -%}
        {% call statement('create') %}{{ create_table_as(False, table, of_days(sql, first)) }}{% endcall %}
    {% endif %}
    {%- set columns = adapter.get_columns_in_relation(table) | map(attribute='name') | list -%}
    {% for days in ranges %}
        {% call statement('replace') %}{{ replace_days(table, sql, days, columns) }}{% endcall %}
    {% endfor %}
    {% call statement('main') %}{{ remember_due_days() }}{% endcall %}

    {% do persist_docs(table, model) %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [table]}) }}
{%- endmacro %}


{# The due days as first and last of days in a row; BigQuery changes at most 4,000 partitions in a statement. Of rows
   that last also the first and the last day on which one can begin that touches a day which a row of them reaches. #}
{% macro due_ranges(node) -%}
    with due as (
        select *, row_number() over (order by settlement_date) as number
        from {{ built_days(node) }}
        where is_due
    )
    {%- if node.config.meta.day_until %}
    , near as (
        select due.settlement_date, due.number, min(near.reaches_from) as begin_from, max(due.reaches_to) as begin_to
        from due
        inner join {{ built_days(node) }} as near
            on near.settlement_date >= coalesce(due.reaches_from, due.settlement_date)
            and near.settlement_date <= coalesce(due.reaches_to, due.settlement_date)
        group by 1, 2
    )
    {%- endif %}
    select
        cast(min(settlement_date) as string) as first_day, cast(max(settlement_date) as string) as last_day
        {%- if node.config.meta.day_until %},
        cast(coalesce(min(begin_from), min(settlement_date)) as string) as first_reached_day,
        cast(coalesce(max(begin_to), max(settlement_date)) as string) as last_reached_day
        {%- endif %}
    from {{ 'near' if node.config.meta.day_until else 'due' }}
    group by date_sub(settlement_date, interval number day), div(number, 1000)
    order by 1
{%- endmacro %}


{# The partitions from the first day to the last, made anew by the query. #}
{% macro replace_days(table, query, days, columns) -%}
    merge into {{ table }} as built
    using (
        {{ of_days(query, days) }}
    ) as fresh
    on false
    when not matched by source and built.settlement_date between date '{{ days[0] }}' and date '{{ days[1] }}' then delete
    when not matched then insert ({{ columns | join(', ') }}) values ({{ columns | join(', ') }})
{%- endmacro %}
