-- One row per BM unit and settlement period: the latest settlement run.
{{ rebuild_by_settlement_day(cluster_by=['bm_unit']) }}

with

published as (

    select * from {{ ref('stg_bmrs__b1610') }}

),

latest as (

    select *
    from published
    where {{ in_due_days() }}
    qualify row_number() over (
        partition by bm_unit, national_grid_bm_unit, settlement_date, settlement_period
        order by
            case settlement_run_type
                when 'II' then 1 when 'SF' then 2
                when 'R1' then 3 when 'R2' then 4 when 'R3' then 5
                when 'RF' then 6 when 'DF' then 7 else 0
            end desc,
            fetched_at_utc desc
    ) = 1

)

select * from latest
