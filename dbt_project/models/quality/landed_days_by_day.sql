-- One row per dataset that is built by settlement day, and settlement date of which either channel landed something.
{{ follow_by_settlement_day() }}
{% for entry in counted_by_day(true) %}
-- depends_on: {{ ref('bmrs_' ~ entry.dataset.lower() ~ '_unified') }}, which knows the days with news
{%- endfor %}

select * from (

    {{ landed_of(counted_by_day(true), at_hand=true) }}

) as landed
