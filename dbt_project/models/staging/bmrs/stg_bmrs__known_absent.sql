-- One row per settlement period (or day) and time that it was asked for and Elexon did not have it; every time kept.
with

source as (

    select * from {{ source('raw_bmrs', '_known_absent') }}

),

renamed as (

    select

        ---------- keys
        dataset,
        settlement_date,
        settlement_period,
        asked_at_utc,

        ---------- answer
        answer,
        readings_held,
        readings_expected,
        ask_again_at_utc,

        ---------- lineage
        _load_id as load_id

    from source

)

select * from renamed
