-- The system frequency of the last hour that is held, by minute; faults of the measurement are set aside.
select
    {{ minute_of('measured_at_utc') }} as minute_utc,
    round(avg(frequency_hz), 3) as mean_hz,
    min(frequency_hz) as min_hz,
    max(frequency_hz) as max_hz,
    count(*) as sample_count
from {{ ref('bmrs_freq_unified') }}
where
    is_plausible
    and measured_at_utc > (select max(measured_at_utc) from {{ ref('bmrs_freq_unified') }}) - interval 1 hour
group by minute_utc
order by minute_utc
