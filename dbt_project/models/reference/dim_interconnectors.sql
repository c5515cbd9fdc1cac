-- One row per interconnector of Great Britain.
select
    fuel_type,
    interconnector_id,
    interconnector_name,
    country
from {{ ref('interconnectors') }}
