-- One row per adjustment action of a settlement period: the latest heard, REST before IRIS.
with

published as (

    select * from {{ ref('stg_bmrs__disbsad') }}
    union all
    select * from {{ ref('stg_iris__disbsad') }}

),

standing as (

    select *
    from published
    qualify {{ is_still_published() }}

),

latest as (

    select *
    from standing
    qualify row_number() over (
        partition by settlement_date, settlement_period, id
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select {{ all_but('is_whole_day') }} from latest
