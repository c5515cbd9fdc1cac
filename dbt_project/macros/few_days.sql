{# Few days instead of the whole history, where a query needs no more. On BigQuery, which bills what is read and skips
   partitions by constants only, the days are asked for first, of the table that remembers them (incremental.sql), and
   written into the query. On DuckDB all is read: files on the machine cost nothing. #}

{# In a where clause: the days from `before` days ahead of the newest one of a model that is built by day. #}
{% macro in_newest_days(relation, before=7, of='settlement_date') -%}
    {{ return(adapter.dispatch('in_newest_days')(relation, before, of)) }}
{%- endmacro %}

{% macro duckdb__in_newest_days(relation, before, of) -%}
    true
{%- endmacro %}

{% macro bigquery__in_newest_days(relation, before, of) -%}
    {%- set node = built_by_day(node_of(relation)) -%}
    {%- if node -%}
        {{ of }} >= date '{{ newest_day(node) }}' - {{ before }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{# In a test: the days that the last build of a model made, or of the model that a view reads. Days that were built
   before were tested then. #}
{% macro in_tested_days(relation) -%}
    {{ return(adapter.dispatch('in_tested_days')(relation)) }}
{%- endmacro %}

{% macro duckdb__in_tested_days(relation) -%}
    true
{%- endmacro %}

{% macro bigquery__in_tested_days(relation) -%}
    {%- set node = built_by_day(node_of(relation)) -%}
    {%- if node -%}
        {%- set days = days_asked_for(node, "is_due") -%}
        settlement_date between date '{{ days[0] }}' and date '{{ days[1] }}'
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# The same of rows that have no settlement date but a moment, and so of raw partitions. #}
{% macro of_tested_days(moment, relation) -%}
    {{ return(adapter.dispatch('of_tested_days')(moment, relation)) }}
{%- endmacro %}

{% macro duckdb__of_tested_days(moment, relation) -%}
    true
{%- endmacro %}

{% macro bigquery__of_tested_days(moment, relation) -%}
    {%- set days = days_asked_for(node_of(relation), "is_due") if execute else ['', ''] -%}
    ({{ moment }} is null or (
        {{ moment }} >= {{ settlement_day_start("date '" ~ days[0] ~ "'") }}
        and {{ moment }} < {{ settlement_day_start("date '" ~ days[1] ~ "' + 1") }}
    ))
{%- endmacro %}

{# The same of landed rows, which may have no settlement date. #}
{% macro landed_of_tested_days(relation) -%}
    (settlement_date is null or {{ in_tested_days(relation) }})
{%- endmacro %}

{# What every generic test reads instead of the model: dbt looks for this macro. #}
{% macro bigquery__get_where_subquery(relation) -%}
    {%- set asked = [config.get('where') or 'true', in_tested_days(relation)] | reject('equalto', 'true') | list -%}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ asked | join(' and ') ~ ') as dbt_subquery' if asked else relation) }}
{%- endmacro %}


{# The node of a relation; none for a unit test's made-up rows. #}
{% macro node_of(relation) -%}
    {%- for node in (graph.nodes.values() if execute else []) if node.resource_type == 'model' -%}
        {%- if (node.schema, node.alias) == (relation.schema, relation.identifier) -%}{{ return(node) }}{%- endif -%}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}

{# That node if it is built by day; of a view with settlement dates the first that it reads and that is; else none. #}
{% macro built_by_day(node) -%}
    {%- if node and node.config.materialized in ('settlement_days', 'priced_days') -%}{{ return(node) }}{%- endif -%}
    {%- if node and node.config.materialized == 'view' and 'settlement_date' in node.columns -%}
        {%- for parent_id in node.depends_on.nodes -%}
            {%- set found = built_by_day(graph.nodes.get(parent_id)) -%}
            {%- if found -%}{{ return(found) }}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# The newest day of which a model built by day has rows, by BigQuery's own record; it remembers days without any too. #}
{% macro newest_day(node) -%}
    {{ return(answer_of(
        "select cast(max(parse_date('%Y%m%d', partition_id)) as string), '' from `" ~ node.database ~ "`.`" ~ node.schema
        ~ "`.INFORMATION_SCHEMA.PARTITIONS where table_name = '" ~ node.alias ~ "' and total_rows > 0 and "
        ~ is_a_day('partition_id')
    )[0]) }}
{%- endmacro %}

{# The first and the last of a model's days for which something holds; a range of none if it holds for no day. #}
{% macro days_asked_for(node, condition) -%}
    {{ return(answer_of(
        "select cast(min(settlement_date) as string), cast(max(settlement_date) as string) from "
        ~ built_days(node) ~ " where " ~ condition
    )) }}
{%- endmacro %}

{# The two days that a query finds. Compiled without a warehouse: today. #}
{% macro answer_of(query) -%}
    {%- set answer = [run_started_at.strftime('%Y-%m-%d')] * 2 -%}
    {%- if flags.WHICH in ('build', 'run', 'test') -%}
        {%- set answer = run_query(query).rows[0] -%}
    {%- endif -%}
    {{ return([answer[0] or '2999-12-31', answer[1] or '1900-01-01']) }}
{%- endmacro %}
