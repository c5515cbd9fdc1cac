-- One row per settlement day with a system price or a market index: the day's prices and what they were lately.
with

daily as (

    select
        settlement_date,
        {{ day_number('settlement_date') }} as day_number,
        count(system_price_gbp_per_mwh) as priced_periods,
        sum(system_price_gbp_per_mwh) as price_sum,
        avg(system_price_gbp_per_mwh) as mean_price,
        stddev_samp(system_price_gbp_per_mwh) as price_stdev,
        min(system_price_gbp_per_mwh) as lowest_price,
        max(system_price_gbp_per_mwh) as highest_price,
        avg(market_index_price_gbp_per_mwh) as mean_index,
        avg(spread_gbp_per_mwh) as mean_spread,
        max(abs(spread_gbp_per_mwh)) as widest_spread,
        cast(sum(case when revision_count > 0 then 1 else 0 end) as int64) as revised_periods,
        count(case when price_regime = 'below 20' then 1 end) as periods_below_20,
        count(case when price_regime = '20 to 80' then 1 end) as periods_20_to_80,
        count(case when price_regime = '80 to 150' then 1 end) as periods_80_to_150,
        count(case when price_regime = 'above 150' then 1 end) as periods_above_150,
        count(case when system_price_gbp_per_mwh < 0 then 1 end) as negative_periods
    from {{ ref('fct_price_spread') }}
    group by settlement_date

)

select
    settlement_date,
    priced_periods,
    periods_in_day,
    round(mean_price, 9) as mean_price_gbp_per_mwh,
    round(price_stdev, 6) as price_stdev_gbp_per_mwh,
    lowest_price as lowest_price_gbp_per_mwh,
    highest_price as highest_price_gbp_per_mwh,
    round(mean_index, 9) as mean_market_index_gbp_per_mwh,
    round(mean_spread, 9) as mean_spread_gbp_per_mwh,
    widest_spread as widest_spread_gbp_per_mwh,
    round(sum(price_sum) over week / nullif(sum(priced_periods) over week, 0), 9) as mean_price_7_days_gbp_per_mwh,
    round(sum(price_sum) over month / nullif(sum(priced_periods) over month, 0), 9) as mean_price_30_days_gbp_per_mwh,
    min(lowest_price) over month as lowest_price_30_days_gbp_per_mwh,
    max(highest_price) over month as highest_price_30_days_gbp_per_mwh,
    cast(count(nullif(priced_periods, 0)) over month as int64) as days_in_30_days,
    highest_price >= {{ var('high_price_gbp_per_mwh') }} as is_high_price_day,
    periods_below_20,
    periods_20_to_80,
    periods_80_to_150,
    periods_above_150,
    negative_periods,
    revised_periods
from daily
inner join (
    select settlement_date, max(periods_in_day) as periods_in_day
    from {{ ref('dim_settlement_periods') }}
    group by settlement_date
) as calendar using (settlement_date)
window
    week as (order by day_number range between 6 preceding and current row),
    month as (order by day_number range between 29 preceding and current row)
