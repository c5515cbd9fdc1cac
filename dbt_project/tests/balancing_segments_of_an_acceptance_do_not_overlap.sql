-- A profile has one level at a time. Where two segments overlap, the later one counts.
{{ config(severity='warn') }}

with

segments as (

    select
        *,
        lead(from_utc) over (
            partition by national_grid_bm_unit, acceptance_number, accepted_at_utc
            order by from_utc
        ) as next_from_utc
    from {{ ref('bmrs_boalf_unified') }}
    where {{ in_tested_days(ref('bmrs_boalf_unified')) }}

)

select *
from segments
where next_from_utc < to_utc
