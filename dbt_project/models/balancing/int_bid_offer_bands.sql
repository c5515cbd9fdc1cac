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

-- Nearly always all pairs span the whole period; only where they do not must they be cut at each other's ends.
mixed as (

    select national_grid_bm_unit, start_utc
    from pairs
    group by national_grid_bm_unit, start_utc
    having min(from_second) < max(from_second) or min(to_second) < max(to_second)

),

slices as (

    select *, lead(second) over (partition by national_grid_bm_unit, start_utc order by second) as next_second from (
        select national_grid_bm_unit, start_utc, from_second as second
        from pairs inner join mixed using (national_grid_bm_unit, start_utc)
        union distinct
        select national_grid_bm_unit, start_utc, to_second
        from pairs inner join mixed using (national_grid_bm_unit, start_utc)
    ) as knots

),

pieces as (

    select pairs.*, pairs.from_second as piece_from, pairs.to_second as piece_to
    from pairs
    left join mixed on pairs.national_grid_bm_unit = mixed.national_grid_bm_unit and pairs.start_utc = mixed.start_utc
    where mixed.start_utc is null
    union all
    select pairs.*, slices.second, slices.next_second
    from slices
    inner join pairs
        on slices.national_grid_bm_unit = pairs.national_grid_bm_unit and slices.start_utc = pairs.start_utc
        and slices.second >= pairs.from_second and slices.next_second <= pairs.to_second
    qualify row_number() over (  -- where rows of a pair overlap, the one that was heard last is in force
        partition by pairs.national_grid_bm_unit, pairs.start_utc, pairs.pair_id, {{ microsecond('slices.second') }}
        order by pairs.fetched_at_utc desc, pairs.from_utc desc
    ) = 1

),

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
