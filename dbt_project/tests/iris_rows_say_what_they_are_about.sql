-- Rows of the settlement-derived sets that came by IRIS and are not in the unified models: they lack a part of their
-- key or do not say whether they are bids or offers (macros/derived_sets.sql).
{{ config(severity='warn') }}

{% for dataset in derived_sets() %}
select '{{ dataset | upper }}' as dataset, count(*) as rows_left_out, min(fetched_at_utc) as first_fetched_at_utc
from {{ ref('stg_iris__' ~ dataset) }}
where {{ landed_of_tested_days(ref('bmrs_' ~ dataset ~ '_unified')) }} and not ({{ is_about_something(dataset) }})
having count(*) > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}
