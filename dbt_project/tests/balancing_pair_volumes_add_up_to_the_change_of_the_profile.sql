-- Conservation: what an acceptance has in all pairs and beyond them is the area between the profiles before and after it.
with

changes as (

    select
        national_grid_bm_unit,
        acceptance_number,
        settlement_date,
        settlement_period,
        sum(
            (to_second - from_second) / 3600
            * (after_from_mw + after_to_mw - before_from_mw - before_to_mw) / 2
        ) as change_mwh
    from {{ ref('int_acceptance_segments') }}
    where {{ in_tested_days(ref('bmrs_boalf_complete')) }}
    group by national_grid_bm_unit, acceptance_number, settlement_date, settlement_period

),

pairs as (

    select
        national_grid_bm_unit,
        acceptance_number,
        settlement_date,
        settlement_period,
        sum(offer_volume_mwh + bid_volume_mwh) as pairs_mwh
    from {{ ref('fct_acceptance_volumes') }}
    where {{ in_tested_days(ref('bmrs_boalf_complete')) }}
    group by national_grid_bm_unit, acceptance_number, settlement_date, settlement_period

)

select *
from (
    select * from {{ ref('bmrs_boalf_complete') }} where {{ in_tested_days(ref('bmrs_boalf_complete')) }}
) as complete
inner join changes using (national_grid_bm_unit, acceptance_number, settlement_date, settlement_period)
left join pairs using (national_grid_bm_unit, acceptance_number, settlement_date, settlement_period)
where
    validation_flag not in ('NO_BOD', 'NO_PN')
    and (
        abs(coalesce(pairs_mwh, 0) + unpriced_volume_mwh - change_mwh) > 0.000001
        or abs(coalesce(pairs_mwh, 0) - net_volume_mwh) > 0.000001
    )
