-- One row per settlement period: the latest published version.
with

published as (

    select * from {{ ref('stg_bmrs__atl') }}
    union all
    select * from {{ ref('stg_iris__atl') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by start_utc
        order by
            published_at_utc desc,
            document_revision_number desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
