-- One row per bid-offer pair and piece of a settlement period in which a unit had an acceptance: the pair's band.
{{ price_by_settlement_day() }}

with

accepted as (

    select distinct national_grid_bm_unit, settlement_date, settlement_period, start_utc
    from {{ ref('int_acceptance_profiles') }}
    where {{ in_days_at_hand() }}

),

pairs as (

    select
        bod.*,
        accepted.start_utc,
        {{ seconds_between('accepted.start_utc', 'bod.from_utc') }} as from_second,
        {{ seconds_between('accepted.start_utc', 'bod.to_utc') }} as to_second
    from {{ ref('bmrs_bod_unified') }} as bod
    inner join accepted using (national_grid_bm_unit, settlement_date, settlement_period)
    where
        bod.from_utc < bod.to_utc
        and {{ in_days_at_hand('bod.settlement_date') }}

),

{{ pieces_in_force('pairs', per='pair_id') }},

widths as (

    select
        *,
        {{ on_line('pieces', 'level', 'piece_from') }} as width_from_mw,
        {{ on_line('pieces', 'level', 'piece_to') }} as width_to_mw
    from pieces

)

select
    national_grid_bm_unit,
    settlement_date,
    settlement_period,
    start_utc,
    piece_from as from_second,
    piece_to as to_second,
    pair_id,
    sum(width_from_mw) over stack - greatest(width_from_mw, 0) as floor_from_mw,
    sum(width_to_mw) over stack - greatest(width_to_mw, 0) as floor_to_mw,
    sum(width_from_mw) over stack - least(width_from_mw, 0) as ceiling_from_mw,
    sum(width_to_mw) over stack - least(width_to_mw, 0) as ceiling_to_mw,
    offer_price_gbp_per_mwh,
    bid_price_gbp_per_mwh
from widths
window stack as (  -- outward from the notification, which is zero here
    partition by national_grid_bm_unit, start_utc, {{ microsecond('piece_from') }}, pair_id > 0
    order by abs(pair_id) rows unbounded preceding
)
