-- Export and import limits that take no part in the unified models, since they end before they begin or last for
-- longer than rows are resolved for (the macro longest_span_days). A row here is a limit that is in staging alone.
{{ config(severity='warn') }}

{% for model in ['stg_bmrs__mels', 'stg_iris__mels', 'stg_bmrs__mils', 'stg_iris__mils'] %}
select '{{ model }}' as model, national_grid_bm_unit, from_utc, to_utc, notification_sequence, load_id
from {{ ref(model) }}
where
    {{ of_tested_days('from_utc', ref('bmrs_' ~ model[-4:] ~ '_unified')) }}
    and (not ({{ is_a_span('from_utc', 'to_utc') }}) or from_utc is null or to_utc is null)
{% if not loop.last %}union all{% endif %}
{% endfor %}
