-- One row per settlement period, time of receipt, type and text of a message: repeats left out.
with

published as (

    select * from {{ ref('stg_bmrs__smsg') }}
    union all
    select * from {{ ref('stg_iris__smsg') }}
    where {{ is_about_something('smsg') }}

),

latest as (

    select *
    from published
    qualify row_number() over (
        partition by settlement_date, settlement_period, message_received_utc, message_type_code, message_text
        order by
            source asc,  -- REST is the corrected record: same version, REST wins
            fetched_at_utc desc
    ) = 1

)

select * from latest
