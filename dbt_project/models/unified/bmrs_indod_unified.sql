-- One row per settlement day: the latest published version.
with

published as (

    select * from {{ ref('stg_bmrs__indod') }}
    union all
    select * from {{ ref('stg_iris__indod') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by settlement_date
        order by
            published_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
