-- One row per segment of an acceptance's profile and settlement period that it reaches into.
{{ price_by_settlement_day() }}

with

segments as (

    select *
    from {{ ref('bmrs_boalf_unified') }}
    where
        from_utc < to_utc
        and {{ in_days_at_hand(begun_before=1) }}

),

half_hours as (

    {{ each_half_hour('segments', 'from_utc', 'to_utc') }}

),

-- How long the segment lasts, and what of it lies before the period and after it: in seconds.
cut as (

    select
        half_hours.*,
        periods.settlement_date as date_of_period,
        periods.settlement_period,
        periods.start_utc,
        periods.end_utc,
        {{ seconds_between('half_hours.from_utc', 'half_hours.to_utc') }} as seconds,
        greatest({{ seconds_between('half_hours.from_utc', 'periods.start_utc') }}, 0) as seconds_before,
        greatest({{ seconds_between('periods.end_utc', 'half_hours.to_utc') }}, 0) as seconds_after
    from half_hours
    inner join {{ ref('dim_settlement_periods') }} as periods on half_hours.half_hour_utc = periods.start_utc
    where {{ in_days_at_hand('periods.settlement_date') }}

)

select
    national_grid_bm_unit,
    bm_unit,
    acceptance_number,
    accepted_at_utc,
    date_of_period as settlement_date,
    settlement_period,
    start_utc,
    from_utc as segment_from_utc,
    greatest(from_utc, start_utc) as from_utc,
    least(to_utc, end_utc) as to_utc,
    greatest({{ seconds_between('start_utc', 'from_utc') }}, 0) as from_second,
    least({{ seconds_between('start_utc', 'to_utc') }}, 1800) as to_second,
    {{ value_at('level_from_mw', 'level_to_mw', 'seconds_before / seconds') }} as level_from_mw,
    {{ value_at('level_to_mw', 'level_from_mw', 'seconds_after / seconds') }} as level_to_mw,
    is_so_flagged,
    is_stor_flagged,
    is_rr_flagged,
    is_deemed,
    amendment_flag
from cut
