{# The big marts, such as those that price acceptances, are rebuilt a settlement day at a time, and exactly the days of
   which a parent was rebuilt. Each remembers, as the unified models do (incremental.sql), what every day was built from: here the
   sum of what its parents were built from. So the days that are due are found without reading the data. #}

{# In a model's first lines. Acceptances are read by BM unit, so that is their order on BigQuery. #}
{% macro price_by_settlement_day(big=true) -%}
    {{ follow_by_settlement_day(cluster_by=['national_grid_bm_unit'], big=big) }}
{%- endmacro %}

{% macro follow_by_settlement_day(cluster_by=[], big=false) -%}
    {{ by_settlement_day('priced_days', cluster_by=cluster_by, big=big) }}
{%- endmacro %}


{# In its where clauses: the days of this run, or in a unit test all. `begun_before` reaches back for the profiles
   that run past midnight; the test `balancing_profile_segments_last_less_than_a_day` holds that one day is enough. #}
{% macro in_days_at_hand(column='settlement_date', begun_before=0) -%}
    {{ column }} between {{ first_day() }} - {{ begun_before }} and {{ last_day() }}
{%- endmacro %}

{# The materialization puts the days of each batch in the place of these two. #}
{% macro first_day() %}date '1900-01-01'{% endmacro %}
{% macro last_day() %}date '2999-12-31'{% endmacro %}


{# What a model's parents were built from by now, by settlement day. #}
{% macro built_by_parents(node) -%}
    select settlement_date, cast(sum(rows_built) as int64) as rows_landed, max(last_built_utc) as last_landed_utc
    from (
        {%- for parent in parents_by_day(node) %}
        select settlement_date, rows_built, last_built_utc from {{ built_days(parent) }}
        {%- if parent.name == 'bmrs_boalf_unified' %}
        union all  -- profiles run past midnight
        select cast(date_add(settlement_date, interval 1 day) as date), rows_built, last_built_utc
        from {{ built_days(parent) }}
        {%- endif %}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as parents
    group by settlement_date
{%- endmacro %}


{# Those parents that are built by day themselves. #}
{% macro parents_by_day(node) -%}
    {%- set found = [] -%}
    {%- for model_id in node.depends_on.nodes if model_id in graph.nodes -%}
        {%- if graph.nodes[model_id].config.materialized in ('settlement_days', 'priced_days') -%}
            {%- do found.append(graph.nodes[model_id]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
