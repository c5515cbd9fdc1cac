-- One row per offered trade, direction, start and trader unit: the latest published version.
with

published as (

    select * from {{ ref('stg_bmrs__soso') }}
    union all
    select * from {{ ref('stg_iris__soso') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by contract_identification, trade_direction, start_utc, trader_unit
        order by
            published_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
