-- One row per settlement period: the latest heard, REST before IRIS.
with

published as (

    select * from {{ ref('stg_bmrs__netbsad') }}
    union all
    select * from {{ ref('stg_iris__netbsad') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by settlement_date, settlement_period
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
