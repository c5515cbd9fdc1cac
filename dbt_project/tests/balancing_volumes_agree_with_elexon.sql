-- Of each settlement day that Elexon has published results for, all but a twentieth of the volume reconciles with them.
-- It is a twentieth because Elexon's results have known holes and later runs; the residuals are in the model.
with

days as (

    select
        settlement_date,
        sum(greatest(abs(elexon_volume_mwh), abs(coalesce(volume_mwh, 0)))) as compared_mwh,
        sum(case
            when is_volume_reconciled then 0
            else greatest(abs(elexon_volume_mwh), abs(coalesce(volume_mwh, 0)))
        end) as unreconciled_mwh
    from {{ ref('fct_acceptance_reconciliation') }}
    where {{ in_tested_days(ref('fct_acceptance_reconciliation')) }} and volume_residual_mwh is not null
    group by settlement_date

)

select *
from days
where unreconciled_mwh > 0.05 * compared_mwh
