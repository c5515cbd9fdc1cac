-- One row per unit and piece of a settlement period in which it had an acceptance, between two knots of any line:
-- what the unit had notified there, and how far its bid-offer pairs reach.
{{ price_by_settlement_day() }}

with

profiles as (

    select * from {{ ref('int_acceptance_profiles') }}
    where {{ in_days_at_hand() }}

),

accepted as (

    select distinct national_grid_bm_unit, settlement_date, settlement_period, start_utc from profiles

),

notifications as (

    select
        pn.national_grid_bm_unit, pn.from_utc, pn.level_from_mw, pn.level_to_mw, pn.fetched_at_utc,
        accepted.start_utc,
        {{ seconds_between('accepted.start_utc', 'pn.from_utc') }} as from_second,
        {{ seconds_between('accepted.start_utc', 'pn.to_utc') }} as to_second
    from {{ ref('bmrs_pn_unified') }} as pn
    inner join accepted using (national_grid_bm_unit, settlement_date, settlement_period)
    where
        pn.from_utc < pn.to_utc
        and {{ in_days_at_hand('pn.settlement_date') }}

),

{{ pieces_in_force('notifications') }},

stacks as (

    select
        national_grid_bm_unit, start_utc, from_second, to_second,
        min(least(floor_from_mw, 0)) as floor_from_mw,
        min(least(floor_to_mw, 0)) as floor_to_mw,
        max(greatest(ceiling_from_mw, 0)) as ceiling_from_mw,
        max(greatest(ceiling_to_mw, 0)) as ceiling_to_mw
    from {{ ref('int_bid_offer_bands') }}
    where {{ in_days_at_hand() }}
    group by national_grid_bm_unit, start_utc, from_second, to_second

),

slices as (

    select
        national_grid_bm_unit, start_utc, second as from_second,
        lead(second) over (partition by national_grid_bm_unit, start_utc order by second) as to_second
    from (
        select national_grid_bm_unit, start_utc, from_second as second from profiles
        union distinct
        select national_grid_bm_unit, start_utc, to_second from profiles
        union distinct
        select national_grid_bm_unit, start_utc, from_second from notifications where from_second > 0
        union distinct
        select national_grid_bm_unit, start_utc, to_second from notifications where to_second < 1800
        union distinct
        select national_grid_bm_unit, start_utc, from_second from stacks where from_second > 0
        union distinct
        select national_grid_bm_unit, start_utc, to_second from stacks where to_second < 1800
    ) as knots

)

select
    slices.national_grid_bm_unit,
    accepted.settlement_date,
    accepted.settlement_period,
    slices.start_utc,
    slices.from_second,
    slices.to_second,
    {{ on_line('pn', 'level', 'slices.from_second') }} as fpn_from_mw,
    {{ on_line('pn', 'level', 'slices.to_second') }} as fpn_to_mw,
    {{ on_line('pn', 'level', 'slices.from_second') }} + {{ on_line('stacks', 'floor', 'slices.from_second') }} as floor_from_mw,
    {{ on_line('pn', 'level', 'slices.to_second') }} + {{ on_line('stacks', 'floor', 'slices.to_second') }} as floor_to_mw,
    {{ on_line('pn', 'level', 'slices.from_second') }} + {{ on_line('stacks', 'ceiling', 'slices.from_second') }} as ceiling_from_mw,
    {{ on_line('pn', 'level', 'slices.to_second') }} + {{ on_line('stacks', 'ceiling', 'slices.to_second') }} as ceiling_to_mw
from slices
inner join accepted
    on slices.national_grid_bm_unit = accepted.national_grid_bm_unit and slices.start_utc = accepted.start_utc
left join pieces as pn
    on slices.national_grid_bm_unit = pn.national_grid_bm_unit and slices.start_utc = pn.start_utc
    and slices.from_second >= pn.piece_from and slices.to_second <= pn.piece_to
left join stacks
    on slices.national_grid_bm_unit = stacks.national_grid_bm_unit and slices.start_utc = stacks.start_utc
    and slices.from_second >= stacks.from_second and slices.to_second <= stacks.to_second
where slices.to_second is not null
