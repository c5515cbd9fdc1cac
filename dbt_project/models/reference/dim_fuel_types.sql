-- One row per fuel type of FUELINST and FUELHH.
select
    fuel_type,
    fuel_name,
    category,
    is_interconnector,
    is_renewable
from {{ ref('fuel_types') }}
