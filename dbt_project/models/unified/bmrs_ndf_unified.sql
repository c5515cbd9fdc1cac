-- One row per settlement period and boundary: the latest forecast.
with

published as (

    select * from {{ ref('stg_bmrs__ndf') }}
    union all
    select * from {{ ref('stg_iris__ndf') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by start_utc, boundary
        order by
            published_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
