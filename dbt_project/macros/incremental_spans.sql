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


{# For find_due_days: CTEs from `landed` to `landed_days`. #}
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

{% macro days_in_reach() -%}
    select near.settlement_date
    from {{ built_days() }} as near
    inner join {{ built_days() }} as due on near.settlement_date between due.reaches_from and due.reaches_to
    where due.is_due
{%- endmacro %}
