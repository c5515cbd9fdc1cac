{# The big unified models are rebuilt a settlement day at a time, and exactly the days whose landed rows changed.

   "Changed" is not asked of a high-water mark: late rows, backfills, loads that were only partly visible and rows
   that lost to an older version would each slip past one. Instead a small table beside each model, in the schema
   `built_days`, keeps for every settlement day how many rows are landed and how many of them the model was built
   from. A day where these differ is deleted and built again from all its versions, so the model is at any time
   what a full refresh would make of the same lake. A full refresh is the same with every day due.

   Every version of a key must fall on the same day. Where the key holds no settlement date, the day is therefore
   London's day of a moment in the key (`of`), not the published one. Rows that last (`until`) and compete with others
   while they do, belong to every day that they touch: incremental_spans.sql. #}


{# In a model's first lines: {{ rebuild_by_settlement_day() }} or {{ rebuild_by_settlement_day(of='start_utc') }}. A model
   is `big` if BigQuery should refuse a query that does not say which days of it are wanted. #}
{% macro rebuild_by_settlement_day(of=none, until=none, cluster_by=[], big=true) -%}
    {{ by_settlement_day('settlement_days', of, until, cluster_by, big) }}
{%- endmacro %}

{% macro by_settlement_day(materialized, of=none, until=none, cluster_by=[], big=true) -%}
    {%- if target.type == 'bigquery' -%}
        {{ config(
            materialized=materialized,
            meta={'day_of': of, 'day_until': until},
            partition_by={'field': 'settlement_date', 'data_type': 'date'},
            cluster_by=cluster_by or none,
            require_partition_filter=big,
        ) }}
    {%- else -%}
        {{ config(materialized=materialized, meta={'day_of': of, 'day_until': until}) }}
    {%- endif -%}
{%- endmacro %}


{# In its where clause, with the same `of`: the rows of the days that are due. A unit test has no table, so no days. #}
{% macro in_due_days(of=none) -%}
    {{ return(adapter.dispatch('in_due_days')(of)) }}
{%- endmacro %}

{% macro duckdb__in_due_days(of) -%}
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

{# BigQuery skips partitions by constants only, never by what a query finds: the days are written into the text. #}
{% macro bigquery__in_due_days(of) -%}
    {%- if of is none -%}
        settlement_date between {{ first_day() }} and {{ last_day() }}
    {%- else -%}
        {{ of }} >= {{ settlement_day_start(first_day()) }} and {{ of }} < {{ settlement_day_start(last_day() ~ ' + 1') }}
    {%- endif -%}
{%- endmacro %}


{# The table that remembers, for the model at hand or for another node. #}
{% macro built_days(node=none) -%}
    {%- set node = node or model -%}
    {{ return(api.Relation.create(
        database=node.database,
        schema=generate_schema_name('built_days', node),
        identifier=node.alias,
        type='table',
    )) }}
{%- endmacro %}


{# The relation of any node, where ref() cannot know beforehand what is asked for. #}
{% macro relation_of(node_id) -%}
    {%- set node = graph.nodes[node_id] -%}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
{%- endmacro %}


{% macro due_days() -%}
    select settlement_date from {{ built_days() }} where is_due
{%- endmacro %}


{# Before the model: what is there now beside what the model was built from; the days where they differ are due. #}
{% macro find_due_days(from_scratch) -%}
    {%- set days = built_days() -%}
    {%- set known = not from_scratch and adapter.get_relation(days.database, days.schema, days.identifier) -%}
    {%- do adapter.create_schema(days) -%}
    {{ compare_days(model, known) }}
{%- endmacro %}

{% macro compare_days(node, known) -%}
    {%- set lasts = node.config.meta.day_until -%}
    {%- set later = lasts and target.type == 'bigquery' -%}  {#- where rows reach is found after this: reach_of_news -#}
    create or replace table {{ built_days(node) }} as
    with known_days as (
        {%- if known %}
        select settlement_date, rows_built, last_built_utc{{ ', reaches_from, reaches_to' if later }} from {{ built_days(node) }}
        {%- else %}
        select cast(null as date) as settlement_date, cast(null as int64) as rows_built,
            cast(null as timestamp) as last_built_utc
            {%- if later %}, cast(null as date) as reaches_from, cast(null as date) as reaches_to{% endif %}
        from (select 1 as nothing) as none where false
        {%- endif %}
    ),
    {%- if lasts and not later %}
    {{ landed_spans(node) }},
    {%- else %}
    landed_days as (
        {{ built_by_parents(node) if node.config.materialized == 'priced_days' else landed_by_day(node) }}
    ),
    {%- endif %}
    compared as (
        select
            *,
            rows_landed is distinct from rows_built or last_landed_utc is distinct from last_built_utc as has_news
        from landed_days full join known_days using (settlement_date)
    )
    select *, {{ is_reached_by_news() if lasts and not later else 'has_news' }} as is_due
    from compared
{%- endmacro %}


{# The rows that a unified model's staging models hold now, by settlement day. #}
{% macro landed_by_day(node) -%}
    {{ return(adapter.dispatch('landed_by_day')(node)) }}
{%- endmacro %}

{% macro duckdb__landed_by_day(node) -%}
    {%- set of = node.config.meta.day_of -%}
    select {{ settlement_date('moment') if of else 'moment' }} as settlement_date,
        cast(sum(row_count) as int64) as rows_landed, max(last_utc) as last_landed_utc
    from (
        {%- for model_id in node.depends_on.nodes if '.stg_' in model_id %}
        select {{ of or 'settlement_date' }} as moment, count(*) as row_count, max(fetched_at_utc) as last_utc
        from {{ relation_of(model_id) }}
        group by 1
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as landed
    where moment is not null
    group by 1
{%- endmacro %}

{# On BigQuery counting would read the whole history at every build. Its own record of each raw table's partitions says
   as much, since raw is append-only: a partition with as many rows as before holds the rows of before. A partition by
   time is a day of UTC, whose last hour belongs to the next settlement day in summer: then it counts for both. #}
{% macro bigquery__landed_by_day(node) -%}
    select settlement_date, cast(sum(total_rows) as int64) as rows_landed, cast(null as timestamp) as last_landed_utc
    from (
        {%- for source in raw_tables(node) %}
        select distinct '{{ source.schema }}' as dataset, partition_id, total_rows,
            {% if node.config.meta.day_of -%}
            {{ settlement_date("timestamp_add(parse_timestamp('%Y%m%d', partition_id), interval second second)") }}
            {%- else -%}
            parse_date('%Y%m%d', partition_id)
            {%- endif %} as settlement_date
        from `{{ source.database }}`.`{{ source.schema }}`.INFORMATION_SCHEMA.PARTITIONS
        cross join unnest([0, 86399]) as second
        where table_name = '{{ source.identifier }}' and {{ is_a_day('partition_id') }}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    )
    group by settlement_date
{%- endmacro %}

{# Whether a partition is a day: rows without one are in the partition '__NULL__'. #}
{% macro is_a_day(partition_id) -%}
    regexp_contains({{ partition_id }}, '^[0-9]{8}$')
{%- endmacro %}

{# The raw tables that a unified model reads through staging. #}
{% macro raw_tables(node) -%}
    {%- set found = [] -%}
    {%- for model_id in node.depends_on.nodes if '.stg_' in model_id -%}
        {%- for source_id in graph.nodes[model_id].depends_on.nodes -%}
            {%- do found.append(graph.sources[source_id]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{# After the model: the days that were due are built from what was found. On BigQuery they stay marked until days are
   found again: the tests look at them (few_days.sql). #}
{% macro remember_due_days(node=none) -%}
    update {{ built_days(node) }}
    set rows_built = rows_landed, last_built_utc = last_landed_utc{% if target.type == 'duckdb' %}, is_due = false{% endif %}
    where is_due
{%- endmacro %}
