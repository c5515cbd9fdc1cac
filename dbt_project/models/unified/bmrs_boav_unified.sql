-- One row per acceptance of a BM unit, settlement period and side: the latest calculation.
{{ rebuild_by_settlement_day(cluster_by=['national_grid_bm_unit']) }}

with

published as (

    select * from {{ ref('stg_bmrs__boav') }}
    union all
    select * replace ({{ stated_side('boav') }} as bid_offer)
    from {{ ref('stg_iris__boav') }}
    where {{ is_about_something('boav') }}

),

standing as (

    select *
    from published
    where {{ in_due_days() }}
    qualify {{ is_still_published('bid_offer') }}

),

latest as (

    select *
    from standing
    qualify row_number() over (
        partition by settlement_date, settlement_period, bid_offer, bm_unit, national_grid_bm_unit, acceptance_number
        order by
            created_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select {{ all_but('is_whole_day') }} from latest
