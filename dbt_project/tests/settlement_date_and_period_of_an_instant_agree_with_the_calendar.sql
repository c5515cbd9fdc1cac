-- The macros settlement_date() and settlement_period() against every row of the calendar: at a period's first
-- instant and a second before its last.
with

instants as (

    select settlement_date, settlement_period, start_utc as instant from {{ ref('dim_settlement_periods') }}
    union all
    select settlement_date, settlement_period, end_utc - interval 1 second from {{ ref('dim_settlement_periods') }}

)

select *
from instants
where
    settlement_date != {{ settlement_date('instant') }}
    or settlement_period != {{ settlement_period('instant') }}
