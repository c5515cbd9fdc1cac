{# Where `whole_days` is said in the catalogue, a REST answer that lacks rows which are held is landed whole and its rows are
   marked: what came before about the same day (and side) is no longer published. From then on such a day is what REST
   says: a message from IRIS may be older than its arrival, and bring back what was withdrawn. #}
{% macro is_still_published(side=none) -%}
    {%- set whole_since -%}
        max(case when is_whole_day then fetched_at_utc end) over (partition by settlement_date{{ ', ' ~ side if side }})
    {%- endset -%}
    case when {{ whole_since }} is null then true else source = 'HISTORIC' and fetched_at_utc >= {{ whole_since }} end
{%- endmacro %}

{% macro all_but(column) -%}
    * {{ 'except' if target.type == 'bigquery' else 'exclude' }} ({{ column }})
{%- endmacro %}
