-- One row per document, balancing energy bid, start and direction: the latest published version.
with

published as (

    select * from {{ ref('stg_bmrs__beb') }}
    union all
    select * from {{ ref('stg_iris__beb') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by document_id, bid_id, start_utc, flow_direction
        order by
            published_at_utc desc,
            document_revision_number desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
