-- No acceptance is without price in a settlement period that the unit's notifications and pairs span from end to end.
with

pn as (

    select
        national_grid_bm_unit, settlement_date, settlement_period,
        sum({{ seconds_between('from_utc', 'to_utc') }}) as seconds
    from {{ ref('bmrs_pn_unified') }}
    where {{ in_tested_days(ref('bmrs_boalf_complete')) }}
    group by national_grid_bm_unit, settlement_date, settlement_period

),

bod as (

    select distinct bod.national_grid_bm_unit, bod.settlement_date, bod.settlement_period
    from (
        select * from {{ ref('bmrs_bod_unified') }} where {{ in_tested_days(ref('bmrs_boalf_complete')) }}
    ) as bod
    inner join {{ ref('dim_settlement_periods') }} as periods
        on bod.settlement_date = periods.settlement_date and bod.settlement_period = periods.settlement_period
    where bod.from_utc <= periods.start_utc and bod.to_utc >= periods.end_utc

)

select complete.*
from (
    select * from {{ ref('bmrs_boalf_complete') }} where {{ in_tested_days(ref('bmrs_boalf_complete')) }}
) as complete
left join pn using (national_grid_bm_unit, settlement_date, settlement_period)
left join bod using (national_grid_bm_unit, settlement_date, settlement_period)
where
    (complete.validation_flag = 'NO_PN' and pn.seconds >= 1800)
    or (complete.validation_flag = 'NO_BOD' and bod.settlement_date is not null)
    or (complete.validation_flag not in ('NO_PN', 'NO_BOD') and pn.settlement_date is null)
