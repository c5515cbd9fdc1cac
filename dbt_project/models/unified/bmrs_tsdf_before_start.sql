-- One row per settlement period: the last forecast published before it began.
{{ rebuild_by_settlement_day(of='start_utc', big=false) }}

with

published as (

    select * from {{ ref('stg_bmrs__tsdf') }}
    union all
    select * from {{ ref('stg_iris__tsdf') }}

),

latest as (

    select
        start_utc,
        {{ settlement_date('start_utc') }} as settlement_date,
        {{ settlement_period('start_utc') }} as settlement_period,
        published_at_utc,
        demand_mw,
        source,
        fetched_at_utc,
        load_id
    from published
    where
        {{ in_due_days(of='start_utc') }}
        and published_at_utc < start_utc
        and boundary = 'N'
    qualify row_number() over (
        partition by start_utc
        order by
            published_at_utc desc,
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
