-- A new interconnector or fuel: add it to seeds/fuel_types.csv.
{{ config(severity='warn') }}

select distinct fuel_type
from {{ ref('bmrs_fuelinst_unified') }}
where
    {{ in_tested_days(ref('bmrs_fuelinst_unified')) }}
    and fuel_type not in (select fuel_type from {{ ref('dim_fuel_types') }})
