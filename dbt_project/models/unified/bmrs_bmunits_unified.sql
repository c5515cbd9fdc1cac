-- One row per BM unit in the register's latest answer.
with

answers as (

    select * from {{ ref('stg_bmrs__bmunits') }}

),

latest as (

    -- the register is landed whole, so a unit that the last load lacks is no longer in it
    select *
    from answers
    where load_id = (select max(load_id) from answers)

),

eics as (

    select national_grid_bm_unit, string_agg(eic, ', ' order by eic) as eics
    from latest
    group by national_grid_bm_unit

),

units as (

    -- a unit with two energy identification codes comes twice, otherwise alike
    select *
    from latest
    qualify row_number() over (
        partition by national_grid_bm_unit
        order by bm_unit is null, bm_unit, eic is null, eic
    ) = 1

)

select units.* replace (eics.eics as eic)
from units
inner join eics on units.national_grid_bm_unit = eics.national_grid_bm_unit
