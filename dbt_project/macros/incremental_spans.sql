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


{# For compare_days: CTEs up to `landed_days`. On BigQuery, where counting all history at every build would be paid for,
   rows are counted again that begin in the last `limits_recounted_days` days; earlier days stay as they were built. #}
{% macro landed_spans(node, known) -%}
    {%- set bounded = known and target.type == 'bigquery' -%}
    {%- set ago = modules.datetime.timedelta(days=var('limits_recounted_days')) -%}
    {%- set counted_from = "date '" ~ (run_started_at - ago).strftime('%Y-%m-%d') ~ "'" -%}
    {%- set settled_before = counted_from ~ ' + ' ~ longest_span_days() -%}
    landed as (
        {%- for model_id in node.depends_on.nodes if '.stg_' in model_id %}
        select
            {{ node.config.meta.day_of }} as moment, {{ node.config.meta.day_until }} as until,
            count(*) as row_count, max(fetched_at_utc) as last_utc
        from {{ relation_of(model_id) }}
        {%- if bounded %}
        where {{ node.config.meta.day_of }} >= {{ settlement_day_start(counted_from) }}
        {%- endif %}
        group by 1, 2
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ),
    {{ days_of_spans() }},
    landed_days as (
        select * from counted_days
        {%- if bounded %}
        where settlement_date >= {{ settled_before }}
        union all
        select settlement_date, reaches_from, reaches_to, rows_built, last_built_utc
        from {{ built_days(node) }}
        where settlement_date < {{ settled_before }}
        {%- endif %}
    )
{%- endmacro %}

{% macro days_of_spans() -%}
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
    counted_days as (
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

{# Constants again: all that can overlap a row which touches these days. Rows that touch none of it change nothing. #}
{% macro bigquery__in_reach_of_due_days(from_utc, to_utc) -%}
    and {{ from_utc }} >= {{ settlement_day_start(first_day() ~ ' - ' ~ (2 * (longest_span_days() | int))) }}
    and {{ from_utc }} < {{ settlement_day_start(last_day() ~ ' + ' ~ (longest_span_days() | int + 1)) }}
{%- endmacro %}

{% macro days_in_reach() -%}
    select near.settlement_date
    from {{ built_days() }} as near
    inner join {{ built_days() }} as due on near.settlement_date between due.reaches_from and due.reaches_to
    where due.is_due
{%- endmacro %}
