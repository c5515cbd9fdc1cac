{# The big unified models are rebuilt a settlement day at a time, and exactly the days whose landed rows changed.

   "Changed" is not asked of a high-water mark: late rows, backfills, loads that were only partly visible and rows
   that lost to an older version would each slip past one. Instead a small table beside each model, in the schema
   `built_days`, keeps for every settlement day how many rows are landed and how many of them the model was built
   from. A day where these differ is deleted and built again from all its versions, so the table is at any time
   what a full refresh would make of the same rows.

   Every version of a key must fall on the same day. Where the key holds no settlement date, the day is therefore
   London's day of a moment in the key (`of`), not the published one. #}

{# In a model's first lines: {{ rebuild_by_settlement_day() }} or {{ rebuild_by_settlement_day(of='start_utc') }}. #}
{% macro rebuild_by_settlement_day(of=none, cluster_by=[]) -%}
    {{ config(
        materialized='incremental',
        incremental_strategy='insert_overwrite' if target.type == 'bigquery' else 'settlement_days',
        partition_by={'field': 'settlement_date', 'data_type': 'date'} if target.type == 'bigquery' else none,
        cluster_by=cluster_by or none,
        on_schema_change='fail',
        pre_hook="{{ find_changed_days(" ~ ("'" ~ of ~ "'" if of else "none") ~ ") }}",
        post_hook="{{ remember_built_days() }}",
    ) }}
{%- endmacro %}


{# In its where clause, with the same `of`. #}
{% macro in_changed_days(of=none) -%}
    {%- if not is_incremental() -%}
        {{ of or 'settlement_date' }} is not null
    {%- elif of is none -%}
        settlement_date in ({{ changed_days() }})
    {%- else -%}
        {{ settlement_date(of) }} in ({{ changed_days() }})
        -- the same once more as a plain range, by which files and partitions are skipped
        and {{ of }} >= (select {{ settlement_day_start('min(settlement_date)') }} from ({{ changed_days() }}) as days)
        and {{ of }} < (select {{ settlement_day_start('max(settlement_date) + 1') }} from ({{ changed_days() }}) as days)
    {%- endif -%}
{%- endmacro %}


{# The days that the model is to build in this run, as a query. #}
{% macro changed_days() -%}
    select settlement_date from {{ built_days() }}
    where rows_landed is distinct from rows_built or last_landed_utc is distinct from last_built_utc
{%- endmacro %}


{# The table that remembers, for the model at hand. #}
{% macro built_days() -%}
    {{ return(this.incorporate(path={'schema': generate_schema_name('built_days', model)})) }}
{%- endmacro %}


{# Before the model: what is landed now, beside what the model was last built from. #}
{% macro find_changed_days(of=none) -%}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {%- set known = is_incremental() and adapter.get_relation(built_days().database, built_days().schema, built_days().identifier) -%}
    {%- do adapter.create_schema(built_days()) -%}
    create or replace table {{ built_days() }} as
    with landed as (
        {%- for model_id in model.depends_on.nodes if '.stg_' in model_id %}
        select {{ of or 'settlement_date' }} as moment, count(*) as row_count, max(fetched_at_utc) as last_utc
        from {{ ref(model_id.split('.')[-1]) }}
        group by 1
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ),
    landed_days as (
        select {{ settlement_date('moment') if of else 'moment' }} as settlement_date,
            sum(row_count) as row_count, max(last_utc) as last_utc
        from landed
        where moment is not null
        group by 1
    ),
    known_days as (
        {%- if known %}
        select settlement_date, rows_built, last_built_utc from {{ built_days() }}
        {%- else %}
        select settlement_date, row_count as rows_built, last_utc as last_built_utc from landed_days where false
        {%- endif %}
    )
    select
        settlement_date,
        cast(coalesce(row_count, 0) as int64) as rows_landed,
        last_utc as last_landed_utc,
        cast(coalesce(rows_built, 0) as int64) as rows_built,
        last_built_utc
    from landed_days full join known_days using (settlement_date)
{%- endmacro %}


{# After the model: it is built from what was found. #}
{% macro remember_built_days() -%}
    update {{ built_days() }} set rows_built = rows_landed, last_built_utc = last_landed_utc where true
{%- endmacro %}


{# The strategy on DuckDB: unlike delete+insert it also empties a day of which nothing is left. #}
{% macro get_incremental_settlement_days_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }} where settlement_date in ({{ changed_days() }});
    insert into {{ arg_dict['target_relation'] }} ({{ columns }}) select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
