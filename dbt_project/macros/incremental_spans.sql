{# Rebuilding by settlement day (incremental.sql) where rows last, and what becomes of one depends on others that
   overlap it. Such a row counts on every day that it touches. News on a day make that day due, and every day touched
   by a row that touches it too: no other piece can begin, end or vanish by them. To build a day, all rows are needed
   that overlap a row which touches it: those that touch the days `reaches_from` to `reaches_to`. So each build holds
   what a full refresh would, with no day looked at that need not be. #}


{# A row that lasts longer is a mistake and would make every day that it covers due. It takes no part; the test
   `limits_last_and_no_longer_than_is_resolved` names it. #}
{% macro longest_span_days() %}31{% endmacro %}

{% macro is_a_span(from_utc, to_utc) -%}
    {{ from_utc }} < {{ to_utc }}
    and {{ minutes_between(from_utc, to_utc) }} <= {{ longest_span_days() }} * 1440
{%- endmacro %}


{# For compare_days: CTEs up to `landed_days`. #}
{% macro landed_spans(node) -%}
    landed as (
        {%- for model_id in node.depends_on.nodes if '.stg_' in model_id %}
        select
            {{ node.config.meta.day_of }} as moment, {{ node.config.meta.day_until }} as until,
            count(*) as row_count, max(fetched_at_utc) as last_utc
        from {{ relation_of(model_id) }}
        group by 1, 2
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ),
    spans as (
        select
            {{ settlement_date('moment') }} as first_day,
            {{ settlement_date('until - interval 1 microsecond') }} as last_day,
            row_count, last_utc
        from landed
        where {{ is_a_span('moment', 'until') }}
    ),
    touched_days as (
        {{ date_series('(select min(first_day) from spans)', '(select max(last_day) from spans)') }}
    ),
    landed_days as (
        select
            day as settlement_date, min(first_day) as reaches_from, max(last_day) as reaches_to,
            cast(sum(row_count) as int64) as rows_landed, max(last_utc) as last_landed_utc
        from touched_days inner join spans on day between first_day and last_day
        group by day
    )
{%- endmacro %}

{% macro is_reached_by_news() -%}
    has_news or settlement_date in (
        select day
        from spans
        inner join (select settlement_date as news_day from compared where has_news) as news
            on news_day between first_day and last_day
        inner join touched_days on day between first_day and last_day
    )
{%- endmacro %}


{# In the where clause of the model: the rows that the days which are due cannot be built without. #}
{% macro in_reach_of_due_days(from_utc, to_utc) -%}
    {{ is_a_span(from_utc, to_utc) }}
    {{ adapter.dispatch('in_reach_of_due_days')(from_utc, to_utc) }}
{%- endmacro %}

{% macro duckdb__in_reach_of_due_days(from_utc, to_utc) -%}
    {%- if this is not none %}
    and (
        {{ settlement_date(from_utc) }} in ({{ days_in_reach() }})
        or {{ settlement_date(to_utc) }} in ({{ days_in_reach() }})
    )
    -- the same once more as a plain range, by which files and partitions are skipped
    and {{ to_utc }} >= (select {{ settlement_day_start('min(settlement_date)') }} from ({{ days_in_reach() }}) as days)
    and {{ from_utc }} < (select {{ settlement_day_start('max(settlement_date) + 1') }} from ({{ days_in_reach() }}) as days)
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__in_reach_of_due_days(from_utc, to_utc) -%}
    and {{ from_utc }} >= {{ settlement_day_start(first_reached_day()) }}
    and {{ from_utc }} < {{ settlement_day_start(last_reached_day() ~ ' + 1') }}
{%- endmacro %}

{# The materialization puts days in the place of these two: the first on which a row can begin that is needed. #}
{% macro first_reached_day() %}date '1900-01-02'{% endmacro %}
{% macro last_reached_day() %}date '2999-12-30'{% endmacro %}

{% macro days_in_reach() -%}
    select near.settlement_date
    from {{ built_days() }} as near
    inner join {{ built_days() }} as due on near.settlement_date between due.reaches_from and due.reaches_to
    where due.is_due
{%- endmacro %}


{# On BigQuery counting the rows of each day would read all history at every build. There the days are found on which
   more rows begin than before (incremental.sql), and then, of the rows that begin on those, how far they reach; the
   rest is remembered. All that a day with news is reached by is due: the same days as above. `ranges` are those days
   as pairs of first and last. #}
{% macro reach_of_news(node, ranges) -%}
    {%- set from_utc, to_utc = node.config.meta.day_of, node.config.meta.day_until -%}
    create or replace table {{ built_days(node) }} as
    with news as (
        {%- for model_id in node.depends_on.nodes if '.stg_' in model_id %}
        select {{ from_utc }} as from_utc, {{ to_utc }} as to_utc
        from {{ relation_of(model_id) }}
        where {{ is_a_span(from_utc, to_utc) }} and (
            {%- for days in ranges %}
            ({{ from_utc }} >= {{ settlement_day_start("date '" ~ days[0] ~ "'") }}
            and {{ from_utc }} < {{ settlement_day_start("date '" ~ days[1] ~ "' + 1") }}){{ ' or' if not loop.last }}
            {%- endfor %}
        )
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ),
    spans as (
        select distinct {{ settlement_date('from_utc') }} as first_day,
            {{ settlement_date('to_utc - interval 1 microsecond') }} as last_day
        from news
    ),
    touched as (
        select day as settlement_date, min(first_day) as first_day, max(last_day) as last_day
        from spans cross join unnest(generate_date_array(first_day, last_day)) as day
        group by day
    ),
    reached as (
        select
            settlement_date, rows_landed, last_landed_utc, rows_built, last_built_utc,
            coalesce(least(first_day, reaches_from), first_day, reaches_from, settlement_date) as reaches_from,
            coalesce(greatest(last_day, reaches_to), last_day, reaches_to, settlement_date) as reaches_to,
            coalesce(is_due, false) or first_day is not null as has_news
        from {{ built_days(node) }} full join touched using (settlement_date)
    )
    select *, settlement_date in (
        select day
        from reached cross join unnest(generate_date_array(reaches_from, reaches_to)) as day
        where has_news
    ) as is_due
    from reached
{%- endmacro %}
