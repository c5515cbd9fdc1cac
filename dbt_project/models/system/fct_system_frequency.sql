-- One row per settlement period in which the system frequency was measured.
{{ follow_by_settlement_day() }}

with

samples as (

    -- a sample of 0.0 Hz is a fault of the measurement: counted, and in no other figure
    select *, case when is_plausible then frequency_hz end as good_hz
    from {{ ref('bmrs_freq_unified') }}
    where {{ in_days_at_hand() }}

)

select
    settlement_date,
    settlement_period,
    {{ settlement_day_start('settlement_date') }} + interval ((settlement_period - 1) * 30) minute as start_utc,
    max(case when is_plausible then measured_at_utc end) as last_measured_at_utc,
    min(good_hz) as min_frequency_hz,
    round(avg(good_hz), 6) as mean_frequency_hz,
    max(good_hz) as max_frequency_hz,
    max_by(good_hz, case when is_plausible then measured_at_utc end) as last_frequency_hz,
    count(good_hz) as sample_count,
    count(case when not is_plausible then 1 end) as set_aside_count,
    15 * count(case when good_hz < {{ var('frequency_low_hz') }} then 1 end) as seconds_below_limit,
    15 * count(case when good_hz > {{ var('frequency_high_hz') }} then 1 end) as seconds_above_limit
from samples
group by settlement_date, settlement_period
