-- Of each settlement day that Elexon has published results for, all but a twentieth of the cash reconciles with them.
with

days as (

    select
        settlement_date,
        sum(greatest(abs(elexon_cashflow_gbp), abs(coalesce(cashflow_gbp, 0)))) as compared_gbp,
        sum(case
            when is_cashflow_reconciled then 0
            else greatest(abs(elexon_cashflow_gbp), abs(coalesce(cashflow_gbp, 0)))
        end) as unreconciled_gbp
    from {{ ref('fct_acceptance_reconciliation') }}
    where {{ in_tested_days(ref('fct_acceptance_reconciliation')) }} and cashflow_residual_gbp is not null
    group by settlement_date

)

select *
from days
where unreconciled_gbp > 0.05 * compared_gbp
