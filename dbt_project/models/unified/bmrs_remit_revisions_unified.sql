-- One row per publication of a revision of a REMIT message: the whole history, repeats left out.
with

published as (

    select * from {{ ref('stg_bmrs__remit') }}
    union all
    select * from {{ ref('stg_iris__remit') }}

),

revisions as (

    select *
    from published
    qualify row_number() over (
        partition by mrid, revision_number, published_at_utc, created_at_utc
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

),

ranked as (

    select
        *, row_number() over (
            partition by mrid
            order by revision_number desc, published_at_utc desc, created_at_utc desc
        ) as newest_first
    from revisions

)

select *, {{ remit_state('newest_first') }} as state, {{ remit_state('newest_first') }} = 'CURRENT' as is_current
from ranked
