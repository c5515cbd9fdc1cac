-- One row per sample of the system frequency, every 15 seconds: the latest one heard, faulty ones kept and flagged.
{{ rebuild_by_settlement_day(of='measured_at_utc', big=false) }}

with

published as (

    select * from {{ ref('stg_bmrs__freq') }}
    union all
    select * from {{ ref('stg_iris__freq') }}

),

latest as (

    select
        measured_at_utc,
        {{ settlement_date('measured_at_utc') }} as settlement_date,
        {{ settlement_period('measured_at_utc') }} as settlement_period,
        frequency_hz,
        -- a literal 0.0 is a fault of the measurement: the grid cannot run outside these
        frequency_hz between 45 and 55 as is_plausible,
        source,
        fetched_at_utc,
        load_id
    from published
    where {{ in_due_days(of='measured_at_utc') }}
    qualify row_number() over (
        partition by measured_at_utc
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
