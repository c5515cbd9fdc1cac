-- One row per system warning: it has no versions, so only repeats are left out.
with

published as (

    select * from {{ ref('stg_bmrs__syswarn') }}
    union all
    select * from {{ ref('stg_iris__syswarn') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by published_at_utc, warning_type, warning_text
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
