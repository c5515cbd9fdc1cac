{# The big unified models are rebuilt a settlement day at a time, and exactly the days whose landed rows changed.

   "Changed" is not asked of a high-water mark: late rows, backfills, loads that were only partly visible and rows
   that lost to an older version would each slip past one. Instead a small table beside each model, in the schema
   `built_days`, keeps for every settlement day how many rows are landed and how many of them the model was built
   from. A day where these differ is deleted and built again from all its versions, so the model is at any time
   what a full refresh would make of the same lake. A full refresh is the same with every day due.

   Every version of a key must fall on the same day. Where the key holds no settlement date, the day is therefore
   London's day of a moment in the key (`of`), not the published one. Rows that last (`until`) and compete with others
   while they do, belong to every day that they touch: incremental_spans.sql. #}


{# In a model's first lines: {{ rebuild_by_settlement_day() }} or {{ rebuild_by_settlement_day(of='start_utc') }}. #}
{% macro rebuild_by_settlement_day(of=none, until=none, cluster_by=[]) -%}
    {%- if target.type == 'bigquery' -%}
        {{ config(
            materialized='incremental',
            incremental_strategy='insert_overwrite',
            partition_by={'field': 'settlement_date', 'data_type': 'date'},
            cluster_by=cluster_by or none,
            on_schema_change='fail',
            pre_hook="{{ find_due_days(" ~ (of | tojson if of else "none") ~ ", not is_incremental(), "
                ~ (until | tojson if until else "none") ~ ") }}",
            post_hook="{{ remember_due_days() }}",
        ) }}
    {%- else -%}
        {{ config(materialized='settlement_days', meta={'day_of': of, 'day_until': until}) }}
    {%- endif -%}
{%- endmacro %}


{# In its where clause, with the same `of`: the rows of the days that are due. A unit test has no table, so no days. #}
{% macro in_due_days(of=none) -%}
    {%- if this is none -%}
        true
    {%- elif of is none -%}
        settlement_date in ({{ due_days() }})
    {%- else -%}
        {{ settlement_date(of) }} in ({{ due_days() }})
        -- the same once more as a plain range, by which files and partitions are skipped
        and {{ of }} >= (select {{ settlement_day_start('min(settlement_date)') }} from ({{ due_days() }}) as days)
        and {{ of }} < (select {{ settlement_day_start('max(settlement_date) + 1') }} from ({{ due_days() }}) as days)
    {%- endif -%}
{%- endmacro %}


{# The table that remembers, for the model at hand. #}
{% macro built_days() -%}
    {{ return(this.incorporate(path={'schema': generate_schema_name('built_days', model)}, type='table')) }}
{%- endmacro %}


{% macro due_days() -%}
    select settlement_date from {{ built_days() }} where is_due
{%- endmacro %}


{# Before the model: what is landed now beside what the model was built from; the days where they differ are due. #}
{% macro find_due_days(of, from_scratch, until=none) -%}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {%- set days = built_days() -%}
    {%- set known = not from_scratch and adapter.get_relation(days.database, days.schema, days.identifier) -%}
    {%- do adapter.create_schema(days) -%}
    create or replace table {{ days }} as
    with landed as (
        {%- for model_id in model.depends_on.nodes if '.stg_' in model_id %}
        select
            {{ of or 'settlement_date' }} as moment,
            {{ until or 'cast(null as timestamp)' }} as until,
            count(*) as row_count, max(fetched_at_utc) as last_utc
        from {{ ref(model_id.split('.')[-1]) }}
        group by 1, 2
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ),
    {%- if until %}
    {{ days_of_spans() }},
    {%- else %}
    landed_days as (
        select {{ settlement_date('moment') if of else 'moment' }} as settlement_date,
            cast(sum(row_count) as int64) as rows_landed, max(last_utc) as last_landed_utc
        from landed
        where moment is not null
        group by 1
    ),
    {%- endif %}
    known_days as (
        {%- if known %}
        select settlement_date, rows_built, last_built_utc from {{ days }}
        {%- else %}
        select settlement_date, rows_landed as rows_built, last_landed_utc as last_built_utc from landed_days where false
        {%- endif %}
    ),
    compared as (
        select
            *,
            rows_landed is distinct from rows_built or last_landed_utc is distinct from last_built_utc as has_news
        from landed_days full join known_days using (settlement_date)
    )
    select *, {{ is_reached_by_news() if until else 'has_news' }} as is_due
    from compared
{%- endmacro %}


{# After the model: the days that were due are built from what was found. #}
{% macro remember_due_days() -%}
    update {{ built_days() }}
    set rows_built = rows_landed, last_built_utc = last_landed_utc, is_due = false
    where is_due
{%- endmacro %}
