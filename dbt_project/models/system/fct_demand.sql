-- One row per settlement period with a demand outturn or a forecast of it.
select
    settlement_date,
    settlement_period,
    start_utc,
    indo.demand_mw as national_demand_mw,
    indo.published_at_utc as national_demand_published_at_utc,
    ndf.demand_mw as national_demand_forecast_mw,
    ndf.published_at_utc as national_demand_forecast_published_at_utc,
    ndf.demand_mw - indo.demand_mw as national_demand_forecast_error_mw,
    itsdo.demand_mw as transmission_demand_mw,
    itsdo.published_at_utc as transmission_demand_published_at_utc,
    tsdf.demand_mw as transmission_demand_forecast_mw,
    tsdf.published_at_utc as transmission_demand_forecast_published_at_utc,
    tsdf.demand_mw - itsdo.demand_mw as transmission_demand_forecast_error_mw,
    indo.demand_mw / 2 as national_demand_mwh,
    itsdo.demand_mw / 2 as transmission_demand_mwh
from {{ ref('bmrs_indo_unified') }} as indo
full join {{ ref('bmrs_itsdo_unified') }} as itsdo using (settlement_date, settlement_period, start_utc)
full join {{ ref('bmrs_ndf_before_start') }} as ndf using (settlement_date, settlement_period, start_utc)
full join {{ ref('bmrs_tsdf_before_start') }} as tsdf using (settlement_date, settlement_period, start_utc)
