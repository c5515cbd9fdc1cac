-- Positive pairs stack upward and negative ones downward, so a level of the other sign could not be priced.
{{ config(severity='warn') }}

select *
from {{ ref('bmrs_bod_unified') }}
where
    {{ in_tested_days(ref('bmrs_bod_unified')) }}
    and (pair_id = 0 or pair_id * level_from_mw < 0 or pair_id * level_to_mw < 0)
