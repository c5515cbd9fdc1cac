-- How many settlement periods of each day the five-minute generation has from each channel, and how many readings.
select
    inst.settlement_date, inst.source,
    count(distinct inst.settlement_period) as periods_held,
    max(calendar.periods_in_day) as periods_in_day,
    count(distinct inst.start_utc) as five_minutes_held,
    max(calendar.periods_in_day) * 6 as five_minutes_in_day,
    min(inst.settlement_period) as first_period,
    max(inst.settlement_period) as last_period
from {{ ref('bmrs_fuelinst_unified') }} as inst
inner join {{ ref('dim_settlement_periods') }} as calendar
    on inst.settlement_date = calendar.settlement_date and inst.settlement_period = calendar.settlement_period
group by inst.settlement_date, inst.source
order by inst.settlement_date desc, inst.source
