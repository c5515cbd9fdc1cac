-- One row per settlement period: the latest published version.
with

published as (

    select * from {{ ref('stg_bmrs__demand_outturn') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by start_utc
        order by
            published_at_utc desc,
            fetched_at_utc desc
    ) = 1

)

select * from latest
