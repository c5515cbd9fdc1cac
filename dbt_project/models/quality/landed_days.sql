-- One row per dataset and settlement date of which either channel landed something: how many rows, and how soon.
with

landed as (

    select * from {{ ref('landed_days_by_day') }}
    union all
    select * from (

        {{ landed_of(counted_by_day(false)) }}

    ) as small

)

select * from landed
