-- One row per settlement period and data provider: the latest heard, REST before IRIS.
with

published as (

    select * from {{ ref('stg_bmrs__mid') }}
    union all
    select * from {{ ref('stg_iris__mid') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by start_utc, data_provider
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
