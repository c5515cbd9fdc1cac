-- One row per dataset that is built by settlement day, and settlement period (or day) of which it holds something.
{{ follow_by_settlement_day() }}

with

held as (

    {{ coverage_of(counted_by_day(true), in_days_at_hand()) }}

)

select * from held
