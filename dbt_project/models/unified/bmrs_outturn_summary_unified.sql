-- One row per averaged period and fuel type: the latest heard.
with

published as (

    select * from {{ ref('stg_bmrs__outturn_summary') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by start_utc, fuel_type
        order by
            fetched_at_utc desc
    ) = 1

)

select * from latest
