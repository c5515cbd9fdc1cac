-- The generation mix of the newest settlement day that is held: mean power, energy and share by fuel.
select
    settlement_date, fuel_name,
    round(avg(generation_mw)) as mean_mw,
    round(sum(energy_mwh)) as energy_mwh,
    round(100 * sum(greatest(energy_mwh, 0)) / sum(sum(greatest(energy_mwh, 0))) over (), 1) as share_percent,
    max(start_utc) as newest_five_minutes_utc
from {{ ref('fct_generation_mix') }}
where settlement_date = (select max(settlement_date) from {{ ref('fct_generation_mix') }})
group by settlement_date, fuel_name
order by energy_mwh desc
