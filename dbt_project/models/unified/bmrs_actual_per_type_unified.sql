-- One row per settlement period and kind of plant: the latest heard.
with

published as (

    select * from {{ ref('stg_bmrs__actual_per_type') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by start_utc, psr_type, business_type
        order by
            fetched_at_utc desc
    ) = 1

)

select * from latest
