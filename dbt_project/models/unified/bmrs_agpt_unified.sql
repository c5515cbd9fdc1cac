-- One row per settlement period and kind of plant: the latest published version.
with

published as (

    select * from {{ ref('stg_bmrs__agpt') }}
    union all
    select * from {{ ref('stg_iris__agpt') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by start_utc, psr_type, business_type
        order by
            published_at_utc desc,
            document_revision_number desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
