-- One row per BM unit and moment from which the value applies: the latest heard, REST before IRIS.
with

published as (

    select * from {{ ref('stg_bmrs__mdp') }}
    union all
    select * from {{ ref('stg_iris__mdp') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by national_grid_bm_unit, effective_from_utc
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
