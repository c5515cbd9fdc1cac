-- One row per forecast day and fuel type or interconnector: the latest forecast.
with

published as (

    select * from {{ ref('stg_bmrs__fou2t14d') }}
    union all
    select * from {{ ref('stg_iris__fou2t14d') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by forecast_date, fuel_type, bidding_zone, interconnector_name
        order by
            published_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
