-- One row per five minutes.
{{ follow_by_settlement_day() }}

with

supplied as (

    -- pumping and exports have no factor: they are what was generated before, counted where it was
    select
        start_utc, settlement_date, settlement_period, published_at_utc, fuel_type,
        greatest(generation_mw, 0) as supplied_mw, is_whole
    from {{ ref('fct_generation_mix') }}
    where {{ in_days_at_hand() }}
    union all
    select
        start_utc, settlement_date, settlement_period, published_at_utc, fuel_type,
        greatest(flow_mw, 0), true
    from {{ ref('fct_interconnector_flows') }}
    where {{ in_days_at_hand() }}

)

select
    supplied.start_utc,
    max(supplied.settlement_date) as settlement_date,
    max(supplied.settlement_period) as settlement_period,
    max(supplied.published_at_utc) as published_at_utc,
    case
        when
            min(case when supplied.is_whole then 1 else 0 end) = 1
            and count(case when factors.gco2_per_kwh is null and supplied.supplied_mw > 0 then 1 end) = 0
            then round(sum(supplied.supplied_mw * factors.gco2_per_kwh) / nullif(sum(supplied.supplied_mw), 0), 6)
    end as carbon_intensity_gco2_per_kwh,
    cast(sum(supplied.supplied_mw) as {{ float64() }}) as supplied_mw,
    cast(sum(case when starts_with(supplied.fuel_type, 'INT') then supplied.supplied_mw else 0 end) as {{ float64() }})
        as imported_mw,
    round(
        sum(case when factors.is_assumption then supplied.supplied_mw else 0 end) / nullif(sum(supplied.supplied_mw), 0), 9
    ) as share_of_assumed_factors
from supplied
left join {{ ref('carbon_factors') }} as factors on supplied.fuel_type = factors.fuel_type
group by supplied.start_utc
