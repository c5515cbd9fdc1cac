-- One row per bid-offer pair of a BM unit and piece of a settlement period: the latest heard, REST before IRIS.
{{ rebuild_by_settlement_day(cluster_by=['national_grid_bm_unit']) }}

with

published as (

    select * from {{ ref('stg_bmrs__bod') }}
    union all
    select * from {{ ref('stg_iris__bod') }}

),

latest as (

    select *
    from published
    where {{ in_due_days() }}
    qualify row_number() over (
        partition by national_grid_bm_unit, settlement_date, settlement_period, from_utc, pair_id
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
