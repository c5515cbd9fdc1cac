{# Where `whole_days` is said in the catalogue, an answer that lacks rows which are held is landed whole and its rows are
   marked: what was fetched before about the same day (and side) is no longer published. A row that came by IRIS too is
   gone until REST, which lags behind, has it. #}
{% macro is_still_published(side=none) -%}
    coalesce(
        fetched_at_utc >= max(case when is_whole_day then fetched_at_utc end)
        over (partition by settlement_date{{ ', ' ~ side if side }}),
        true
    )
{%- endmacro %}
