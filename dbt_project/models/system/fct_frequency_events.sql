-- One row per run of samples of the system frequency beyond its operational limits.
with

beyond as (

    select
        measured_at_utc, frequency_hz,
        case when frequency_hz < {{ var('frequency_low_hz') }} then 'LOW' else 'HIGH' end as side
    from {{ ref('bmrs_freq_unified') }}
    where is_plausible and not frequency_hz between {{ var('frequency_low_hz') }} and {{ var('frequency_high_hz') }}

),

begun as (

    -- samples come every 15 seconds; a lost or a good one ends an event
    select
        *, coalesce(
            {{ seconds_between('lag(measured_at_utc) over (partition by side order by measured_at_utc)', 'measured_at_utc') }}
            > 15, true
        ) as is_first
    from beyond

),

numbered as (

    select
        *, sum(case when is_first then 1 else 0 end) over (
            partition by side order by measured_at_utc rows unbounded preceding
        ) as event
    from begun

)

select
    side,
    min(measured_at_utc) as start_utc,
    max(measured_at_utc) + interval 15 second as end_utc,
    {{ settlement_date('min(measured_at_utc)') }} as settlement_date,
    {{ settlement_period('min(measured_at_utc)') }} as settlement_period,
    cast(15 * count(*) as int64) as duration_seconds,
    max_by(frequency_hz, abs(frequency_hz - 50)) as extreme_frequency_hz,
    round(max(abs(frequency_hz - 50)), 6) as depth_hz,
    count(*) as sample_count
from numbered
group by side, event
