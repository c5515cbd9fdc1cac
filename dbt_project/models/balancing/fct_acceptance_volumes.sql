-- One row per acceptance of a BM unit, settlement period and bid-offer pair in which it has volume.
{{ price_by_settlement_day() }}

with

segments as (

    select
        *,
        greatest(
            before_from_mw - fpn_from_mw, before_to_mw - fpn_to_mw,
            after_from_mw - fpn_from_mw, after_to_mw - fpn_to_mw
        ) as highest_mw,
        least(
            before_from_mw - fpn_from_mw, before_to_mw - fpn_to_mw,
            after_from_mw - fpn_from_mw, after_to_mw - fpn_to_mw
        ) as lowest_mw
    from {{ ref('int_acceptance_segments') }}
    where {{ in_days_at_hand() }}

),

-- An acceptance is priced for the whole of its part of a settlement period, or not at all.
unpriceable as (

    select distinct national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc
    from segments
    where fpn_from_mw is null or ceiling_from_mw is null

),

-- The band of each pair that either profile enters, at the ends of the segment.
bands as (

    select
        segments.*,
        bands.pair_id,
        bands.offer_price_gbp_per_mwh as offer_price,
        bands.bid_price_gbp_per_mwh as bid_price,
        {%- for edge in ['floor', 'ceiling'] %}
        segments.fpn_from_mw + {{ on_line('bands', edge, 'segments.from_second') }} as band_{{ edge }}_from_mw,
        segments.fpn_to_mw + {{ on_line('bands', edge, 'segments.to_second') }} as band_{{ edge }}_to_mw,
        {%- endfor %}
    from segments
    inner join {{ ref('int_bid_offer_bands') }} as bands
        on segments.national_grid_bm_unit = bands.national_grid_bm_unit and segments.start_utc = bands.start_utc
        and segments.from_second >= bands.from_second and segments.to_second <= bands.to_second
        and segments.highest_mw > least(bands.floor_from_mw, bands.floor_to_mw)
        and segments.lowest_mw < greatest(bands.ceiling_from_mw, bands.ceiling_to_mw)
    where {{ in_days_at_hand('bands.settlement_date') }}

),

-- Its area between the profiles before and after. They do not cross within a segment, so all of it has one sign.
volumes as (

    select
        *,
        (to_second - from_second) / 3600 * (
            {{ mean_within('after', 'band_floor', 'band_ceiling') }}
            - {{ mean_within('before', 'band_floor', 'band_ceiling') }}
        ) as volume_mwh
    from bands

),

-- A pair has one price in a settlement period; were there several, they would count by their volume. Rounding takes
-- away what floating point adds and what could differ between a full build and an incremental one.
by_pair as (

    select
        national_grid_bm_unit, max(bm_unit) as bm_unit, acceptance_number, accepted_at_utc, start_utc, pair_id,
        max(settlement_date) as settlement_date,
        max(settlement_period) as settlement_period,
        round(sum(greatest(volume_mwh, 0)), 9) as offer_volume_mwh,
        round(sum(least(volume_mwh, 0)), 9) as bid_volume_mwh,
        round(sum(greatest(volume_mwh, 0) * offer_price + least(volume_mwh, 0) * bid_price), 6) as cashflow_gbp,
        case
            when min(offer_price) = max(offer_price) then min(offer_price)
            else sum(greatest(volume_mwh, 0) * offer_price) / nullif(sum(greatest(volume_mwh, 0)), 0)
        end as offer_price_gbp_per_mwh,
        case
            when min(bid_price) = max(bid_price) then min(bid_price)
            else sum(least(volume_mwh, 0) * bid_price) / nullif(sum(least(volume_mwh, 0)), 0)
        end as bid_price_gbp_per_mwh,
        max(is_so_flagged) as is_so_flagged
    from volumes
    left join unpriceable using (national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc)
    where unpriceable.start_utc is null
    group by national_grid_bm_unit, acceptance_number, accepted_at_utc, start_utc, pair_id

)

select
    bm_unit,
    national_grid_bm_unit,
    acceptance_number,
    accepted_at_utc,
    settlement_date,
    settlement_period,
    start_utc,
    pair_id,
    offer_volume_mwh,
    bid_volume_mwh,
    offer_price_gbp_per_mwh,
    bid_price_gbp_per_mwh,
    cashflow_gbp,
    is_so_flagged
from by_pair
where offer_volume_mwh > 0 or bid_volume_mwh < 0
