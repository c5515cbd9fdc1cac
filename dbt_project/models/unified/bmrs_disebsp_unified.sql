-- One row per vintage of a settlement period's system price: every calculation that was published.
with

published as (

    select * from {{ ref('stg_bmrs__disebsp') }}
    union all
    select * from {{ ref('stg_iris__disebsp') }}
    where {{ is_about_something('disebsp') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by settlement_date, settlement_period, created_at_utc
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
