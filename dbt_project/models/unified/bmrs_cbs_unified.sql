-- One row per stretch of time and direction of the balancing state: the latest published version.
with

published as (

    select * from {{ ref('stg_bmrs__cbs') }}
    union all
    select * from {{ ref('stg_iris__cbs') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by from_utc, to_utc, flow_direction
        order by
            published_at_utc desc,
            document_revision_number desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
