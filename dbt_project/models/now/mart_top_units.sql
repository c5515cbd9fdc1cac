-- One row per BM unit among the ten with the most cash of the newest settlement day, or of the thirty days up to it.
{% set spans = {'day': 0, '30 days': 29} %}

with

newest as (

    select max(settlement_date) as settlement_date
    from {{ ref('fct_bm_unit_revenue') }}
    where {{ in_newest_days(ref('fct_bm_unit_revenue')) }} and cashflow_gbp is not null

),

sums as (

    {% for span, days_before in spans.items() %}
    select
        '{{ span }}' as span,
        newest.settlement_date as settlement_date_to,
        revenue.national_grid_bm_unit,
        max(revenue.bm_unit_name) as bm_unit_name,
        max(revenue.lead_party_name) as lead_party_name,
        max(revenue.fuel_type) as fuel_type,
        cast(count(distinct revenue.settlement_date) as int64) as days_active,
        sum(revenue.offer_volume_mwh) as offer_volume_mwh,
        sum(revenue.bid_volume_mwh) as bid_volume_mwh,
        sum(revenue.cashflow_gbp) as cashflow_gbp
    from {{ ref('fct_bm_unit_revenue') }} as revenue
    inner join newest
        on revenue.settlement_date <= newest.settlement_date
        and revenue.settlement_date >= newest.settlement_date - {{ days_before }}
    where {{ in_newest_days(ref('fct_bm_unit_revenue'), 7 + days_before, 'revenue.settlement_date') }}
    group by newest.settlement_date, revenue.national_grid_bm_unit
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    *,
    cast(row_number() over (partition by span order by cashflow_gbp desc, national_grid_bm_unit) as int64) as cash_rank
from sums
where cashflow_gbp is not null
qualify row_number() over (partition by span order by cashflow_gbp desc, national_grid_bm_unit) <= 10
