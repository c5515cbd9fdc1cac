-- One row per REMIT message: its latest revision. All of them are in bmrs_remit_revisions_unified.
with

published as (

    select * from {{ ref('stg_bmrs__remit') }}
    union all
    select * from {{ ref('stg_iris__remit') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by mrid
        order by
            revision_number desc,
            published_at_utc desc,
            created_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select *, {{ remit_state('1') }} as state, {{ remit_state('1') }} = 'CURRENT' as is_current
from latest
