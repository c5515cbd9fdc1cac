-- One row per settlement day with acceptances.
{{ follow_by_settlement_day() }}

with

acceptances as (

    select
        settlement_date, national_grid_bm_unit,
        national_grid_bm_unit || ' ' || cast(acceptance_number as string) || ' ' || cast(accepted_at_utc as string)
            as acceptance,
        is_so_flagged, offer_volume_mwh, bid_volume_mwh, cashflow_gbp
    from {{ ref('bmrs_boalf_complete') }}
    where {{ in_days_at_hand() }}

),

units as (

    select settlement_date, greatest(sum(cashflow_gbp), 0) as earned_gbp
    from acceptances
    group by settlement_date, national_grid_bm_unit

),

earned as (

    select
        settlement_date, sum(earned_gbp) as earned_gbp,
        sum(case when place <= 10 then earned_gbp end) as earned_by_top_10_gbp
    from (
        select *, row_number() over (partition by settlement_date order by coalesce(earned_gbp, 0) desc) as place from units
    ) as ranked
    group by settlement_date

),

daily as (

    select
        settlement_date,
        count(distinct acceptance) as acceptance_count,
        count(distinct case when is_so_flagged then acceptance end) as so_flagged_acceptance_count,
        count(distinct national_grid_bm_unit) as units_active,
        round(sum(offer_volume_mwh), 9) as offer_volume_mwh,
        round(sum(bid_volume_mwh), 9) as bid_volume_mwh,
        round(sum(cashflow_gbp), 6) as cashflow_gbp,
        round(sum(case when is_so_flagged then offer_volume_mwh end), 9) as so_flagged_offer_volume_mwh,
        round(sum(case when is_so_flagged then bid_volume_mwh end), 9) as so_flagged_bid_volume_mwh,
        round(sum(case when is_so_flagged then cashflow_gbp end), 6) as so_flagged_cashflow_gbp
    from acceptances
    group by settlement_date

)

select
    daily.settlement_date,
    daily.acceptance_count,
    round(daily.acceptance_count * 2 / calendar.periods_in_day, 6) as acceptances_per_hour,
    daily.so_flagged_acceptance_count,
    round(daily.so_flagged_acceptance_count / daily.acceptance_count, 6) as so_flag_rate,
    daily.units_active,
    daily.offer_volume_mwh,
    daily.bid_volume_mwh,
    daily.cashflow_gbp,
    daily.so_flagged_offer_volume_mwh,
    daily.so_flagged_bid_volume_mwh,
    daily.so_flagged_cashflow_gbp,
    round(earned.earned_by_top_10_gbp / nullif(earned.earned_gbp, 0), 6) as top_10_units_share
from daily
inner join earned on daily.settlement_date = earned.settlement_date
inner join {{ ref('dim_settlement_periods') }} as calendar
    on daily.settlement_date = calendar.settlement_date and calendar.settlement_period = 1
