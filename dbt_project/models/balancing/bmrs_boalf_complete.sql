-- One row per acceptance of a BM unit and settlement period that its profile reaches into: what it was worth there.
{{ price_by_settlement_day() }}

with

profiles as (

    select
        national_grid_bm_unit, max(bm_unit) as bm_unit, acceptance_number, accepted_at_utc, start_utc,
        max(settlement_date) as settlement_date, max(settlement_period) as settlement_period,
        min(from_utc) as from_utc, max(to_utc) as to_utc,
        min_by(level_from_mw, from_utc) as level_from_mw, max_by(level_to_mw, to_utc) as level_to_mw,
        max(is_so_flagged) as is_so_flagged,
        max(is_stor_flagged) as is_stor_flagged,
        max(is_rr_flagged) as is_rr_flagged,
        max(is_deemed) as is_deemed,
        max(amendment_flag) as amendment_flag
    from {{ ref('int_acceptance_profiles') }}
    where {{ in_days_at_hand() }}
    group by national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc

),

-- Volume above and below the outermost pairs, which has no price.
beyond as (

    select
        *, (to_second - from_second) / 3600 * (
            {{ mean_above('after', 'ceiling') }} - {{ mean_above('before', 'ceiling') }}
            - {{ mean_above('floor', 'after') }} + {{ mean_above('floor', 'before') }}
        ) as volume_mwh
    from {{ ref('int_acceptance_segments') }}
    where {{ in_days_at_hand() }}

),

unpriced as (

    select
        national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc,
        min(case when fpn_from_mw is null then 0 else 1 end) = 1 as has_pn,
        min(case when ceiling_from_mw is null then 0 else 1 end) = 1 as has_bod,
        round(sum(volume_mwh), 9) as volume_mwh,
        round(sum(abs(volume_mwh)), 9) > 0 as has_volume
    from beyond
    group by national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc

),

priced as (

    select
        national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc,
        round(sum(offer_volume_mwh), 9) as offer_volume_mwh, round(sum(bid_volume_mwh), 9) as bid_volume_mwh,
        round(sum(cashflow_gbp), 6) as cashflow_gbp,
        round(sum(
            coalesce(offer_volume_mwh * offer_price_gbp_per_mwh, 0) - coalesce(bid_volume_mwh * bid_price_gbp_per_mwh, 0)
        ) / sum(offer_volume_mwh - bid_volume_mwh), 9) as acceptance_price_gbp_per_mwh
    from {{ ref('fct_acceptance_volumes') }}
    where {{ in_days_at_hand() }}
    group by national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc

),

complete as (

    select
        profiles.*,
        -- what cannot be priced is unknown, not zero
        case when has_pn and has_bod then coalesce(offer_volume_mwh, 0) end as offer_volume_mwh,
        case when has_pn and has_bod then coalesce(bid_volume_mwh, 0) end as bid_volume_mwh,
        case when has_pn and has_bod then unpriced.volume_mwh end as unpriced_volume_mwh,
        acceptance_price_gbp_per_mwh,
        case when has_pn and has_bod then coalesce(cashflow_gbp, 0) end as cashflow_gbp,
        case
            when not has_pn then 'NO_PN'
            when not has_bod then 'NO_BOD'
            when unpriced.has_volume then 'PARTLY_PRICED'
            when priced.start_utc is null then 'NO_VOLUME'
            else 'PRICED'
        end as validation_flag
    from profiles
    inner join unpriced using (national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc)
    left join priced using (national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc)

)

select
    bm_unit, national_grid_bm_unit, acceptance_number, accepted_at_utc,
    settlement_date, settlement_period, start_utc,
    from_utc, to_utc, level_from_mw, level_to_mw, case
        when offer_volume_mwh > 0 and bid_volume_mwh < 0 then 'BOTH'
        when offer_volume_mwh > 0 then 'OFFER'
        when bid_volume_mwh < 0 then 'BID'
        when offer_volume_mwh = 0 then 'NONE'
    end as acceptance_type,
    offer_volume_mwh, bid_volume_mwh, round(offer_volume_mwh + bid_volume_mwh, 9) as net_volume_mwh, unpriced_volume_mwh,
    acceptance_price_gbp_per_mwh, cashflow_gbp,
    is_so_flagged, is_stor_flagged, is_rr_flagged, is_deemed, amendment_flag, validation_flag
from complete
