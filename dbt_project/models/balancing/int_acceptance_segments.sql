-- One row per acceptance and piece of a settlement period in which all lines are straight and the unit's profile
-- before the acceptance and after it do not cross.
{{ price_by_settlement_day() }}

with

-- What each acceptance in turn asks for, in every slice that it covers.
asked as (

    select
        profiles.national_grid_bm_unit,
        profiles.bm_unit,
        profiles.acceptance_number,
        profiles.accepted_at_utc,
        profiles.segment_from_utc,
        profiles.is_so_flagged,
        slices.settlement_date,
        slices.settlement_period,
        slices.start_utc,
        slices.from_second, slices.to_second,
        slices.fpn_from_mw, slices.fpn_to_mw,
        slices.floor_from_mw, slices.floor_to_mw,
        slices.ceiling_from_mw, slices.ceiling_to_mw,
        {{ on_line('profiles', 'level', 'slices.from_second') }} as after_from_mw,
        {{ on_line('profiles', 'level', 'slices.to_second') }} as after_to_mw
    from {{ ref('int_acceptance_profiles') }} as profiles
    inner join {{ ref('int_balancing_slices') }} as slices
        on profiles.national_grid_bm_unit = slices.national_grid_bm_unit
        and profiles.start_utc = slices.start_utc
        and profiles.from_second <= slices.from_second
        and profiles.to_second >= slices.to_second
    where
        {{ in_days_at_hand('profiles.settlement_date') }}
        and {{ in_days_at_hand('slices.settlement_date') }}

),

-- It changes what the last acceptance before it asked for there, or the notification where there is none.
chained as (

    select
        *,
        coalesce(lag(after_from_mw) over earlier, fpn_from_mw) as before_from_mw,
        coalesce(lag(after_to_mw) over earlier, fpn_to_mw) as before_to_mw
    from asked
    window earlier as (
        partition by national_grid_bm_unit, start_utc, {{ microsecond('from_second') }}
        order by accepted_at_utc, acceptance_number, segment_from_utc
    )

),

changed as (

    select *, after_from_mw - before_from_mw as change_from, after_to_mw - before_to_mw as change_to
    from chained

),

-- Below a thousandth of a watt it is rounding that crosses.
crossing as (

    select
        *,
        case
            when change_from * change_to < 0 and least(abs(change_from), abs(change_to)) > 1e-9
                then change_from / (change_from - change_to)
        end as crosses_at
    from changed

),

pieces as (

    select *, 0.0 as begins_at, coalesce(crosses_at, 1) as ends_at from crossing
    union all
    select *, crosses_at, 1.0 from crossing where crosses_at is not null

)

select
    national_grid_bm_unit,
    bm_unit,
    acceptance_number,
    accepted_at_utc,
    segment_from_utc,
    settlement_date,
    settlement_period,
    start_utc,
    {{ value_at('from_second', 'to_second', 'begins_at') }} as from_second,
    {{ value_at('from_second', 'to_second', 'ends_at') }} as to_second,
    {%- for line in ['before', 'after', 'fpn', 'floor', 'ceiling'] %}
    {{ value_at(line ~ '_from_mw', line ~ '_to_mw', 'begins_at') }} as {{ line }}_from_mw,
    {{ value_at(line ~ '_from_mw', line ~ '_to_mw', 'ends_at') }} as {{ line }}_to_mw,
    {%- endfor %}
    is_so_flagged
from pieces
