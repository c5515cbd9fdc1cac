-- One row per settlement period and fuel type: the latest published version.
with

published as (

    select * from {{ ref('stg_bmrs__fuelhh') }}
    union all
    select * from {{ ref('stg_iris__fuelhh') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by start_utc, fuel_type
        order by
            published_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
