-- The last answer against the one before. Build with --exclude this test once it is known to be true.
with

answers as (

    select load_id, count(distinct national_grid_bm_unit) as units
    from {{ ref('stg_bmrs__bmunits') }}
    group by load_id

),

compared as (

    select
        load_id,
        units,
        lag(units) over (order by load_id) as units_before
    from answers
    qualify row_number() over (order by load_id desc) = 1

)

select compared.*
from compared
-- bmrs_bmunits_unified holds this load; the snapshot waits for the tests on it
where units < 0.95 * units_before and load_id in (select load_id from {{ ref('bmrs_bmunits_unified') }})
