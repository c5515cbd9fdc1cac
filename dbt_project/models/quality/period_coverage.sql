-- One row per dataset and settlement period (or settlement day) of which the lake holds something.
with

held as (

    select * from {{ ref('period_coverage_by_day') }}
    union all
    {{ coverage_of(counted_by_day(false), 'settlement_date is not null') }}

)

select * from held
