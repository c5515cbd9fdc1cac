-- Fewer units than can be: an answer that was cut off must not close the history of the units it lacks.
select count(*) as units
from {{ ref('bmrs_bmunits_unified') }}
having count(*) between 1 and {{ var('bm_units_floor') }} - 1
