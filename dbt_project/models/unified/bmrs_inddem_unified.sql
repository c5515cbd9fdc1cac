-- One row per settlement period and boundary: the latest forecast.
{{ rebuild_by_settlement_day(of='start_utc', cluster_by=['boundary']) }}

with

published as (

    select * from {{ ref('stg_bmrs__inddem') }}
    union all
    select * from {{ ref('stg_iris__inddem') }}

),

latest as (

    select
        * replace (
            {{ settlement_date('start_utc') }} as settlement_date,
            {{ settlement_period('start_utc') }} as settlement_period
        )
    from published
    where {{ in_due_days(of='start_utc') }}
    qualify row_number() over (
        partition by start_utc, boundary
        order by
            published_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
