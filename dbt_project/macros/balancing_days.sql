{# The big marts, such as those that price acceptances, are rebuilt a settlement day at a time, and exactly the days of
   which a parent was rebuilt. Each remembers, as the unified models do (incremental.sql), what every day was built from: here the
   sum of what its parents were built from. So the days that are due are found without reading the data. #}

{# In a model's first lines. Acceptances are read by BM unit, so that is their order on BigQuery. #}
{% macro price_by_settlement_day() -%}
    {{ follow_by_settlement_day(cluster_by=['national_grid_bm_unit']) }}
{%- endmacro %}

{% macro follow_by_settlement_day(cluster_by=[]) -%}
    {%- if target.type == 'bigquery' -%}
        {{ config(
            materialized='incremental',
            incremental_strategy='insert_overwrite',
            partition_by={'field': 'settlement_date', 'data_type': 'date'},
            cluster_by=cluster_by or none,
            on_schema_change='fail',
            pre_hook="{{ find_days_to_price(not is_incremental()) }}",
            post_hook="{{ remember_due_days() }}",
        ) }}
    {%- else -%}
        {{ config(materialized='priced_days') }}
    {%- endif -%}
{%- endmacro %}


{# In its where clauses: the days of this run, or in a unit test all. `begun_before` reaches back for the profiles
   that run past midnight; the test `balancing_profile_segments_last_less_than_a_day` holds that one day is enough. #}
{% macro in_days_at_hand(column='settlement_date', begun_before=0) -%}
    {%- if target.type == 'bigquery' and is_incremental() -%}
        {{ column }} in (
            select date_sub(settlement_date, interval number day)
            from ({{ due_days() }}) as due cross join ({{ number_series(0, begun_before) }}) as earlier
        )
    {%- else -%}
        {{ column }} between {{ first_day() }} - {{ begun_before }} and {{ last_day() }}
    {%- endif -%}
{%- endmacro %}

{# The materialization puts the days of each batch in the place of these two. #}
{% macro first_day() %}date '1900-01-01'{% endmacro %}
{% macro last_day() %}date '2999-12-31'{% endmacro %}


{# Before the model: what its parents were built from by now, beside what it was last built from itself. #}
{% macro find_days_to_price(from_scratch) -%}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {%- set days = built_days() -%}
    {%- set known = not from_scratch and adapter.get_relation(days.database, days.schema, days.identifier) -%}
    {%- do adapter.create_schema(days) -%}
    create or replace table {{ days }} as
    with parents as (
        {%- for parent in days_of_parents() %}
        select settlement_date, rows_built, last_built_utc from {{ parent }}
        {%- if parent.identifier == 'bmrs_boalf_unified' %}
        union all  -- profiles run past midnight
        select cast(date_add(settlement_date, interval 1 day) as date), rows_built, last_built_utc from {{ parent }}
        {%- endif %}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ),
    landed_days as (
        select settlement_date, cast(sum(rows_built) as int64) as rows_landed, max(last_built_utc) as last_landed_utc
        from parents
        group by settlement_date
    ),
    known_days as (
        {%- if known %}
        select settlement_date, rows_built, last_built_utc from {{ days }}
        {%- else %}
        select settlement_date, rows_landed as rows_built, last_landed_utc as last_built_utc from landed_days where false
        {%- endif %}
    )
    select
        *,
        rows_landed is distinct from rows_built or last_landed_utc is distinct from last_built_utc as is_due
    from landed_days full join known_days using (settlement_date)
{%- endmacro %}


{# Where those parents that are built by day remember their days. #}
{% macro days_of_parents() -%}
    {%- set found = [] -%}
    {%- for model_id in model.depends_on.nodes -%}
        {%- set node = graph.nodes[model_id] -%}
        {%- if node.config.materialized in ('incremental', 'settlement_days', 'priced_days') -%}
            {%- set parent = ref(node.name) -%}
            {%- do found.append(parent.incorporate(path={'schema': generate_schema_name('built_days', node)})) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
