-- One row per piece of a BM unit's maximum import limit, as REST resolves overlapping submissions.
-- IRIS is left out: its rows are raw submissions, which overlap and must be resolved before they can join.
{{ rebuild_by_settlement_day(of='from_utc', cluster_by=['national_grid_bm_unit']) }}

with

published as (

    select * from {{ ref('stg_bmrs__mils') }}

),

latest as (

    select * replace (
        {{ settlement_date('from_utc') }} as settlement_date,
        {{ settlement_period('from_utc') }} as settlement_period
    )
    from published
    where {{ in_due_days(of='from_utc') }}
    -- within one answer pieces never start together; a later answer replaces the piece, usually by a new submission
    qualify row_number() over (
        partition by national_grid_bm_unit, from_utc
        order by
            notification_sequence desc,
            notified_at_utc desc,
            fetched_at_utc desc
    ) = 1

)

select * from latest
